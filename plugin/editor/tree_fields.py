"""The fields of a form that hold a drawn condition: read, written, and what is wrong at which of them.

A group `if` has the field `if.join`; its second line is `if.1`, with the fields `if.1.what` and `if.1.test` and those
of its value. A condition that no line can say is in `if.1.kept`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from plugin.editor import tree
from plugin.editor.askable import SIZES, SPANS, WRAPPING, Ask, Control, Kind, Texts, wrong
from plugin.editor.conditions import condition
from plugin.editor.phrases import Phrase
from plugin.editor.selections import entries
from plugin.editor.subjects_asked import FAMILIES, Offered, Subjects
from plugin.editor.tree import JOINS, Group, Join, Kept, Leaf, Node, Path

DO = "do"
"""The buttons beside lines and groups: what they do, and where, such as `if.1:remove`."""
_INPUTS: Mapping[Control, str] = {"time": "time", "times": "time", "date": "date", "dates": "date"}
_JOINS = {
    "all": "all of these hold",
    "any": "at least one of these holds",
    "none": "none of these holds",
}
_SEVERAL = re.compile(r"\r\n|\r|\n")
Values = Mapping[str, str]


def name_of(root: str, path: Path) -> str:
    """The beginning of the names of fields at a place."""
    return ".".join((root, *map(str, path)))


def given_in(root: str, values: Values) -> bool:
    """Whether a form was sent with this group."""
    return f"{root}.join" in values


def read(root: str, values: Values, subjects: Subjects) -> Group:
    """The group that the fields hold, whatever they hold."""
    inside: dict[str, set[int]] = {}
    for name in values:
        parts = name.split(".")
        for end in range(2, len(parts)):
            if parts[end - 1].isdecimal() and len(parts[end - 1]) < 5:
                inside.setdefault(".".join(parts[: end - 1]), set()).add(int(parts[end - 1]))
    found = _group(root, values, inside, subjects, 0)
    if DO in values:
        doing, _path = _doing(root, values)
        if doing:
            return tree.done(found, doing, _path)[0]
    return found


def focus(root: str, values: Values, subjects: Subjects) -> str | None:
    """The field at which work goes on after a button was pressed; None: none of these was."""
    doing, path = _doing(root, values)
    if not doing:
        return None
    before = read(root, {name: text for name, text in values.items() if name != DO}, subjects)
    group, place = tree.done(before, doing, path)
    name = name_of(root, place)
    if doing in ("up", "down"):
        return f"{name}:{doing}"
    match tree.at(group, place):
        case Leaf():
            return f"{name}.what"
        case Kept():
            return f"{name}:remove"
        case Group(_join, nodes) if nodes:
            return f"{name}.join" if len(nodes) > 1 or place else f"{name}:add"
    return f"{name}:add"


def _doing(root: str, values: Values) -> tuple[str, Path]:
    name, _colon, doing = values.get(DO, "").rpartition(":")
    first, *places = name.split(".")
    if first != root or doing not in tree.DOINGS or not all(one.isdecimal() and len(one) < 5 for one in places):
        return "", ()
    return doing, tuple(map(int, places))


def _group(name: str, values: Values, inside: Mapping[str, set[int]], subjects: Subjects, depth: int) -> Group:
    join: Join = next((one for one in JOINS if one == values.get(f"{name}.join")), "all")
    nodes: list[Node] = []
    for place in sorted(inside.get(name, ())):
        own = f"{name}.{place}"
        if f"{own}.join" in values and depth < tree.DRAWN:
            nodes.append(_group(own, values, inside, subjects, depth + 1))
        elif f"{own}.kept" in values:
            nodes.append(Kept(values[f"{own}.kept"]))
        elif f"{own}.what" in values:
            nodes.append(_leaf(own, values, subjects))
    return Group(join, tuple(nodes))


def _leaf(name: str, values: Values, subjects: Subjects) -> Leaf:
    what = values.get(f"{name}.what", "")
    if what.endswith("*"):
        what = what[:-1] + values.get(f"{name}.own", "")
    kind = subjects.kind(what)
    if kind is None:
        return Leaf(what)
    test = kind.test(values.get(f"{name}.test", "")) or kind.tests[0]
    any_case = f"{name}.case" in values and tree.cases(test, kind)
    return Leaf(what, test.id, _texts(name, values, test, kind), any_case)


def _texts(name: str, values: Values, test: Ask, kind: Kind) -> Texts:
    def said(suffix: str) -> str:
        return values.get(f"{name}.{suffix}", "")

    match test.control:
        case "none":
            return ()
        case "boxes":
            return tuple(one for one in kind.values if f"{name}.v.{one}" in values)
        case "lines" | "numbers":
            return tuple(line.strip() for line in _SEVERAL.split(said("v")) if line.strip())
    return tuple(said(f"v{number}" if number else "v") for number in range(SIZES.get(test.control, 1)))


def problems(root: str, group: Group, subjects: Subjects) -> dict[str, str]:
    """What keeps a group from being a condition, each at its field."""
    found: dict[str, str] = {}
    for path, node in tree.lines(group):
        name = name_of(root, path)
        match node:
            case Leaf():
                found |= _wrong_leaf(name, node, subjects)
            case Group(_join, ()):
                found[f"{name}.join"] = "nothing is asked in this group: add a condition, or take the group out"
            case Kept(text) if not is_json(text):
                found[f"{name}.kept"] = "this condition cannot be read any more: take it out"
    return found


def _wrong_leaf(name: str, leaf: Leaf, subjects: Subjects) -> dict[str, str]:
    if not leaf.what:
        return {f"{name}.what": "choose what is asked, or take this line out"}
    kind = subjects.kind(leaf.what)
    test = kind.test(leaf.test) if kind else None
    if kind is None or test is None:
        family = leaf.what in FAMILIES or leaf.what == "content."
        return {f"{name}.own" if family else f"{name}.what": "say which one" if family else "choose one of these"}
    found = wrong(test, leaf.texts, wraps=leaf.what in WRAPPING)
    if found is None:
        return {}
    at, said = found
    suffix = "v" if test.control in ("lines", "numbers", "boxes") or not at else f"v{at}"
    return {f"{name}.{suffix}": said}


def is_json(text: str) -> bool:
    """Whether a text is JSON that a document may hold: NaN and infinite numbers are none, which Python would read."""
    try:
        json.dumps(json.loads(text), allow_nan=False)
    except (ValueError, RecursionError):
        return False
    return True


# --- what the page shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One field of a value, or one box to tick."""

    name: str
    label: str
    value: str = ""
    kind: str = "text"
    ticked: bool = False
    options: tuple[tuple[str, str], ...] = ()
    placeholder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A line or a group as the page draws it.

    Attributes:
        kind: group, leaf or kept.
        words: of what is kept; for others, what they are called to those who cannot see where they stand.
        own: the name within a family of attributes; None where it is in none.
        control: of the test that is chosen.
        may: what the buttons can do here.
    """

    name: str
    kind: str
    words: Phrase
    join: str = "all"
    inner: tuple[Shown, ...] = ()
    kept: str = ""
    what: str = ""
    own: str | None = None
    test: str = ""
    tests: tuple[tuple[str, str], ...] = ()
    control: str = "none"
    boxes: tuple[Box, ...] = ()
    any_case: bool | None = None
    unit: str | None = None
    may: frozenset[str] = field(default_factory=frozenset)

    @property
    def depth(self) -> int:
        """How many groups it stands in."""
        return self.name.count(".")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A group as the page draws it, and what can be chosen in it."""

    top: Shown
    offered: tuple[Offered, ...]
    entries: bool

    @property
    def joins(self) -> tuple[tuple[str, str], ...]:
        """How conditions can be joined."""
        return tuple(_JOINS.items())

    def lists(self, what: str) -> bool:
        """Whether something to ask stands in the list."""
        return any(what == one for _group, rows in self.offered for one, _words in rows)


