"""What may be read from a request, and how much of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from plugin.flow.signals.address import Network
from plugin.flow.signals.cdn import CDNS
from plugin.flow.signals.locales import normal_tag
from plugin.flow.signals.reads import Reads
from plugin.flow.signals.urls import normal_host
from plugin.flow.signals.zones import known_zones

FORWARDING_HEADERS = ("x-forwarded-for", "forwarded")

# Credentials must not become data, and an address must not be stored under another name.
_UNREADABLE = """
    authorization proxy-authorization cookie set-cookie x-api-key x-forwarded-for forwarded x-real-ip
    true-client-ip cf-connecting-ip cf-connecting-ipv6 cf-pseudo-ipv4 fastly-client-ip fly-client-ip
    x-client-ip x-cluster-client-ip x-vercel-forwarded-for x-vercel-proxied-for x-original-forwarded-for
    cloudfront-viewer-address x-azure-clientip x-envoy-external-address x-appengine-user-ip
"""
UNREADABLE_HEADERS = frozenset(_UNREADABLE.split())


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much of a request is read; counts of items, lengths in characters."""

    max_text: int = 1024
    max_id: int = 128
    max_url: int = 4096
    max_header: int = 2048
    max_parameters: int = 64
    max_custom: int = 64
    max_list: int = 100


@dataclass(frozen=True, kw_only=True)
class ContextPolicy:
    """The site's choices, checked and made ready once per published rule set.

    Attributes:
        trusted_proxies: addresses and CIDR ranges of our own proxies and of the CDN's.
        forwarded: which header they write the visitor's address into; the first that is present is walked.
            Name the one yours writes: a proxy lets the other pass as the visitor sent it.
        cdns: whose geography headers are believed from a trusted proxy; name yours, for the same reason.
        allowed_cookies: names readable as `request.cookie.NAME`.
        allowed_headers: names readable as `request.header.NAME`, in any case.
        locales: of the site, the default first.
        locale_cookie: a cookie with the visitor's choice of language.
        locale_query: a parameter of the page's URL with that choice.
        own_hosts: the site's hosts, those below them included.
        own_url: where the caller names no page, the request is the page (a server that renders pages itself).
        visitor_cookie: a cookie with the visitor's id.
        consent_cookie: `analytics=1,personalization=0`.
        gpc_purposes: what Global Privacy Control refuses: not the counting of visits, which is no sale or
            sharing.
        search_parameters: of the site's own search pages.
        types: of attributes whose text is not a plain string (`custom.*`, `request.cookie.*`,
            `request.header.*`).
        wanted: the attributes that rules read; None wants all. `request.query.*` wants a family.
        limits: see Limits.
    Raises:
        ValueError: naming every bad setting.
    """

    trusted_proxies: Sequence[str] = ()
    forwarded: Sequence[str] = FORWARDING_HEADERS
    cdns: Sequence[str] = tuple(CDNS)
    allowed_cookies: frozenset[str] = frozenset()
    allowed_headers: frozenset[str] = frozenset()
    locales: Sequence[str] = ()
    locale_cookie: str | None = None
    locale_query: str | None = None
    own_hosts: frozenset[str] = frozenset()
    own_url: bool = False
    visitor_cookie: str | None = None
    consent_cookie: str = "tessera_consent"
    gpc_purposes: frozenset[str] = frozenset({"personalization", "advertising"})
    search_parameters: Sequence[str] = ("q",)
    types: Mapping[str, str] = field(default_factory=dict)
    wanted: frozenset[str] | None = None
    limits: Limits = field(default_factory=Limits)

    networks: tuple[Network, ...] = field(init=False, repr=False, compare=False)
    locale_set: frozenset[str] = field(init=False, repr=False, compare=False)
    own_suffixes: tuple[str, ...] = field(init=False, repr=False, compare=False)
    reads: Reads = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        wrong: list[str] = []
        networks = []
        for text in self.trusted_proxies:
            try:
                networks.append(Network.parse(text))
            except ValueError:
                wrong.append(f"trusted_proxies: {text!r} is no address or CIDR range")
        wrong += [f"forwarded: {name!r} is not known" for name in self.forwarded if name not in FORWARDING_HEADERS]
        wrong += [f"cdns: {name!r} is not known, want {', '.join(CDNS)}" for name in self.cdns if name not in CDNS]
        wrong += [
            f"allowed_headers: {name!r} holds credentials or an address and cannot be read"
            for name in sorted(self.allowed_headers)
            if name.lower() in UNREADABLE_HEADERS
        ]
        wrong += [f"locales: {tag!r} is no language tag" for tag in self.locales if normal_tag(tag) is None]
        wrong += [f"own_hosts: {host!r} is no host" for host in sorted(self.own_hosts) if not normal_host(host)]
        if wrong:
            raise ValueError("; ".join(wrong))
        hosts = frozenset((normal_host(host) or host).removeprefix("www.") for host in self.own_hosts)
        set_ = object.__setattr__
        set_(self, "networks", tuple(networks))
        set_(self, "locale_set", frozenset((normal_tag(tag) or tag).lower() for tag in self.locales))
        set_(self, "own_hosts", hosts)
        set_(self, "own_suffixes", tuple(f".{host}" for host in sorted(hosts)))
        set_(
            self,
            "reads",
            Reads.of(self.wanted, self.types, self.allowed_headers, self.allowed_cookies, bool(self.locale_query)),
        )
        known_zones()  # read from disk now, so that no request waits for it

    def is_own(self, host: str) -> bool:
        """Whether a host is the site's, or below one of the site's."""
        return host in self.own_hosts or host.endswith(self.own_suffixes)

    def wanting(self, wanted: frozenset[str] | None, types: Mapping[str, str]) -> ContextPolicy:
        """The same policy for a newly published rule set."""
        return replace(self, wanted=wanted, types=types)
