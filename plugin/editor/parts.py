"""What the form of choices asks, part by part: read from an item, and written into it.

A part is asked only where writing back what was read gives the very same item. So whatever the form cannot say exactly
stays as it is, and nothing of an item is lost by opening it in the form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from plugin.editor.phrases import mapping
from plugin.editor.situation import number
from plugin.service.rulesets.items import Section

Item = Mapping[str, Any]
Values = Mapping[str, str]

MADE: tuple[Section, ...] = ("rules", "experiments", "segments")
"""The kinds of items that have a form."""
ACTING: tuple[Section, ...] = ("rules", "experiments")
VISITS: Mapping[str, bool] = {"new": True, "back": False}
EFFECTS = ("pin", "boost", "hide", "only")
KINDS = ("pattern", "members", "computed")
"""What says instead of a condition who is in a segment."""
_COUNTRY = re.compile(r"[A-Z]{2}")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_UNTYPED = re.compile("[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]")


@dataclass(frozen=True, slots=True)
class Options:
    """What there is to choose from, by ids."""

    slots: frozenset[str]
    segments: frozenset[str]
    devices: frozenset[str]


def _no_problems(_values: Values) -> dict[str, str]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing that is asked, in one field or a few.

    Attributes:
        fields: their names; the first is the name of the part.
        read: what the fields hold for an item; None where they cannot say what the item says.
        write: the item with what the fields hold, which has no problems.
        problems: what cannot be taken of the fields, each at its field.
        paths: where in an item it is, as tuples of keys.
    """

    fields: tuple[str, ...]
    read: Callable[[Item, Options], Values | None]
    write: Callable[[Item, Values], Item]
    paths: tuple[tuple[str, ...], ...]
    problems: Callable[[Values], dict[str, str]] = field(default=_no_problems)
    sections: tuple[Section, ...] = MADE

    @property
    def name(self) -> str:
        """The name of the part."""
        return self.fields[0]


def parts_of(section: Section) -> tuple[Part, ...]:
    """All parts of the form for a kind of item."""
    return tuple(part for part in PARTS if section in part.sections)


def readable(section: Section, item: Item, options: Options) -> dict[str, Values]:
    """The parts that can say what the item says, by name, with what their fields hold."""
    found: dict[str, Values] = {}
    for part in parts_of(section):
        values = part.read(item, options)
        if values is None or any(not _typeable(name, text) for name, text in values.items()):
            continue
        if not part.problems(values) and same(part.write(item, values), item):
            found[part.name] = values
    if {"first", "last"} <= set(found) and wrong_days(found["first"]["first"], found["last"]["last"]):
        del found["last"]
    return found


def same(one: Item, other: Item) -> bool:
    """Whether two items are the same, the order of their keys and the kinds of their numbers included."""
    return json.dumps(one, default=dict) == json.dumps(other, default=dict)


def _typeable(name: str, text: str) -> bool:
    """Whether a field of a browser brings a text back as it is."""
    return text == text.strip() and not _UNTYPED.search(text) and (name == "description" or "\n" not in text)


# --- writing


def put(item: Item, key: str, held: object) -> dict[str, Any]:
    """The item with a key; None takes it out. Numbers that are equal stay as they are written."""
    if held is None:
        return {name: part for name, part in item.items() if name != key}
    return {**item, key: _as_held(item.get(key), held)}


def _as_held(held: object, new: object) -> object:
    numbers = (int, float)
    alike = isinstance(held, numbers) and isinstance(new, numbers) and not isinstance(held, bool)
    return held if alike and held == new else new


def _when(item: Item) -> Mapping[str, Any] | None:
    """The conditions of an item that may have some; None where it is told otherwise whom it is for."""
    held = item.get("when", {})
    return held if isinstance(held, Mapping) and not any(kind in item for kind in KINDS) else None


def put_condition(item: Item, key: str, held: object) -> Item:
    """The item with one condition; None takes it out, and all of `when` with the last."""
    when = mapping(item.get("when"))
    if held is None and key not in when:
        return item
    return put(item, "when", put(when, key, held) or None)


