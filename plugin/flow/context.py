"""Context: everything that turns a raw request into the flat attributes of the rule language.

The first step of the decision. It is pure given its two ports, reads no clock, and never raises on what a
visitor
sends: what does not hold is ignored, with a note that says what and why but not the value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from plugin.flow.signals.address import client_address, parse_address
from plugin.flow.signals.consent import derive_consent
from plugin.flow.signals.custom import derive_custom, derive_named
from plugin.flow.signals.device import derive_device
from plugin.flow.signals.geo import derive_body_geo, derive_geo
from plugin.flow.signals.locales import accepted, normal_tag
from plugin.flow.signals.network import derive_network
from plugin.flow.signals.notes import Draft, Note, Reason
from plugin.flow.signals.policy import ContextPolicy, Limits
from plugin.flow.signals.ports import Device, Devices, Geo, Place
from plugin.flow.signals.request import RawRequest, headers_from_environ
from plugin.flow.signals.text import clean, header
from plugin.flow.signals.urls import Parameters
from plugin.flow.signals.values import parse_text
from plugin.flow.signals.visit import derive_visit
from plugin.flow.signals.zones import known_zones
from rules.named_tuples import make

__all__ = [
    "NEVER_STORED",
    "Context",
    "ContextPolicy",
    "Device",
    "Devices",
    "Geo",
    "Limits",
    "Note",
    "Place",
    "RawRequest",
    "Reason",
    "derive",
    "headers_from_environ",
    "parse_text",
]

NEVER_STORED = frozenset({"request.ip"})
"""Attributes that rules may read and nobody may store, log, or show."""

_PREFETCH_HEADERS = frozenset({"sec-purpose", "purpose", "x-purpose", "x-moz"})
_PREFETCH_WORDS = ("prefetch", "prerender", "preview")
_LONGEST_ZONE = 64


class Context(NamedTuple):
    """What is known of a request. Its repr shows no attribute.

    Attributes:
        attributes: flat, JSON-serialisable, null never among them; at least the wanted ones that are known.
        notes: what was ignored and why.
        prefetch: the browser fetched ahead; answer, but count nothing.
        do_not_track: the visitor sent `DNT: 1`; reported, and without effect of its own.
    """

    attributes: dict[str, object]
    notes: tuple[Note, ...] = ()
    prefetch: bool = False
    do_not_track: bool = False

    def __repr__(self) -> str:
        return f"Context(notes={self.notes!r}, prefetch={self.prefetch}, do_not_track={self.do_not_track})"

    def storable(self) -> dict[str, object]:
        """The attributes without NEVER_STORED."""
        return {name: value for name, value in self.attributes.items() if name not in NEVER_STORED}


def derive(request: RawRequest, policy: ContextPolicy, devices: Devices, geo: Geo) -> Context:
    """The attributes of a request.

    `visitor.id`, `consent.*` and `context.timezone` are derived whatever the policy wants: identity, gating
    and the clock need them.

    Args:
        request: as it came.
        policy: what may be read, and what is wanted.
        devices: reads a User-Agent; asked only where a rule reads `device.*`.
        geo: finds an address; asked only for what no proxy said.
    """
    draft, reads, limits, headers = Draft(), policy.reads, policy.limits, request.headers
    given = request.asking
    derive_consent(
        headers,
        request.cookies.get(policy.consent_cookie),
        request.query,
        request.body.get("consent"),
        gpc_purposes=policy.gpc_purposes,
        draft=draft,
    )
    _visitor(request, policy, draft)
    zone = given("timezone")
    if zone is not None:
        _zone(zone, draft)
    places = reads.geo if "context.timezone" in draft.attributes else reads.geo_without_zone
    if reads.address or places or reads.device:
        _surroundings(request, policy, devices, geo, places=places, draft=draft)
    if reads.network:
        derive_network(headers, request.body.get("network"), draft)
    found: Parameters = derive_visit(request, policy, draft) if reads.page else {}
    if reads.locale:
        _locale(given("locale"), request, policy, found, draft)
    if reads.custom is None or reads.custom:
        derive_custom(request, reads.custom, policy.types, limits, draft)
    if reads.headers or reads.cookies:
        derive_named(request, reads, limits, draft)
    prefetch = not _PREFETCH_HEADERS.isdisjoint(headers) and _is_prefetch(headers)
    untracked = "dnt" in headers and header(headers, "dnt") == "1"
    return make(Context, (draft.attributes, tuple(draft.notes), prefetch, untracked))


def _surroundings(
    request: RawRequest,
    policy: ContextPolicy,
    devices: Devices,
    geo: Geo,
    *,
    places: frozenset[str],
    draft: Draft,
) -> None:
    """Address, place and device: the signals that depend on who sent the request."""
    reads, headers, body = policy.reads, request.headers, request.body
    address, trusted = client_address(request.remote_addr, headers, policy.forwarded, policy.networks, draft)
    if request.trusted_body:
        # The peer is a server of the site; its own address and place are not the visitor's.
        said = body.get("ip")
        address = parse_address(said) if isinstance(said, str) else None
        if said is not None and address is None:
            draft.note("request.ip", "malformed")
    else:
        for name in ("ip", "geo"):
            if body.get(name) is not None:
                draft.note(name, "not_trusted")
    if address is not None and reads.address:
        draft.attributes["request.ip"] = address.text
    if places:
        told = request.trusted_body and body.get("geo") is not None and derive_body_geo(body["geo"], draft)
        if not told:
            by_proxy = headers if trusted and not request.trusted_body else None
            derive_geo(by_proxy, policy.cdns, address, geo, wanted=places, draft=draft)
    if reads.device:
        derive_device(
            headers,
            request.given("user_agent"),
            body.get("device"),
            trusted=trusted,
            devices=devices,
            longest=policy.limits.max_header,
            draft=draft,
        )


def _visitor(request: RawRequest, policy: ContextPolicy, draft: Draft) -> None:
    said = request.visitor.get("id")
    if said is None:
        said = request.given("visitor.id")
    if said is None and policy.visitor_cookie is not None:
        said = request.cookies.get(policy.visitor_cookie)
    if said is not None:
        text = clean(said, policy.limits.max_id, "visitor.id", draft)
        if text is not None:
            draft.attributes["visitor.id"] = text


def _zone(said: object, draft: Draft) -> None:
    text = clean(said, _LONGEST_ZONE, "context.timezone", draft)
    if text is None:
        return
    zone = known_zones().get(text.lower())
    if zone is None:
        draft.note("context.timezone", "unknown")
    else:
        draft.attributes["context.timezone"] = zone


def _locale(said: object, request: RawRequest, policy: ContextPolicy, found: Parameters, draft: Draft) -> None:
    """The caller's word, else the visitor's choice on the site, else the browser's."""
    choices: list[object] = [said]
    if policy.locale_query is not None and policy.locale_query in found:
        choices.append(found[policy.locale_query][0])
    if policy.locale_cookie is not None:
        choices.append(request.cookies.get(policy.locale_cookie))
    for choice in choices:
        if choice is None or choice == "":
            continue
        tag = normal_tag(choice) if isinstance(choice, str) else None
        if tag is not None:
            draft.attributes["request.locale"] = tag
            return
        draft.note("request.locale", "malformed" if isinstance(choice, str) else "wrong_type")
    text = header(request.headers, "accept-language")
    if text is None:
        return
    if len(text) > policy.limits.max_header:
        draft.note("accept-language", "too_long")
        return
    best = accepted(text, policy.locale_set)
    if best.malformed:
        draft.note("accept-language", "malformed")
    if best.tag is not None:
        draft.attributes["request.locale"] = best.tag


def _is_prefetch(headers: Mapping[str, Sequence[str]]) -> bool:
    values = [(header(headers, name) or "").lower() for name in _PREFETCH_HEADERS]
    return any(value.startswith(_PREFETCH_WORDS) for value in values)
