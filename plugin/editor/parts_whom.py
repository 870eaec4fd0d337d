"""The parts of the form that say what an item is called, for whom it is, and at what hours."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from plugin.editor.parts import Item, Options, Part, Values, conditions_of, no_problems, put, put_condition
from plugin.editor.phrases import mapping

VISITS: Mapping[str, bool] = {"new": True, "back": False}
_COUNTRY = re.compile(r"[A-Z]{2}")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def _text(key: str) -> Part:
    def read(item: Item, _options: Options) -> Values | None:
        held = item.get(key, "")
        return {key: held} if isinstance(held, str) else None

    return Part(fields=(key,), read=read, write=lambda item, said: put(item, key, said[key] or None), paths=((key,),))


def _condition(name: str, key: str, read: Callable[[object, Options], str | None], write: Callable[[str], object],
               problems: Callable[[Values], dict[str, str]] = no_problems) -> Part:  # fmt: skip
    def read_item(item: Item, options: Options) -> Values | None:
        when = conditions_of(item)
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


def _read_outside(held: object, options: Options) -> str | None:
    match held:
        case {"segment": str(id_), **more} if not more:
            return _read_segment(id_, options)
    return None


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
    when = conditions_of(item)
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


WHOM: tuple[Part, ...] = (
    _text("name"),
    _text("description"),
    _condition("visits", "visitor.new", _read_visits, VISITS.__getitem__, _wrong_visits),
    _condition("segment", "segment", _read_segment, str),
    _condition("outside", "not", _read_outside, lambda id_: {"segment": id_}),
    _condition("device", "device.type", _read_device, str),
    _condition("country", "geo.country", _read_countries, _write_countries, _wrong_countries),
    Part(
        fields=("starts", "ends"),
        read=_read_hours,
        write=_write_hours,
        problems=_wrong_hours,
        paths=(("when", "time.of_day"), ("when", "time.hour")),
    ),
)