# --- the parts


def _text(key: str) -> Part:
    def read(item: Item, _options: Options) -> Values | None:
        held = item.get(key, "")
        return {key: held} if isinstance(held, str) else None

    return Part(fields=(key,), read=read, write=lambda item, said: put(item, key, said[key] or None), paths=((key,),))


def _read_slot(item: Item, options: Options) -> Values | None:
    held = item.get("slot")
    return {"slot": held} if isinstance(held, str) and held in options.slots else None


def _condition(name: str, key: str, read: Callable[[object, Options], str | None], write: Callable[[str], object],
               problems: Callable[[Values], dict[str, str]] = _no_problems) -> Part:  # fmt: skip
    def read_item(item: Item, options: Options) -> Values | None:
        when = _when(item)
        if when is None:
            return None
        found = read(when[key], options) if key in when else ""
        return None if found is None else {name: found}

    return Part(
        fields=(name,),
        read=read_item,
        write=lambda item, said: put_condition(item, key, write(said[name]) if said[name] else None),
        paths=(("when", key),),
        problems=problems,
    )


def _read_visits(held: object, _options: Options) -> str | None:
    return next((name for name, new in VISITS.items() if held is new), None)


def _wrong_visits(said: Values) -> dict[str, str]:
    return {} if said["visits"] in ("", *VISITS) else {"visits": "choose one of these"}


def _read_segment(held: object, options: Options) -> str | None:
    return held if isinstance(held, str) and held in options.segments else None


def _read_device(held: object, options: Options) -> str | None:
    return held if isinstance(held, str) and held in options.devices else None


def _read_countries(held: object, _options: Options) -> str | None:
    if isinstance(held, str):
        return held
    if isinstance(held, Sequence) and len(held) > 1 and all(isinstance(one, str) for one in held):
        return ", ".join(held)
    return None


def _countries(text: str) -> list[str]:
    return [one for one in re.split(r"[\s,;]+", text.upper()) if one]


def _write_countries(text: str) -> object:
    found = _countries(text)
    return found[0] if len(found) == 1 else found


def _wrong_countries(said: Values) -> dict[str, str]:
    found = _countries(said["country"])
    if said["country"] and (not found or not all(_COUNTRY.fullmatch(one) for one in found)):
        return {"country": "two letters for each, such as FR for France; several with commas: FR, BE"}
    return {}


def _read_hours(item: Item, _options: Options) -> Values | None:
    when = _when(item)
    if when is None or {"time.of_day", "time.hour"} <= set(when):
        return None
    match when.get("time.of_day", when.get("time.hour")):
        case None:
            return {"starts": "", "ends": ""}
        case {"between": [str(starts), str(ends)]}:
            return {"starts": starts, "ends": ends}
        case {"between": [int(first), int(last)]} if 0 <= first <= 23 and 0 <= last <= 23:
            return {"starts": f"{first:02}:00", "ends": f"{last:02}:59"}
    return None


def _write_hours(item: Item, said: Values) -> Item:
    starts, ends = said["starts"], said["ends"]
    if "time.hour" in mapping(item.get("when")):
        if starts.endswith(":00") and ends.endswith(":59"):
            return put_condition(item, "time.hour", {"between": [int(starts[:2]), int(ends[:2])]})
        item = put_condition(item, "time.hour", None)
    return put_condition(item, "time.of_day", {"between": [starts, ends]} if starts else None)


def _wrong_hours(said: Values) -> dict[str, str]:
    starts, ends = said["starts"], said["ends"]
    if bool(starts) != bool(ends):
        return {"ends" if starts else "starts": "say both hours, or none"}
    wrong = next((name for name in ("starts", "ends") if said[name] and not _TIME.fullmatch(said[name])), None)
    if wrong:
        return {wrong: "hours are written as 18:30"}
    if starts and starts == ends:
        return {"ends": "it would be on for this minute alone: choose another hour"}
    return {}


def _read_first(item: Item, _options: Options) -> Values | None:
    held = item.get("from", "")
    return {"first": held} if isinstance(held, str) else None


