"""The effects of a rule as the form draws them, one after the other: about an entry, a tag, or what fits conditions.

What cannot be drawn is kept in its place as it is written, and so is what was not changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from plugin.editor import more, tree, tree_fields
from plugin.editor.askable import typeable
from plugin.editor.effects import effect
from plugin.editor.parts import as_held
from plugin.editor.phrases import Phrase, mapping
from plugin.editor.situation import number
from plugin.editor.subjects_asked import Subjects
from plugin.editor.tree import NOTHING, Group

KINDS = (
    ("pin", "it is pinned: it comes first"),
    ("boost", "it is raised: it ranks higher"),
    ("hide", "it is hidden"),
    ("only", "it is kept: nothing else is shown"),
    ("stop", "rules that come after this one do nothing"),
)
_SELECTING = ("pin", "boost", "hide", "only")
_BESIDE: Mapping[str, frozenset[str]] = {"pin": frozenset({"position", "max", "uncapped"}), "boost": frozenset({"by"})}
_PLACE = re.compile(r"[1-9]\d{0,2}", re.ASCII)
ROOT = "then"
"""The beginning of the names of the fields of all effects but the first, and of the buttons of all."""
SENT = "effects"
"""The field that says that a form has effects."""
TAGS = "content.tags"
Values = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One effect, as the fields hold it.

    Attributes:
        group: further conditions of the entries that it is about.
        kept: the effect as JSON, where no fields can say it; the others are empty then.
    """

    kind: str = "pin"
    entry: str = ""
    tag: str = ""
    place: str = ""
    most: str = ""
    by: str = ""
    uncapped: bool = False
    group: Group = NOTHING
    kept: str = ""


Effects = tuple[Effect, ...]


def name_of(at: int, field: str) -> str:
    """The name of a field: the first effect has the plain ones."""
    return f"{ROOT}.{at}.{field}" if at else field


def root_of(at: int) -> str:
    """The beginning of the names of the conditions of an effect."""
    return f"of{at}"


def draw(held: object, subjects: Subjects) -> Effects | None:
    """The effects of a rule; None where there is no list of them."""
    return tuple(_drawn(one, subjects) for one in held) if isinstance(held, list | tuple) else None


def _drawn(data: object, subjects: Subjects) -> Effect:
    kept = Effect(kind="", kept=json.dumps(data, default=dict))
    found = mapping(data)
    if found == {"stop": True} and found["stop"] is True:
        return Effect(kind="stop")
    kinds = [one for one in _SELECTING if one in found]
    if len(kinds) != 1 or not isinstance(found[kinds[0]], Mapping) or not found[kinds[0]]:
        return kept
    (kind,), chosen = kinds, found[kinds[0]]
    if not set(found) - {kind} <= _BESIDE.get(kind, frozenset()) or (kind == "boost" and "by" not in found):
        return kept
    beside = {key: _number(found[key]) if key in found else "" for key in ("position", "max", "by")}
    if None in beside.values() or found.get("uncapped", False) not in (True, False):
        return kept
    entry, tag, rest = _split(chosen)
    drawn = Effect(
        kind=kind,
        entry=entry,
        tag=tag,
        place=beside["position"] or "",
        most=beside["max"] or "",
        by=beside["by"] or "",
        uncapped=bool(found.get("uncapped")),
        group=tree.draw(rest, subjects)[0],
    )
    return kept if problems_of(0, drawn, subjects) else drawn


def _split(chosen: Mapping[str, Any]) -> tuple[str, str, Mapping[str, Any]]:
    """The entry that a selector names, the tag that it asks for, and what else it says."""
    match chosen:
        case {"id": str(entry), **rest} if not rest and typeable(entry):
            return entry, "", {}
    tag = chosen.get(TAGS)
    if isinstance(tag, str) and typeable(tag):
        return "", tag, {key: held for key, held in chosen.items() if key != TAGS}
    return "", "", chosen


def _number(held: object) -> str | None:
    try:
        return (
            str(held)
            if not isinstance(held, bool) and isinstance(held, int | float) and number(str(held)) == held
            else None
        )
    except ValueError:
        return None


