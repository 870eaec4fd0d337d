"""Rule documents and content at random, for slots of every kind of sharing; much of it flips within seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.edge.people import CAMPAIGNS, CONTINENTS, INTERESTS, LOCALES, PERSONALIZATION, PLANS, REFERRERS, SOURCES

SHARING = {
    "s.open": "everyone",
    "s.input": "inputs",
    "s.campaign": "class",
    "s.class": "class",
    "s.tags": "class",
    "s.private": "private",
}
"""The slots, and who may share each: see `rules check --cost`."""
SLOTS = tuple(SHARING)
SEGMENTS = ("eu-phones", "rich", "vip", "hot", "both", "campaigners")
ENTRIES = tuple(f"e-{number:02}" for number in range(36))
TESTED = ("e-00", "e-01", "e-02")
"""Entries that experiments pin by name."""
OPEN = ENTRIES[26:]
DEFAULTS = ("e-34", "e-35")
TAGS = ("snow", "sea", "news", "sale")
RULES_PER_SLOT = 5

Entry = dict[str, Any]
Leaf = dict[str, Any]


def document(random: Random, number: int, now: datetime, spread_s: float) -> dict[str, Any]:
    """The rule document of a publication; its schedules begin and end within `spread_s` after now, some before."""
    made: dict[str, Any] = {
        "version": 1,
        "timezone": "Europe/Paris",
        "locales": ["en", "fr", "de"],
        "attributes": {
            "profile.spend": {"type": "number", "purpose": "personalization"},
            "profile.plan": {"type": "string", "values": list(PLANS), "purpose": "personalization"},
            "profile.interests": {"type": "string_list", "purpose": "personalization"},
        },
        "segments": [
            {"id": "eu-phones", "when": {"device.type": "mobile", "geo.eu": True}},
            {"id": "rich", "when": {"profile.spend": {"gte": random.randrange(200, 800, 100)}}},
            {"id": "vip", "members": ["nobody-yet"]},
            {"id": "hot", "computed": True},
            {"id": "both", "when": {"any": [{"all": [{"segment": "vip"}, {"segment": "rich"}]}, {"segment": "hot"}]}},
            {"id": "campaigners", "when": {"request.utm.campaign": {"exists": True}}},
        ],
        "slots": [_slot(name) for name in SLOTS],
        "rules": [
            _rule(random, slot, f"{slot}-{number}", now, spread_s)
            for slot in SLOTS
            for number in range(random.randint(RULES_PER_SLOT - 2, RULES_PER_SLOT))
        ],
        "experiments": _experiments(random, now, spread_s),
    }
    if number % 4 == 3:  # it makes every slot one that classes tell apart
        made["holdout"] = {"percent": random.choice([5, 20]), "salt": "kept-out"}
    # What makes a slot what it is stands in every document, whatever else chance brings.
    made["rules"] += [
        {"id": "always-input", "slot": "s.input", "when": {"geo.country": random.choice(tuple(CONTINENTS))}}
        | {"then": [{"set": {"presentation.from": random.choice(TAGS)}}]},
        {
            "id": "always-campaign",
            "slot": "s.campaign",
            "when": {"any": [{"request.utm.campaign": random.choice(CAMPAIGNS[1:])}, {PERSONALIZATION: True}]},
            "then": [{"boost": {"content.region": {"ref": "geo.country"}}, "by": 0.7}],
        },
        {"id": "always-class", "slot": "s.class", "when": {"segment": "both"}}
        | {"then": [{"set": {"presentation.both": True}}]},
        {"id": "always-private", "slot": "s.private", "when": {"segment": "rich"}}
        | {"then": [{"boost": {"content.tags": random.choice(TAGS)}, "by": 1.5}]},
    ]
    return made


def of_one_slot(random: Random, held: dict[str, Any], slot: str, now: datetime, spread_s: float) -> dict[str, Any]:
    """The same document with other rules for one slot, which everybody sees, and nothing else: as most publications."""
    other = document(random, 0, now, spread_s)
    rules = [rule for rule in held["rules"] if rule["slot"] != slot]
    turn: dict[str, Any] = {"id": f"{slot}-turn", "slot": slot, "priority": 9}
    turn["then"] = [{"set": {"presentation.turn": random.randrange(1_000_000)}}]
    return {**held, "rules": [*rules, *(rule for rule in other["rules"] if rule["slot"] == slot), turn]}


def pool_of(slot: str) -> str:
    """The tag of the entries that a slot selects from."""
    return slot.replace("s.", "in-")


def _slot(name: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": name,
        "limit": 1 if name == "s.input" else 4,
        "select": {"content.tags": pool_of(name)},
        "default": {"id": list(DEFAULTS)},
    }
    return made | ({"cap": {"per_visitor": 3, "within": "1d"}} if name == "s.private" else {})


def _experiments(random: Random, now: datetime, spread_s: float) -> list[dict[str, Any]]:
    arms = [
        {"id": "control", "weight": 1},
        {"id": "bold", "weight": random.randint(1, 2), "then": [{"pin": {"id": TESTED[0]}}]},
        {"id": "shy", "weight": 1, "then": [{"pin": {"id": TESTED[1]}, "position": 2}]},
    ]
    goal = {"event": "signup", "within": "1d"}
    first = {"id": "arms-1", "slot": "s.class", "traffic": random.choice([50, 100]), "arms": arms, "goal": goal}
    second = {
        "id": "arms-2",
        "slot": "s.tags",
        "when": {"not": {"segment": "vip"}},
        "arms": [{"id": "a", "weight": 1}, {"id": "b", "weight": 1, "then": [{"pin": {"id": TESTED[2]}}]}],
        "goal": goal,
    }
    return [first, second | _dates(random, now, spread_s)]


def _rule(random: Random, slot: str, name: str, now: datetime, spread_s: float) -> dict[str, Any]:
    made: dict[str, Any] = {"id": name, "slot": slot, "priority": random.choice([0, 0, 1, 2])}
    kinds = LEAVES[slot]
    leaves = [random.choice(kinds)(random, now) for _ in range(random.randint(1, 2))] if kinds else []
    if leaves:
        made["when"] = {random.choice(["all", "any"]): leaves} if random.random() < 0.8 else {"not": leaves[0]}
    if not leaves or random.random() < 0.35:
        made |= _dates(random, now, spread_s)
    made["then"] = [_effect(random, place) for place in range(random.randint(1, 2))]
    return made


def _dates(random: Random, now: datetime, spread_s: float) -> dict[str, str]:
    """A beginning, an end, or both, near enough to be met."""
    since, until = sorted(now + timedelta(seconds=random.uniform(-0.2, 1.0) * spread_s) for _ in range(2))
    way = random.choice(["from", "until", "both"])
    made = {"from": since.isoformat(timespec="seconds")} if way != "until" else {}
    until = max(until, since + timedelta(seconds=2))
    return made | ({"until": until.isoformat(timespec="seconds")} if way != "from" else {})


def _effect(random: Random, place: int) -> dict[str, Any]:
    tag = random.choice(TAGS)
    choices: list[dict[str, Any]] = [
        {"pin": {"id": random.choice(ENTRIES[3:])}, "position": random.randint(1, 3)},
        {"pin": {"content.tags": tag}, "max": random.randint(1, 2)},
        {"boost": {"content.tags": tag}, "by": random.choice([-1, 0.5, 2])},
        {"boost": {"content.region": {"in": random.sample(tuple(CONTINENTS), 2)}}, "by": 0.4},
        {"hide": {"content.tags": tag}},
        {"only": {"content.tags": [tag, "news"]}},
        {"set": {f"presentation.hint{place}": random.choice(TAGS)}},
        {"stop": True},
    ]
    return random.choices(choices, (3, 3, 4, 2, 2, 1, 3, 0.5))[0]


def _one(name: str, values: Sequence[Any]) -> Callable[[Random, datetime], Leaf]:
    known = [value for value in values if value is not None]

    def leaf(random: Random, _now: datetime) -> Leaf:
        some = random.sample(known, random.randint(1, min(2, len(known))))
        kinds: list[Any] = [some[0], {"in": some}, {"ne": some[0]}, {"exists": random.random() < 0.5}]
        return {name: random.choices(kinds, (4, 4, 2, 1))[0]}

    return leaf


def _flag(name: str) -> Callable[[Random, datetime], Leaf]:
    return lambda random, _now: {name: random.random() < 0.5}


def _minutes(random: Random, now: datetime) -> Leaf:
    """Minutes of the day that begin or end soon where the visitor's clock is that of Paris."""
    start = now + timedelta(hours=1 if now.month in (11, 12, 1, 2) else 2, minutes=random.randint(-1, 2))
    return {"time.of_day": {"between": [f"{start:%H:%M}", f"{start + timedelta(minutes=random.randint(0, 2)):%H:%M}"]}}


