"""What an item says that the form of choices does not ask, in words: it stays as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from plugin.editor import moments
from plugin.editor.conditions import condition
from plugin.editor.effects import cap, effects
from plugin.editor.parts import KINDS, Item
from plugin.editor.phrases import Phrase, as_written, listed, mapping, of
from plugin.editor.words import Fact, Words
from plugin.service.rulesets.items import Section

WHOM, WHO, WHEN = "To whom", "Who is in it", "At what time"
_ELSEWHERE = {"id", "enabled", "priority"}
"""What other parts of the page tell and change, and what does not change."""
_SCHEDULE = {"from", "until", "on", "timezone"}


def told(section: Section, item: Item, paths: Sequence[tuple[str, ...]], words: Words) -> tuple[Fact, ...]:
    """Each thing that stands at the paths, once.

    Args:
        paths: keys of the item; of its conditions each on its own.
    """
    return tuple(_told(section, item, paths, words))


def _told(section: Section, item: Item, paths: Sequence[tuple[str, ...]], words: Words) -> Iterator[Fact]:
    conditions = {path[1]: item["when"][path[1]] for path in paths if len(path) > 1}
    if conditions:
        nested: Phrase = ("a nested condition: ",) if any(_is_nested(*one) for one in conditions.items()) else ()
        yield Fact(WHOM if section != "segments" else WHO, of(nested, condition(conditions, words.vocabulary)))
    keys = {path[0] for path in paths if len(path) == 1} - _ELSEWHERE
    if keys & _SCHEDULE:
        schedule = moments.schedule({key: item[key] for key in keys & _SCHEDULE}, words.vocabulary.zone)
        yield Fact(WHEN, (schedule or "on the visitor’s clock",))
    for key in item:
        if key in keys - _SCHEDULE and not (key == "lasts" and "pattern" in keys):
            yield Fact(*_one(section, item, key, words))


def _is_nested(key: str, held: object) -> bool:
    return key in ("all", "any") or (key == "not" and any(_is_nested(*one) for one in mapping(held).items()))


def _one(section: Section, item: Item, key: str, words: Words) -> tuple[str, Phrase]:
    held = item[key]
    if key == "slot":
        return "Where", of("more than one place: " if held != "*" else "", words.slots_of(item))
    if key == "then":
        return "What is shown", listed(effects(held, words.vocabulary))
    if key == "arms" and isinstance(held, list | tuple):
        arms = [mapping(arm) for arm in held]
        each = [of(f"{arm.get('name') or arm.get('id')}: ", *_effects_of(arm, words)) for arm in arms]
        return "What is shown", of("other shares than two halves: " if _unequal(arms) else "", listed(each))
    if key in KINDS:
        facts = words.facts(section, {name: part for name, part in item.items() if name in (key, "lasts")})
        return WHO, facts[0].phrase
    if key == "cap":
        return "How often", (cap(held),)
    said = ("yes" if held else "no") if isinstance(held, bool) else held if isinstance(held, str) else as_written(held)
    return _LABELS.get(key, key), (said,)


def _effects_of(arm: Item, words: Words) -> tuple[Phrase, ...]:
    return (listed(effects(arm.get("then"), words.vocabulary)),)


def _unequal(arms: Sequence[Item]) -> bool:
    return len(arms) != 2 or arms[0].get("weight", 1) != arms[1].get("weight", 1)


_LABELS = {
    "group": "Excludes other experiments of the group",
    "shared": "Shown outside of the test, too",
    "strict": "Never answered out of date",
    "public": "A visitor’s browser may learn of it",
    "goal": "A success",
    "traffic": "Percent who take part",
    "salt": "Visitors are shared out by",
    "unit": "Visitors are told apart by",
}