def write(effects: Effects, held: Sequence[Any], subjects: Subjects) -> list[Any]:
    """The effects as documents have them: those of ``held`` as they are written there. They have no problems."""
    written = {_drawn(one, subjects): one for one in held}
    rests = [(effect_, mapping(one)) for effect_, one in written.items() if not effect_.kept]
    return [written[one] if one in written else _written(one, rests, subjects) for one in effects]


def _written(one: Effect, held: Sequence[tuple[Effect, Mapping[str, Any]]], subjects: Subjects) -> object:
    if one.kept:
        return json.loads(one.kept)
    if one.kind == "stop":
        return {"stop": True}
    # What is alike in one that was there is spelled as it is there.
    before = next((data for other, data in held if _about(other) == _about(one)), {})
    selector: Mapping[str, Any] = {"id": one.entry} if one.entry else {TAGS: one.tag} if one.tag else {}
    if one.group.nodes:
        spelled = next((tree.draw(_split(data[other.kind])[2], subjects)[1] for other, data in held
                        if other.group == one.group), {})  # fmt: skip
        drawn = tree.write(one.group, subjects, spelled)
        selector = tree.together([selector, drawn]) if selector else drawn
    made: dict[str, Any] = {one.kind: before[next(k for k in _SELECTING if k in before)] if before else selector}
    if one.kind == "pin":
        for key, text in (("position", one.place), ("max", one.most)):
            if text:
                made[key] = as_held(before.get(key), int(text))
        if one.uncapped:
            made["uncapped"] = True
    if one.kind == "boost":
        made["by"] = as_held(before.get("by"), number(one.by or "0.5"))
    return made


def _about(one: Effect) -> tuple[object, ...]:
    return (one.entry, one.tag, one.group) if one.kind in _SELECTING else (one.kind,)


def read(values: Values, subjects: Subjects, *, new: bool) -> Effects:
    """The effects that the fields hold, after a button was pressed, too."""
    places = {int(name.split(".")[1]) for name in values if re.fullmatch(rf"{ROOT}\.\d{{1,3}}\.(effect|kept)", name)}
    if (new and SENT not in values) or "effect" in values or "kept" in values:
        places.add(0)
    found = [_read(at, values, subjects) for at in sorted(places)]
    doing, at = _doing(values)
    return tuple(_done(found, doing, at))


def _read(at: int, values: Values, subjects: Subjects) -> Effect:
    def said(field: str) -> str:
        return values.get(name_of(at, field), "")

    if name_of(at, "kept") in values:
        return Effect(kind="", kept=said("kept"))
    root = root_of(at)
    group = tree_fields.read(root, values, subjects) if tree_fields.given_in(root, values) else NOTHING
    return Effect(
        kind=said("effect") or "pin",
        entry=said("entry"),
        tag=said("tag"),
        place=said("place"),
        most=said("most"),
        by=said("by"),
        uncapped=bool(said("uncapped")),
        group=group,
    )


def _doing(values: Values) -> tuple[str, int]:
    found = re.fullmatch(rf"{ROOT}(?:\.(\d{{1,3}}))?:(\w+)", values.get(tree_fields.DO, ""))
    return (found[2], int(found[1] or 0)) if found else ("", 0)


def _done(found: Sequence[Effect], doing: str, at: int) -> list[Effect]:
    """The effects after a button was pressed."""
    effects, other = list(found), at + (-1 if doing == "up" else 1)
    if doing == "add":
        effects.append(Effect())
    elif doing == "remove" and at < len(effects):
        del effects[at]
    elif doing in ("up", "down") and 0 <= other < len(effects) and at < len(effects):
        effects[at], effects[other] = effects[other], effects[at]
    return effects


def focus(values: Values, effects: Effects, subjects: Subjects) -> str | None:
    """The field at which work goes on after a button was pressed; None: none of these was."""
    doing, at = _doing(values)
    if not doing:
        return next(
            (found for one in range(len(effects)) if (found := tree_fields.focus(root_of(one), values, subjects))), None
        )
    if doing in ("up", "down"):
        other = at + (-1 if doing == "up" else 1)
        return f"{ROOT}.{other}:{doing}" if 0 <= other < len(effects) else f"{ROOT}.{at}:{doing}"
    if doing == "add":
        return name_of(len(effects) - 1, "entry")
    return f"{ROOT}:add"


