"""The invented visitors as HTTP requests: what a browser behind a CDN sends for `/v1/personalize`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from random import Random
from typing import Any
from urllib.parse import urlencode

from plugin.bench.generator import GENERATOR_VERSION

DELIVERY_KEY = "bench-delivery-key"
PATH = "/v1/personalize"
GRAPHQL = "/graphql"
USER_AGENTS = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0"
    " Chrome/122.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1"
    " Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6"
    " Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
    " Edg/131.0.0.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1"
    " Safari/605.1.15",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0"
    " Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
)


def raw_requests(
    people: Sequence[Mapping[str, object]], slots: Sequence[str], host: str, *, named: bool = True
) -> list[bytes]:
    """One request for each visitor, ready to be sent over a kept connection.

    Place comes from a CDN's headers, network quality from client hints, the rest from the body. What only a profile
    would know is not sent.

    Args:
        named: whether the visitor's id is sent, by which a profile is found.
    """
    return [
        _request(f"POST {PATH}", _headers(attributes, agent, host), _body(attributes, slots, named=named))
        for attributes, agent in _with_agents(people)
    ]


def raw_gets(
    people: Sequence[Mapping[str, object]],
    slots: Sequence[str],
    host: str,
    headers: Mapping[str, str] | None = None,
    *,
    page: bool = True,
) -> list[bytes]:
    """The same by GET, of visitors without an id.

    Args:
        headers: beside those that every request has.
        page: whether the address says what the page knows, and not just the slots.
    """
    found = []
    for attributes, agent in _with_agents(people):
        query = {"slots": ",".join(slots), **(_said(attributes, slots) if page else {})}
        found.append(
            _request(f"GET {PATH}?{urlencode(query)}", {**_headers(attributes, agent, host), **(headers or {})}, None)
        )
    return found


def raw_graphql(
    people: Sequence[Mapping[str, object]], slots: Sequence[str], host: str, document: str, *, sends: Sequence[str]
) -> list[bytes]:
    """The same in GraphQL, of visitors without an id.

    Args:
        document: takes the variables `slots` and `context`.
        sends: what is sent of it: "text", "hash", or both, upon which a server knows it by its hash.
    """
    said = _persisted(document) if "hash" in sends else {}
    if "text" in sends:
        said["query"] = document
    return [
        _request(
            f"POST {GRAPHQL}",
            _headers(attributes, agent, host),
            {**said, "variables": _body(attributes, slots, named=False)},
        )
        for attributes, agent in _with_agents(people)
    ]


def raw_graphql_gets(
    people: Sequence[Mapping[str, object]], slots: Sequence[str], host: str, document: str
) -> list[bytes]:
    """The same by GET and by the document's hash; what the page knows stands in the address, as in that of REST."""
    asked = {**_persisted(document), "variables": {"slots": [{"id": slot} for slot in slots]}}
    own = {name: json.dumps(value, separators=(",", ":")) for name, value in asked.items()}
    return [
        _request(
            f"GET {GRAPHQL}?{urlencode({**own, **_said(attributes, slots)})}", _headers(attributes, agent, host), None
        )
        for attributes, agent in _with_agents(people)
    ]


def _persisted(document: str) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256(document.encode()).hexdigest()}}}


def _said(attributes: Mapping[str, object], slots: Sequence[str]) -> dict[str, object]:
    context = _body(attributes, slots, named=False)["context"]
    return {
        **{name: context[name] for name in ("url", "referrer", "locale", "timezone") if name in context},
        **{f"custom.{name}": value for name, value in context["custom"].items() if isinstance(value, str)},
        "consent.personalization": "1",
    }


def _with_agents(people: Sequence[Mapping[str, object]]) -> list[tuple[Mapping[str, object], str]]:
    random = Random(f"{GENERATOR_VERSION} requests")
    return [(attributes, random.choice(USER_AGENTS)) for attributes in people]


def _headers(attributes: Mapping[str, object], agent: str, host: str) -> dict[str, object]:
    return {
        "Host": host,
        "User-Agent": agent,
        "Accept": "application/json",
        "Accept-Language": attributes.get("request.locale"),
        "Accept-Encoding": "gzip, br",
        "X-Tessera-Key": DELIVERY_KEY,
        "X-Forwarded-For": "203.0.113.7",
        "CF-IPCountry": attributes.get("geo.country"),
        "CF-IPCity": attributes.get("geo.city"),
        "CF-Region-Code": attributes.get("geo.region"),
        "CF-Timezone": "Europe/Paris",
        "ECT": attributes.get("network.effective_type"),
        "RTT": attributes.get("network.rtt_ms"),
    }


def _request(first: str, headers: Mapping[str, object], said: Mapping[str, object] | None) -> bytes:
    body = b""
    if said is not None:
        body = json.dumps(said, separators=(",", ":")).encode()
        headers = {**headers, "Content-Type": "application/json", "Content-Length": len(body)}
    lines = [f"{first} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items() if value is not None)]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _body(attributes: Mapping[str, object], slots: Sequence[str], *, named: bool) -> dict[str, Any]:
    path = attributes.get("request.path", "/")
    tags = {
        key: attributes[f"request.utm.{key}"] for key in ("campaign", "source") if f"request.utm.{key}" in attributes
    }
    query = "&".join(f"utm_{key}={value}" for key, value in tags.items())
    referrer = attributes.get("request.referrer_host")
    custom = {name[7:]: value for name, value in attributes.items() if name.startswith("custom.")}
    return {
        "slots": [{"id": slot} for slot in slots],
        **({"visitor": {"id": attributes["visitor.id"]}} if named else {}),
        "context": {
            "url": f"https://shop.example{path}?{query}",
            **({"referrer": f"https://{referrer}/"} if referrer else {}),
            "locale": attributes.get("request.locale", "en"),
            "timezone": "Europe/Paris",
            "consent": {"personalization": True},
            "custom": custom,
        },
    }