def _hours(random: Random, _now: datetime) -> Leaf:
    first = random.randrange(24)
    return {"time.hour": {"between": [first, (first + 8) % 24]}}


def _percent(random: Random, _now: datetime) -> Leaf:
    return {"visitor.id": {"percent": {"lt": random.choice([10, 50]), "salt": random.choice(["one", "two"])}}}


def _spend(random: Random, _now: datetime) -> Leaf:
    return {"profile.spend": {random.choice(["gte", "lt"]): random.randrange(100, 1000, 50)}}


def _interests(random: Random, _now: datetime) -> Leaf:
    return {"profile.interests": {"contains_any": random.sample(INTERESTS, 2)}}


def _segment(random: Random, _now: datetime) -> Leaf:
    return {"segment": random.choice(SEGMENTS)}


_COUNTRY = _one("geo.country", tuple(CONTINENTS))
_INPUTS = (
    _COUNTRY,
    _COUNTRY,
    _one("geo.continent", ("EU", "NA", "AS")),
    _flag("geo.eu"),
    _one("device.type", ("mobile", "tablet", "desktop", "bot")),
    _one("request.locale", LOCALES),
    _flag("network.save_data"),
    _one("network.effective_type", ("4g", "3g", "2g")),
    _one("request.referrer_kind", tuple(REFERRERS)),
)
_CAMPAIGN = (
    _one("request.utm.campaign", CAMPAIGNS),
    _one("request.utm.source", SOURCES),
    _minutes,
    _hours,
    _flag(PERSONALIZATION),
    _COUNTRY,
)
_CLASS = (_percent, _spend, _interests, _one("profile.plan", PLANS), _segment, _flag("visitor.new"), _COUNTRY)
LEAVES: dict[str, tuple[Callable[[Random, datetime], Leaf], ...]] = {
    "s.open": (),
    "s.input": _INPUTS,
    "s.campaign": _CAMPAIGN,
    "s.class": _CLASS,
    "s.tags": (_segment, _percent, _COUNTRY),
    "s.private": (_spend, _segment, _COUNTRY),
}


