"""A condition as the form draws it: groups within groups, one line for each thing that is asked.

What a line or a group cannot say is kept in its place as it is written. Whatever was not changed in the form stays as
it is written, too: `Spelled` remembers how.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from plugin.editor.askable import WRAPPING, Ask, Kind, Texts, texts_of, value_of, wrong
from plugin.editor.subjects_asked import SEGMENT, Subjects

Join = Literal["all", "any", "none"]
JOINS: tuple[Join, ...] = ("all", "any", "none")
_DEEPEST, DRAWN = 5, 10
"""How deep groups may be made, and how deep they are drawn where they are there."""
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One line: what is asked, by which test, of which value. Each is empty until it is chosen."""

    what: str
    test: str = ""
    texts: Texts = ()
    any_case: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """A condition that no line can say, as JSON."""

    text: str


@dataclass(frozen=True, slots=True)
class Group:
    """Several conditions."""

    join: Join
    nodes: tuple[Node, ...] = ()


Node: TypeAlias = "Leaf | Kept | Group"
Spelled = dict[Node, Mapping[str, Any]]
"""How conditions were written, by how they are drawn."""
NOTHING = Group("all")


def draw(data: Mapping[str, Any], subjects: Subjects) -> tuple[Group, Spelled]:
    """A condition as a group of lines, and how each part of it is written."""
    spelled: Spelled = {}
    if not data:
        return NOTHING, spelled
    node = _drawn(data, subjects, spelled, 0)
    group = node if isinstance(node, Group) else Group("all", (node,))
    spelled[group] = data
    return group, spelled


def _drawn(data: Any, subjects: Subjects, spelled: Spelled, depth: int) -> Node:  # noqa: ANN401  # any JSON
    shown = isinstance(data, Mapping) and depth <= DRAWN
    nodes = list(_members(data, subjects, spelled, depth)) if shown else []
    if not nodes:
        return Kept(json.dumps(data, default=dict))
    node = nodes[0] if len(nodes) == 1 else Group("all", tuple(nodes))
    if not isinstance(node, Kept):
        spelled[node] = data
    return node


def _members(data: Mapping[str, Any], subjects: Subjects, spelled: Spelled, depth: int) -> Iterator[Node]:
    for key, held in data.items():
        found = _member(key, held, subjects, spelled, depth)
        if not found:
            yield Kept(json.dumps({key: held}, default=dict))
        for node in found:
            if len(found) == 1 and not isinstance(node, Kept):
                spelled[node] = {key: held}
            yield node


def _member(key: str, held: Any, subjects: Subjects, spelled: Spelled, depth: int) -> Sequence[Node]:  # noqa: ANN401
    if key in ("all", "any"):
        if not isinstance(held, list | tuple) or not held:
            return ()
        return (
            Group("all" if key == "all" else "any", tuple(_drawn(one, subjects, spelled, depth + 1) for one in held)),
        )
    if key == "not":
        return _negated(held, subjects, spelled, depth)
    return _leaves(key, held, subjects)


def _negated(held: Any, subjects: Subjects, spelled: Spelled, depth: int) -> Sequence[Node]:  # noqa: ANN401  # any JSON
    if not isinstance(held, Mapping) or not held:
        return ()
    if set(held) == {SEGMENT} and (leaves := _leaves(SEGMENT, held[SEGMENT], subjects)):
        return [Leaf(SEGMENT, "out", leaf.texts) for leaf in leaves]
    inner = _drawn(held, subjects, spelled, depth + 1)
    return (Group("none", inner.nodes if isinstance(inner, Group) and inner.join == "any" else (inner,)),)


def _leaves(key: str, held: Any, subjects: Subjects) -> Sequence[Leaf]:  # noqa: ANN401  # any JSON
    """The lines that say what is asked of one attribute; none where they cannot."""
    name = "content.id" if subjects.entries and key == "id" else key
    kind = subjects.kind(name)
    if kind is None:
        return ()
    found = [_leaf(name, op, one, kind, any_case) for op, one, any_case in _tests(held, kind)]
    return [leaf for leaf in found if leaf is not None] if None not in found else ()


def _tests(held: Any, kind: Kind) -> Iterator[tuple[str, Any, bool]]:  # noqa: ANN401  # any JSON
    if not isinstance(held, Mapping) or set(held) == {"ref"}:
        yield kind.bare[isinstance(held, list | tuple)], held, False
        return
    any_case = held.get("any_case", False)
    tests = [(op, one) for op, one in held.items() if op != "any_case"]
    if any_case not in (True, False) or not tests or (any_case and not {op for op, _one in tests} <= kind.cased):
        yield "", None, False  # nothing that a line can say
    for op, one in tests:
        yield op, one, bool(any_case)


def _leaf(name: str, op: str, held: Any, kind: Kind, any_case: bool) -> Leaf | None:  # noqa: ANN401  # any JSON
    if name == "time.weekday" and op == "between":
        op, held = "in", _days(held)
    if kind.values and name != SEGMENT and op in ("eq", "ne") and isinstance(held, str):
        op, held = {"eq": "in", "ne": "not_in"}[op], [held]
    for test in kind.tests:
        texts = texts_of(test, held, kind) if test.op == op else None
        if texts is None or (any_case and not cases(test, kind)) or wrong(test, texts, wraps=name in WRAPPING):
            continue
        return Leaf(name, test.id, texts, any_case)
    return None


