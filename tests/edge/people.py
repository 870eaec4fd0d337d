"""Visitors at random: what their browsers send, what of it an edge and the origin can tell, what is kept of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

CONTINENTS = {"FR": "EU", "DE": "EU", "GB": "EU", "CH": "EU", "US": "NA", "JP": "AS"}
IN_THE_UNION = frozenset({"FR", "DE"})
AGENTS = {
    "mobile": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.1 Mobile/15E148 Safari/604.1",
    "tablet": "Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/17.6 Mobile/15E148 Safari/604.1",
    "desktop": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/131.0.0.0 Safari/537.36",
    "bot": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
}
REFERRERS = {
    "direct": None,
    "search": "https://www.google.com/",
    "social": "https://www.facebook.com/",
    "other": "https://a-friend.example/links",
}
COUNTRIES: Sequence[str | None] = (*CONTINENTS, None)
LOCALES: Sequence[str | None] = ("fr", "en", "de-CH", None)
ZONES: Sequence[str | None] = ("Europe/Paris", "Asia/Tokyo", "America/New_York", None)
SPEEDS: Sequence[str | None] = (None, "4g", "3g", "2g")
CAMPAIGNS: Sequence[str | None] = (None, "spring", "summer")
SOURCES: Sequence[str | None] = (None, "newsletter", "partner")
PLANS = ("free", "pro", "enterprise")
INTERESTS = ("snow", "sea", "night")
LISTS = ("vip", "hot")
"""The segments that are filled over the API: a list, and a computed one."""
PERSONALIZATION = "consent.personalization"


@dataclass(frozen=True)
class Facts:
    """What is kept of a visitor at some moment."""

    profile: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    segments: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Person:
    """A visitor in one situation.

    Attributes:
        id: of the visitor cookie, which every browser here has.
        uid: what arms and shares hash on: the id, hashed by the installation's own key.
        device, referrer: a key of `AGENTS`, of `REFERRERS`.
        consent: for personalization, by the cookie; None: nobody asked yet.
        refuses: Global Privacy Control, which stands over the cookie.
        takes_cookies: whether the browser keeps the class cookie.
    """

    id: str
    uid: str
    country: str | None
    device: str
    locale: str | None
    saves_data: bool
    speed: str | None
    referrer: str
    campaign: str | None
    source: str | None
    zone: str | None
    consent: bool | None
    refuses: bool
    takes_cookies: bool

    @property
    def allows(self) -> bool:
        """Whether what is kept may be used."""
        return self.consent is not False and not self.refuses

    @property
    def may_have_a_class(self) -> bool:
        """Whether an edge ever sees a class cookie of theirs."""
        return self.allows and self.takes_cookies and self.device != "bot"

    def seen_by_origin(self) -> dict[str, Any]:
        """The attributes that stand in any request of theirs, whatever it asks for."""
        found: dict[str, Any] = {"device.type": self.device, "network.save_data": self.saves_data}
        if self.country is not None:
            found["geo.country"] = self.country
            found["geo.continent"] = CONTINENTS[self.country]
            found["geo.eu"] = self.country in IN_THE_UNION
        if self.locale is not None:
            found["request.locale"] = self.locale
        if self.speed is not None:
            found["network.effective_type"] = self.speed
        if self.refuses:
            found |= {PERSONALIZATION: False, "consent.advertising": False}
        elif self.consent is not None:
            found[PERSONALIZATION] = self.consent
        return found

    def seen_by_edge(self) -> dict[str, Any]:
        """The same, with what the page's address, the referrer and the zone's cookie say: the inputs of the edge."""
        found = self.seen_by_origin()
        found["request.referrer_kind"] = self.referrer
        for name, value in self.campaign_parameters().items():
            found[f"request.utm.{name}"] = value
        if self.zone is not None:
            found["context.timezone"] = self.zone
        return found

    def campaign_parameters(self) -> dict[str, str]:
        """By name without `utm_`."""
        named = {"campaign": self.campaign, "source": self.source}
        return {name: value for name, value in named.items() if value is not None}

    def kept(self, facts: Facts) -> tuple[dict[str, Any], frozenset[str]]:
        """What facts add to the attributes, and the segments that they say are held."""
        found: dict[str, Any] = {"visitor.id": self.uid}
        if not self.allows:
            return found, frozenset()
        found["visitor.new"] = True  # nobody sends events here, so every visit is the first
        found |= {f"profile.{name}": value for name, value in facts.profile.items()}
        return found, facts.segments

    def headers(self, class_cookie: str | None) -> dict[str, str]:
        """What the browser sends with a request for a page; the country is what the network says, as at a CDN."""
        cookies = [f"tessera_visitor={self.id}"]
        if self.consent is not None:
            cookies.append(f"tessera_consent=personalization={int(self.consent)}")
        if class_cookie is not None:
            cookies.append(f"tessera_class={class_cookie}")
        if self.zone is not None:
            cookies.append(f"tz={self.zone}")
        sent = {
            "User-Agent": AGENTS[self.device],
            "CF-IPCountry": self.country,
            "Accept-Language": self.locale,
            "Save-Data": "on" if self.saves_data else None,
            "ECT": self.speed,
            "Referer": REFERRERS[self.referrer],
            "Sec-GPC": "1" if self.refuses else None,
            "Cookie": "; ".join(cookies),
        }
        return {name: value for name, value in sent.items() if value is not None}

    def query(self) -> str:
        """The campaign parameters as they stand in an address, with `&` before each."""
        found = {f"utm_{name}": value for name, value in self.campaign_parameters().items()}
        return f"&{urlencode(found)}" if found else ""

    def body(self, slots: Sequence[str]) -> dict[str, Any]:
        """The same visitor as the site's own server tells of them by POST."""
        context: dict[str, Any] = {
            "url": f"https://shop.example/?{self.query()[1:]}",
            "user_agent": AGENTS[self.device],
            "network": {"save_data": self.saves_data, "effective_type": self.speed},
            "referrer": REFERRERS[self.referrer],
            "locale": self.locale,
            "timezone": self.zone,
            "consent": {} if self.consent is None else {"personalization": self.consent},
        }
        context["network"] = {name: value for name, value in context["network"].items() if value is not None}
        if self.country is not None:
            context["geo"] = {"country": self.country}
        kept = {name: value for name, value in context.items() if value is not None}
        return {"slots": [{"id": name} for name in slots], "visitor": {"id": self.id}, "context": kept}


