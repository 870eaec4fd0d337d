"""The part of the form that says at what hours and on which days of the week a rule or an experiment is on."""

from __future__ import annotations

import re
from collections.abc import Mapping

from plugin.editor.parts import ACTING, Item, Options, Part, Values, conditions_of, put, put_condition
from plugin.editor.phrases import mapping

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOCKS = ("visitor", "site")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_HOURS = ("time.of_day", "time.hour")


def hours_of(when: Mapping[str, object]) -> tuple[str, str] | None:
    """The hours that conditions ask for, empty where they ask for none; None where no two fields can say them."""
    if set(_HOURS) <= set(when):
        return None
    match when.get("time.of_day", when.get("time.hour")):
        case None:
            return None if not set(_HOURS).isdisjoint(when) else ("", "")
        case {"between": [str(starts), str(ends)], **more} if not more:
            return starts, ends
        case {"between": [first, last], **more} if not more and _is_hour(first) and _is_hour(last):
            return f"{first:02}:00", f"{last:02}:59"
    return None


def put_hours(item: Item, starts: str, ends: str) -> Item:
    """The item with these hours among its conditions; with none where they are empty."""
    if "time.hour" in mapping(item.get("when")):
        if _is_full(starts, ends):
            return put_condition(item, "time.hour", {"between": [int(starts[:2]), int(ends[:2])]})
        item = put_condition(item, "time.hour", None)
    return put_condition(item, "time.of_day", {"between": [starts, ends]} if starts else None)


def wrong_hours(said: Values) -> dict[str, str]:
    """What cannot be taken of two hours."""
    starts, ends = said["starts"], said["ends"]
    if bool(starts) != bool(ends):
        return {"ends" if starts else "starts": "say both hours, or none"}
    wrong = next((name for name in ("starts", "ends") if said[name] and not _TIME.fullmatch(said[name])), None)
    if wrong:
        return {wrong: "hours are written as 18:30"}
    if starts and starts == ends:
        return {"ends": "it would be on for this minute alone: choose another hour"}
    return {}


def _is_hour(held: object) -> bool:
    return isinstance(held, int) and not isinstance(held, bool) and 0 <= held <= 23


def _is_full(starts: str, ends: str) -> bool:
    return starts.endswith(":00") and ends.endswith(":59")


def _read(item: Item, _options: Options) -> Values | None:
    when, zone = conditions_of(item), item.get("timezone")
    hours = None if when is None else hours_of(when)
    if hours is None or zone not in (None, "visitor") or ("timezone" in item and zone is None):
        return None
    own = "visitor" if zone or (hours[0] and "on" not in item) else "site"
    if "on" not in item:
        spans = "from" in item or "until" in item
        return {"starts": hours[0], "ends": hours[1], "days": "", "clock": own if spans or zone else "visitor"}
    on = mapping(item["on"])
    days, recurring = on.get("weekdays", []), on.get("hours", ["", ""])
    if (
        not on
        or not set(on) <= {"weekdays", "hours"}
        or not isinstance(days, list)
        or not set(map(str, days)) <= set(WEEK)
    ):
        return None
    match recurring:
        case ["", ""]:
            pass
        case [first, last] if _is_hour(first) and _is_hour(last) and not hours[0]:
            hours = f"{first:02}:00", f"{last:02}:59"
        case _:
            return None
    if (not days and "weekdays" in on) or ("hours" not in on and hours[0] and own == "site"):
        return None  # days on one clock and hours on another
    return {"starts": hours[0], "ends": hours[1], "days": "\n".join(one for one in WEEK if one in days), "clock": own}


def _write(item: Item, said: Values) -> Item:
    before = _read(item, Options((), frozenset(), frozenset()))
    if before and all(said[name] == held for name, held in before.items()):
        return item
    starts, ends, days, clock = said["starts"], said["ends"], said["days"].split(), said["clock"]
    recurs = bool(starts) and _is_full(starts, ends) and (bool(days) or clock == "site")
    made = put_hours(item, "" if recurs else starts, "" if recurs else ends)
    on = {
        **({"weekdays": [one for one in WEEK if one in days]} if days else {}),
        **({"hours": [int(starts[:2]), int(ends[:2])]} if recurs else {}),
    }
    made = put(made, "on", on or None)
    spans = "from" in made or "until" in made
    if on or (before and spans and clock != before["clock"]):
        return put(made, "timezone", "visitor" if clock == "visitor" else None)
    return made if spans or "on" not in item else put(made, "timezone", None)


def _wrong(said: Values) -> dict[str, str]:
    starts, ends, days = said["starts"], said["ends"], said["days"].split()
    found = wrong_hours(said)
    if not set(days) <= set(WEEK):
        found["days"] = "choose some of these"
    if said["clock"] not in CLOCKS:
        found["clock"] = "choose one of these"
    if found or not starts or _is_full(starts, ends):
        return found
    field = "ends" if starts.endswith(":00") else "starts"
    if said["clock"] == "site":
        return {field: "on the clock of the site hours are full ones: from 18:00 to 22:59, for example"}
    if days and starts > ends:
        return {field: "a night that begins on certain days has full hours: from 22:00 to 02:59, for example"}
    return {}


WHEN = Part(
    fields=("starts", "ends", "days", "clock"),
    read=_read,
    write=_write,
    problems=_wrong,
    paths=(("when", "time.of_day"), ("when", "time.hour"), ("on",), ("timezone",)),
    sections=ACTING,
)