def cases(test: Ask, kind: Kind) -> bool:
    """Whether a line may say that upper and lower case are alike."""
    return test.op in kind.cased and test.control in ("text", "lines")


def _days(held: object) -> list[str]:
    """The weekdays from one to another."""
    match held:
        case [str(first), str(last)] if first in _WEEK and last in _WEEK:
            begin, count = _WEEK.index(first), (_WEEK.index(last) - _WEEK.index(first)) % 7 + 1
            return [_WEEK[(begin + step) % 7] for step in range(count)]
    return []


def write(node: Node, subjects: Subjects, spelled: Spelled) -> Mapping[str, Any]:
    """The condition that is drawn: as it was written where it was, else in the shortest way. It has no problems."""
    held = spelled.get(node)
    if held is not None:
        return held
    match node:
        case Kept(text):
            found: dict[str, Any] = json.loads(text)
            return found
        case Leaf():
            return _written(node, subjects)
        case Group("all", nodes):
            parts = [write(one, subjects, spelled) for one in nodes]
            return together(parts)
        case Group("any", nodes):
            return {"any": [write(one, subjects, spelled) for one in nodes]}
    parts = [write(one, subjects, spelled) for one in node.nodes]
    return {"not": parts[0] if len(parts) == 1 else {"any": parts}}


def together(parts: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """One mapping that asks for all: side by side, or in a list where two of them have the same key."""
    found: dict[str, Any] = {}
    for part in parts:
        if not part or not hasattr(part, "keys") or set(part) & set(found):
            return {"all": list(parts)}
        found |= part
    return found


def _written(leaf: Leaf, subjects: Subjects) -> Mapping[str, Any]:
    kind = subjects.kind(leaf.what)
    test = kind.test(leaf.test) if kind else None
    if kind is None or test is None:
        raise ValueError(f"{leaf} is not finished")
    held = value_of(test, leaf.texts)
    single = held[0] if isinstance(held, list) and len(held) == 1 else held
    if test.op == "segment":
        return {SEGMENT: single}
    if test.op == "not":
        return {"not": {SEGMENT: single}}
    if leaf.any_case:
        return {leaf.what: {test.op: held, "any_case": True}}
    if test.op == kind.bare[0] or (test.op in kind.bare and test.control != "ref"):
        # One value of several that may be is that value.
        return {leaf.what: single if test.op in ("in", "contains_any", "bare_list") else held}
    return {leaf.what: {test.op: held}}


# --- what the buttons beside a line and a group do

Path = tuple[int, ...]
DOINGS = ("add", "group", "remove", "up", "down")


def at(group: Group, path: Path) -> Node | None:
    """What stands at a place."""
    node: Node = group
    for place in path:
        if not isinstance(node, Group) or not 0 <= place < len(node.nodes):
            return None
        node = node.nodes[place]
    return node


def done(group: Group, doing: str, path: Path) -> tuple[Group, Path]:
    """The group after a button was pressed, and the place where work goes on."""
    node = at(group, path)
    if node is None or doing not in DOINGS or (doing in ("remove", "up", "down") and not path):
        return group, path
    if doing in ("add", "group"):
        if not isinstance(node, Group) or (doing == "group" and not may_nest(path)):
            return group, path
        new: Node = Leaf("") if doing == "add" else Group("any" if node.join == "all" else "all", (Leaf(""), Leaf("")))
        place = (*path, len(node.nodes))
        return _put(group, place, (new,), 0), place if doing == "add" else (*place, 0)
    if doing == "remove":
        return _put(group, path, (), 1), (*path[:-1], path[-1] - 1) if path[-1] else path[:-1]
    return _moved(group, node, path, -1 if doing == "up" else 1)


def may_nest(path: Path) -> bool:
    """Whether a group may stand in the one at a place."""
    return len(path) < _DEEPEST - 1


def _moved(group: Group, node: Node, path: Path, step: int) -> tuple[Group, Path]:
    """One place up or down: past a line, into a group that stands there, or out of the own one at its end."""
    parent, own = path[:-1], path[-1]
    beside = at(group, (*parent, own + step)) if own + step >= 0 else None
    without = _put(group, path, (), 1)
    if isinstance(beside, Group) and len(path) + _depth(node) < _DEEPEST:
        into = own - 1 if step < 0 else own  # the group's place once the line is gone
        place = (*parent, into, len(beside.nodes) if step < 0 else 0)
    elif beside is not None:
        place = (*parent, own + step)
    elif parent:
        place = (*parent[:-1], parent[-1] + (1 if step > 0 else 0))
    else:
        return group, path
    return _put(without, place, (node,), 0), place


def _depth(node: Node) -> int:
    return 1 + max((_depth(one) for one in node.nodes), default=0) if isinstance(node, Group) else 0


def _put(group: Group, path: Path, new: tuple[Node, ...], instead: int) -> Group:
    """The group with nodes put at a place, instead of so many that stand there."""
    first, *rest = path
    nodes = list(group.nodes)
    if rest:
        inner = nodes[first]
        if isinstance(inner, Group):
            nodes[first] = _put(inner, tuple(rest), new, instead)
    else:
        nodes[first : first + instead] = new
    return Group(group.join, tuple(nodes))


def lines(group: Group, path: Path = ()) -> Iterator[tuple[Path, Node]]:
    """Everything in a group, in the order in which it is drawn."""
    for place, node in enumerate(group.nodes):
        yield (*path, place), node
        if isinstance(node, Group):
            yield from lines(node, (*path, place))