def person(random: Random, number: int, uid: str, name: str) -> Person:
    """A visitor at random; most are like many others, so that many meet what was stored for somebody else."""

    def mostly(values: Sequence[Any]) -> Any:
        return values[0] if random.random() < 0.75 else random.choice(values)

    return Person(
        id=name,
        uid=uid,
        country=random.choice(COUNTRIES),
        device=mostly(("desktop", "mobile", "tablet", "bot")),
        locale=mostly(LOCALES),
        saves_data=random.random() < 0.1,
        speed=mostly(SPEEDS),
        referrer=mostly(tuple(REFERRERS)),
        campaign=mostly(CAMPAIGNS),
        source=mostly(SOURCES),
        zone=mostly(ZONES),
        consent=random.choices((None, True, False), (12, 3, 1))[0],
        refuses=random.random() < 0.04,
        takes_cookies=number % 3 != 0,
    )


def facts(random: Random) -> Facts:
    """What is kept of somebody, at random."""
    profile: dict[str, Any] = {}
    if random.random() < 0.7:
        profile["spend"] = random.randrange(0, 1000, 50)
    if random.random() < 0.7:
        profile["plan"] = random.choice(PLANS)
    if random.random() < 0.5:
        profile["interests"] = sorted(random.sample(INTERESTS, random.randint(1, 2)))
    return Facts(MappingProxyType(profile), frozenset(name for name in LISTS if random.random() < 0.3))