def _read_last(item: Item, _options: Options) -> Values | None:
    if "until" not in item:
        return {"last": ""}
    try:  # rules end where the next day begins
        return {"last": (date.fromisoformat(item["until"]) - timedelta(days=1)).isoformat()}
    except (TypeError, ValueError, OverflowError):
        return None


def _write_last(item: Item, said: Values) -> Item:
    day = said["last"]
    return put(item, "until", (date.fromisoformat(day) + timedelta(days=1)).isoformat() if day else None)


def wrong_days(first: str, last: str) -> dict[str, str]:
    """What cannot be taken of a first and a last day."""
    days = {}
    for name, text in (("first", first), ("last", last)):
        try:
            days[name] = date.fromisoformat(text) if text else None
        except ValueError:
            return {name: "days are written as 2026-12-24"}
    begins, ends = days["first"], days["last"]
    if begins and ends and ends < begins:
        return {"last": "it ends before it begins: choose a later day, or an earlier first one"}
    if ends == date.max:
        return {"last": "leave it open where it has no end"}
    return {}


def _read_shown(item: Item, _options: Options) -> Values | None:
    match item.get("then"):
        case [{**effect}] if len(found := [one for one in EFFECTS if one in effect]) == 1:
            kind = found[0]
        case _:
            return None
    values = {"entry": "", "tag": "", "effect": kind, "place": "", "by": ""}
    match effect[kind]:
        case {"id": str(id_), **more} if not more:
            values["entry"] = id_
        case {"content.tags": str(tag), **more} if not more:
            values["tag"] = tag
        case _:
            return None
    for name, key in (("place", "position"), ("by", "by")):
        if key in effect:
            values[name] = str(effect[key])
    return values


def _write_shown(item: Item, said: Values) -> Item:
    kind = said["effect"]
    held = next((mapping(one) for one in item.get("then") or ()), {})
    made: dict[str, Any] = {kind: {"id": said["entry"]} if said["entry"] else {"content.tags": said["tag"]}}
    if kind == "pin" and said["place"]:
        made["position"] = _as_held(held.get("position"), int(said["place"]))
    if kind == "boost":
        made["by"] = _as_held(held.get("by"), number(said["by"] or "0.5"))
    return put(item, "then", [made])


def _wrong_shown(said: Values) -> dict[str, str]:
    found = {}
    if not said["entry"] and not said["tag"]:
        found["entry"] = "choose an entry, or write a tag"
    if said["entry"] and said["tag"]:
        found["tag"] = "an entry or a tag, not both: leave one of them open"
    if said["effect"] not in EFFECTS:
        found["effect"] = "choose one of these"
    if said["effect"] == "pin" and said["place"] and not re.fullmatch(r"[1-9]\d{0,2}", said["place"]):
        found["place"] = "a whole number, such as 1 for the first place"
    if said["effect"] == "boost" and said["by"]:
        try:
            number(said["by"])
        except ValueError as error:
            found["by"] = str(error)
    return found


def _read_arms(item: Item, _options: Options) -> Values | None:
    arms = item.get("arms")
    if not isinstance(arms, list) or len(arms) != 2 or not all(isinstance(arm, Mapping) for arm in arms):
        return None
    first, second = (arm.get("weight", 1) for arm in arms)
    shown = [_read_arm(arm) for arm in arms]
    if first != second or not first or None in shown:
        return None
    return {"entry": shown[0] or "", "other": shown[1] or ""}


def _read_arm(arm: Item) -> str | None:
    if "then" not in arm:
        return ""
    match arm["then"]:
        case [{"pin": {"id": str(id_), **more}, **beside}] if not more and not beside:
            return id_
    return None


def _write_arms(item: Item, said: Values) -> Item:
    shown = (said["entry"], said["other"])
    if "arms" in item:
        arms = [put(arm, "then", _pinned(id_)) for arm, id_ in zip(item["arms"], shown, strict=True)]
        return put(item, "arms", arms)
    made = put(item, "arms", [put({"id": id_ or "as-it-is", "weight": 1}, "then", _pinned(id_)) for id_ in shown])
    # Else whoever is not in the experiment would see neither of the two.
    return put(made, "shared", True) if all(shown) else made