def problems(effects: Effects, subjects: Subjects) -> dict[str, str]:
    """What keeps the effects from being some, each at its field."""
    found: dict[str, str] = {}
    for at, one in enumerate(effects):
        found |= problems_of(at, one, subjects)
    return found


def problems_of(at: int, one: Effect, subjects: Subjects) -> dict[str, str]:
    """What cannot be taken of one effect."""
    if one.kept:
        return (
            {}
            if tree_fields.is_json(one.kept)
            else {name_of(at, "kept"): "this effect cannot be read any more: take it out"}
        )
    if one.kind not in dict(KINDS):
        return {name_of(at, "effect"): "choose one of these"}
    if one.kind == "stop":
        return {}
    found = {}
    if not one.entry and not one.tag and not one.group.nodes:
        found["entry"] = "choose an entry, write a tag, or add a condition"
    if one.entry and (one.tag or one.group.nodes):
        found["tag" if one.tag else "entry"] = "an entry, or what it has: not both. Leave one of them open"
    for field, text in (("place", one.place), ("most", one.most)) if one.kind == "pin" else ():
        if text and not _PLACE.fullmatch(text):
            found[field] = "a whole number, such as 1 for the first place" if field == "place" else "a whole number"
    if one.kind == "boost" and one.by:
        try:
            number(one.by)
        except ValueError as error:
            found["by"] = str(error)
    named = {name_of(at, field): said for field, said in found.items()}
    return named | tree_fields.problems(root_of(at), one.group, subjects)


def field_of(effects: Effects, path: Sequence[str], made: object, subjects: Subjects) -> str | None:
    """The field about which a problem of the effects is; ``path``: within `then`."""
    if not path or not path[0].isdecimal() or int(path[0]) >= len(effects):
        return None
    at = int(path[0])
    one = effects[at]
    if one.kept:
        return name_of(at, "kept")
    if path[1:] and path[1] in ("position", "max", "by"):
        return name_of(at, {"position": "place", "max": "most", "by": "by"}[path[1]])
    data = mapping(made[at] if isinstance(made, list) and at < len(made) else None).get(one.kind)
    line = more.line_of(one.group, path[2:], data, subjects)
    if line is not None:
        return f"{tree_fields.name_of(root_of(at), line[0])}.v"
    return name_of(at, "tag" if one.tag and not one.entry else "entry")


# --- what the page shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An effect as the page draws it, with the names of its fields.

    Attributes:
        words: of what is kept.
        drawn: the conditions of the entries; None where the effect is about none.
    """

    at: int
    effect: Effect
    words: Phrase
    drawn: tree_fields.Drawn | None
    may: frozenset[str]

    @property
    def name(self) -> str:
        """What the buttons call it."""
        return f"{ROOT}.{self.at}"

    def field(self, name: str) -> str:
        """The name of one of its fields."""
        return name_of(self.at, name)


def shown(effects: Effects, subjects: Subjects) -> Iterator[Shown]:
    """Each effect, as the page draws it."""
    for at, one in enumerate(effects):
        may = {
            *(["remove"] if len(effects) > 1 else []),
            *(["up"] if at else []),
            *(["down"] if at + 1 < len(effects) else []),
        }
        selects = not one.kept and one.kind in _SELECTING
        data = json.loads(one.kept) if one.kept and tree_fields.is_json(one.kept) else one.kept
        yield Shown(
            at=at,
            effect=one,
            words=effect(data, subjects.vocabulary) if one.kept else (f"effect {at + 1}",),
            drawn=tree_fields.drawn(root_of(at), one.group, subjects) if selects else None,
            may=frozenset(may),
        )


def written(effects: Effects, subjects: Subjects) -> dict[str, str]:
    """The fields as a browser sends them where nobody touches them."""
    found = {SENT: "yes"}
    for one in shown(effects, subjects):
        held = one.effect
        if held.kept:
            found[one.field("kept")] = held.kept
            continue
        said = {"effect": held.kind, "entry": held.entry, "tag": held.tag, "place": held.place, "most": held.most}
        found |= {one.field(name): text for name, text in {**said, "by": held.by}.items()}
        found |= {one.field("uncapped"): "yes"} if held.uncapped else {}
        found |= tree_fields.written(one.drawn.top) if one.drawn is not None else {}
    return found
