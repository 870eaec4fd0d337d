"""The parts of the form that say what an item is called, for whom it is, and at what hours."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from plugin.editor.parts import Item, Options, Part, Values, conditions_of, no_problems, put, put_condition
from plugin.editor.parts_when import WHEN, hours_of, put_hours, wrong_hours

VISITS: Mapping[str, bool] = {"new": True, "back": False}
_COUNTRY = re.compile(r"[A-Z]{2}")


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
    hours = None if when is None else hours_of(when)
    return None if hours is None else {"starts": hours[0], "ends": hours[1]}


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
        write=lambda item, said: put_hours(item, said["starts"], said["ends"]),
        problems=wrong_hours,
        paths=(("when", "time.of_day"), ("when", "time.hour")),
        sections=("segments",),
    ),
    WHEN,
)