def _pinned(id_: str) -> object:
    return [{"pin": {"id": id_}}] if id_ else None


def _wrong_arms(said: Values) -> dict[str, str]:
    return {"other": "choose something else to compare it with"} if said["entry"] == said["other"] else {}


def _read_traffic(item: Item, _options: Options) -> Values | None:
    held = item.get("traffic", 100)
    return {"traffic": f"{held:g}"} if isinstance(held, int | float) and not isinstance(held, bool) else None


def _write_traffic(item: Item, said: Values) -> Item:
    traffic = int(said["traffic"])
    return item if traffic == item.get("traffic", 100) else put(item, "traffic", traffic)


def _wrong_traffic(said: Values) -> dict[str, str]:
    if not re.fullmatch(r"\d{1,3}", said["traffic"]) or not 1 <= int(said["traffic"]) <= 100:
        return {"traffic": "a whole number from 1 to 100"}
    return {}


def _read_goal(item: Item, _options: Options) -> Values | None:
    match item.get("goal", {}):
        case {"event": str(event), **more} if set(more) <= {"within"} and event:
            return {"goal": event}
        case {**held} if not held and "goal" not in item:
            return {"goal": ""}
    return None


def _write_goal(item: Item, said: Values) -> Item:
    held = item.get("goal", {"within": "1d"})
    return put(item, "goal", {**held, "event": said["goal"]} if said["goal"] else None)


PARTS: tuple[Part, ...] = (
    _text("name"),
    _text("description"),
    _condition("visits", "visitor.new", _read_visits, VISITS.__getitem__, _wrong_visits),
    _condition("segment", "segment", _read_segment, str),
    _condition("device", "device.type", _read_device, str),
    _condition("country", "geo.country", _read_countries, _write_countries, _wrong_countries),
    Part(
        fields=("starts", "ends"),
        read=_read_hours,
        write=_write_hours,
        problems=_wrong_hours,
        paths=(("when", "time.of_day"), ("when", "time.hour")),
    ),
    Part(
        fields=("slot",),
        read=_read_slot,
        write=lambda item, said: put(item, "slot", said["slot"]),
        paths=(("slot",),),
        sections=ACTING,
    ),
    Part(
        fields=("first",),
        read=_read_first,
        write=lambda item, said: put(item, "from", said["first"] or None),
        problems=lambda said: wrong_days(said["first"], ""),
        paths=(("from",),),
        sections=ACTING,
    ),
    Part(
        fields=("last",),
        read=_read_last,
        write=_write_last,
        problems=lambda said: wrong_days("", said["last"]),
        paths=(("until",),),
        sections=ACTING,
    ),
    Part(
        fields=("entry", "tag", "effect", "place", "by"),
        read=_read_shown,
        write=_write_shown,
        problems=_wrong_shown,
        paths=(("then",),),
        sections=("rules",),
    ),
    Part(
        fields=("entry", "other"),
        read=_read_arms,
        write=_write_arms,
        problems=_wrong_arms,
        paths=(("arms",),),
        sections=("experiments",),
    ),
    Part(
        fields=("traffic",),
        read=_read_traffic,
        write=_write_traffic,
        problems=_wrong_traffic,
        paths=(("traffic",),),
        sections=("experiments",),
    ),
    Part(fields=("goal",), read=_read_goal, write=_write_goal, paths=(("goal",),), sections=("experiments",)),
)


def unread(section: Section, item: Item, asked: Mapping[str, object]) -> Iterator[tuple[str, ...]]:
    """Where in an item something stands that no part of the form asks: keys, and those of its conditions."""
    shown = {path for part in parts_of(section) if part.name in asked for path in part.paths}
    for key, held in item.items():
        if key == "when" and isinstance(held, Mapping):
            yield from (("when", name) for name in held if ("when", name) not in shown)
        elif (key,) not in shown:
            yield (key,)