def variants(random: Random, name: str, revision: int, now: datetime, spread_s: float) -> list[Entry]:
    """One entry in one or more languages, as the oracle reads it; its title tells the revision."""
    # Languages and audiences make a slot one that visitors tell apart, so the open slot's entries have neither.
    is_open = name in OPEN
    pools = {pool_of(slot) for slot in random.sample(SLOTS[1:], random.randint(2, 4))}
    if name in TESTED:
        pools |= {"in-class", "in-tags"}
    is_guarded = not is_open and random.random() < 0.25
    if is_guarded:
        pools &= {"in-class", "in-tags", "in-private"}
    tags = ["in-open"] if is_open else sorted(pools)
    tags += sorted(random.sample(TAGS, random.randint(0, 2)))
    if is_guarded:
        tags.append(f"audience:{random.choice(SEGMENTS)}")
    published: datetime | None = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=random.randrange(300))
    chance = random.random()
    if chance < 0.2:
        published = now + timedelta(seconds=int(random.uniform(0, spread_s)))
        published = published.replace(microsecond=0)
    elif chance < 0.3:
        published = None
    languages = (
        [None] if is_open else random.choice([[None], [None], ["en"], ["en", "fr"], ["fr", "de"], ["en", "fr", "de"]])
    )
    found = []
    for language in languages:
        entry: Entry = {"id": name, "type": "card", "tags": tags, "title": f"{name} {language} {revision}"}
        if random.random() < 0.7:
            entry["region"] = random.choice(tuple(CONTINENTS))
        if language is not None:
            entry["locale"] = language
        if published is not None:
            entry["published_at"] = published.isoformat()
        found.append(entry)
    return found


def touched(random: Random, variants: Sequence[Entry], revision: int) -> list[Entry]:
    """The same with other titles, and mostly elsewhere: what is purged by its fields alone."""
    moves = random.random() < 0.8
    found = []
    for one in variants:
        entry = {**one, "title": f"{one['id']} {one.get('locale')} {revision}"}
        if moves:
            entry["region"] = random.choice(tuple(CONTINENTS))
        found.append(entry)
    return found


def pushed(entries: Sequence[Entry]) -> dict[str, Any]:
    """The body that pushes these languages of one entry."""
    own = ("id", "type", "tags", "locale", "published_at")
    return {
        "variants": [
            {
                "type": one["type"],
                "locale": one.get("locale"),
                "tags": one["tags"],
                "published_at": one.get("published_at"),
                "fields": {name: value for name, value in one.items() if name not in own},
            }
            for one in entries
        ]
    }