def drawn(root: str, group: Group, subjects: Subjects) -> Drawn:
    """What the page shows of a group."""
    return Drawn(_shown_group(root, group, (), subjects), subjects.offered, subjects.entries)


def written(shown: Shown) -> dict[str, str]:
    """The fields of a group as a browser sends them where nobody touches it."""
    match shown.kind:
        case "kept":
            return {f"{shown.name}.kept": shown.kept}
        case "group":
            fields = {f"{shown.name}.join": shown.join}
            for one in shown.inner:
                fields |= written(one)
            return fields
    fields = {f"{shown.name}.what": shown.what, f"{shown.name}.test": shown.test}
    fields |= {
        box.name: "yes" if box.kind == "box" else box.value for box in shown.boxes if box.kind != "box" or box.ticked
    }
    if shown.own is not None:
        fields[f"{shown.name}.own"] = shown.own
    return fields | ({f"{shown.name}.case": "yes"} if shown.any_case else {})


def _shown_group(root: str, group: Group, path: Path, subjects: Subjects) -> Shown:
    inner = tuple(
        _shown(root, node, (*path, place), len(group.nodes), subjects) for place, node in enumerate(group.nodes)
    )
    may = {"add", *(["group"] if tree.may_nest(path) else [])}
    return Shown(
        name=name_of(root, path),
        kind="group",
        words=(f"the group “{_JOINS[group.join]}”",),
        join=group.join,
        inner=inner,
        may=frozenset(may),
    )


