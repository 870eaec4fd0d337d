"""The parts of the form that say what an item shows, where, from when until when, and how it is measured."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from plugin.editor.parts import ACTING, Item, Options, Part, Values, put
from plugin.service.rulesets.items import Document, items

SEVERAL, EVERYWHERE = "+", "*"
"""What is chosen instead of one slot."""
SPANS = {"h": "hours", "d": "days", "w": "weeks", "m": "minutes", "s": "seconds"}
_COUNT = re.compile(r"[1-9]\d{0,5}", re.ASCII)
_SPAN = re.compile(r"([1-9]\d{0,5})([smhdw])", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _read_slot(item: Item, options: Options) -> Values | None:
    match item.get("slot"):
        case str(held) if held == EVERYWHERE or held in options.slots:
            return {"slot": held, "slots": ""}
        case [*held] if held and set(map(str, held)) <= set(options.slots) and len(set(map(str, held))) == len(held):
            return {"slot": SEVERAL, "slots": "\n".join(one for one in options.slots if one in held)}
    return None


def _write_slot(item: Item, said: Values) -> Item:
    named = said["slots"].split("\n")
    held = item.get("slot")
    if said["slot"] != SEVERAL:
        return put(item, "slot", said["slot"])
    if isinstance(held, list | tuple) and set(held) == set(named):
        return item
    return put(item, "slot", named if len(named) > 1 else named[0])


def slots_in(said: Values, document: Document) -> list[str]:
    """The slots that are chosen, by their ids."""
    if said.get("slot") == EVERYWHERE:
        return list(items(document, "slots"))
    return said.get("slots", "").split() if said.get("slot") == SEVERAL else [said.get("slot", "")]


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


def _day(text: str) -> date:
    """A day as the field of a browser writes it. Raises: ValueError."""
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)


def wrong_days(first: str, last: str) -> dict[str, str]:
    """What cannot be taken of a first and a last day."""
    days = {}
    for name, text in (("first", first), ("last", last)):
        try:
            days[name] = _day(text) if text else None
        except ValueError:
            return {name: "days are written as 2026-12-24"}
    begins, ends = days["first"], days["last"]
    if begins and ends and ends < begins:
        return {"last": "it ends before it begins: choose a later day, or an earlier first one"}
    if ends == date.max:
        return {"last": "leave it open where it has no end"}
    return {}


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


def _read_cap(item: Item, _options: Options) -> Values | None:
    if "cap" not in item:
        return {"times": "", "span": "", "unit": "d"}
    match item["cap"]:
        case {"per_visitor": times, "within": str(within), **more} if not more and not isinstance(times, bool):
            span = _SPAN.fullmatch(within)
            if span and isinstance(times, int):
                return {"times": str(times), "span": span[1], "unit": span[2]}
    return None


def _write_cap(item: Item, said: Values) -> Item:
    if not said["times"]:
        return put(item, "cap", None)
    within = f"{said['span']}{said['unit']}"
    held: Mapping[str, Any] = item.get("cap") or {}
    return put(item, "cap", {**held, "per_visitor": int(said["times"]), "within": within})


def _wrong_cap(said: Values) -> dict[str, str]:
    times, span = said["times"], said["span"]
    if bool(times) != bool(span):
        return {"span" if times else "times": "say both how often and within what time, or neither"}
    if said["unit"] not in SPANS:
        return {"unit": "choose one of these"}
    wrong = next((name for name in ("times", "span") if said[name] and not _COUNT.fullmatch(said[name])), None)
    return {wrong: "a whole number, such as 3"} if wrong else {}


WHAT: tuple[Part, ...] = (
    Part(
        fields=("times", "span", "unit"),
        read=_read_cap,
        write=_write_cap,
        problems=_wrong_cap,
        paths=(("cap",),),
        sections=("rules",),
    ),
    Part(
        fields=("slot", "slots"),
        read=_read_slot,
        write=_write_slot,
        problems=lambda said: (
            {"slots": "tick at least one of them"} if said["slot"] == SEVERAL and not said["slots"] else {}
        ),
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