def _shown(root: str, node: Node, path: Path, count: int, subjects: Subjects) -> Shown:
    name, place = name_of(root, path), path[-1]
    nested = len(path) > 1
    may = {"remove", *(["up"] if place or nested else []), *(["down"] if place + 1 < count or nested else [])}
    match node:
        case Group():
            shown = _shown_group(root, node, path, subjects)
            return Shown(
                name=name, kind="group", words=shown.words, join=node.join, inner=shown.inner, may=shown.may | may
            )
        case Kept(text):
            return Shown(name=name, kind="kept", words=_words(text, subjects), kept=text, may=frozenset(may))
    return _shown_leaf(name, node, subjects, frozenset(may))


def _words(text: str, subjects: Subjects) -> Phrase:
    data = json.loads(text) if is_json(text) else text
    return entries(data, subjects.vocabulary) if subjects.entries else condition(data, subjects.vocabulary)


def _shown_leaf(name: str, leaf: Leaf, subjects: Subjects, may: frozenset[str]) -> Shown:
    family = subjects.family(leaf.what)
    kind = subjects.kind(leaf.what)
    test = kind.test(leaf.test) if kind else None
    label = subjects.label(leaf.what) if leaf.what else "a new condition"
    shown = Shown(
        name=name,
        kind="leaf",
        words=(label,),
        what=f"{family}*" if family else leaf.what,
        own=leaf.what.removeprefix(family) if family else None,
        may=may,
    )
    if kind is None or test is None:
        return shown
    return Shown(
        name=name,
        kind="leaf",
        words=shown.words,
        what=shown.what,
        own=shown.own,
        may=may,
        test=test.id,
        tests=tuple((one.id, one.words) for one in kind.tests),
        control=test.control,
        boxes=tuple(_boxes(name, leaf, test, kind, label)),
        any_case=leaf.any_case if tree.cases(test, kind) else None,
        unit=kind.unit if test.control in ("number", "range") else None,
    )


def _boxes(name: str, leaf: Leaf, test: Ask, kind: Kind, label: str) -> Iterator[Box]:
    texts = (*leaf.texts, "", "", "")
    match test.control:
        case "boxes":
            for one, words in kind.values.items():
                yield Box(name=f"{name}.v.{one}", label=words, kind="box", ticked=one in leaf.texts)
        case "lines" | "numbers":
            yield Box(name=f"{name}.v", label=f"{label}: one on each line", value="\n".join(leaf.texts), kind="lines")
        case "ref":
            options = (("", "choose…"), *kind.comparable.items())
            yield Box(name=f"{name}.v", label="Compared with", value=texts[0], kind="choice", options=options)
        case "ago":
            yield Box(name=f"{name}.v", label="How long", value=texts[0], kind="number")
            yield Box(name=f"{name}.v1", label="Counted in", value=texts[1] or "d", kind="choice", options=SPANS)
        case "place":
            for at, words in enumerate(("Latitude", "Longitude", "Within km")):
                yield Box(name=f"{name}.v{at or ''}", label=words, value=texts[at], kind="decimal")
        case "share":
            for at, words in enumerate(("From percent", "To percent", "Name of the share")):
                hint = ("0", "100", "a word of its own")[at]
                kind_ = "decimal" if at < 2 else "text"
                yield Box(name=f"{name}.v{at or ''}", label=words, value=texts[at], kind=kind_, placeholder=hint)
        case "range" | "times" | "dates":
            input_ = _INPUTS.get(test.control, "decimal")
            for at, words in enumerate(("from", "to")):
                yield Box(name=f"{name}.v{at or ''}", label=f"{label}, {words}", value=texts[at], kind=input_)
        case "text" | "number" | "time" | "date" | "moment":
            input_ = _INPUTS.get(test.control, "decimal" if test.control == "number" else "text")
            hint = "2026-12-24T18:00" if test.control == "moment" else ""
            yield Box(name=f"{name}.v", label=label, value=texts[0], kind=input_, placeholder=hint)
