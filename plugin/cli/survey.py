"""What `tessera cms check` finds in one source: everything it holds, and for a few entries what was understood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from adapters.cms.mapped import MappedSource
from adapters.cms.mapping import Ignored, Note, Understood, Unmappable
from adapters.cms.mapping_values import Fields, is_empty
from adapters.cms.port import Entry, Json, Problem

MOST_EXAMPLES = 5
_LONGEST_SAMPLE = 60
_MEANT = ("slot", "audience", "topic")


@dataclass
class Survey:
    """What one source holds.

    Attributes:
        candidates: entries that rules can choose from.
        ignored: ids by reason.
        unused: options of the mapping that no entry had a field for.
    """

    candidates: list[Understood] = field(default_factory=list)
    ignored: dict[str, list[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether some entry could not be taken."""
        return any(problem.blocking for problem in self.problems)

    @property
    def types(self) -> Counter[str]:
        """Candidates by type."""
        return Counter(one.entry.type for one in self.candidates)

    @property
    def locales(self) -> Counter[str]:
        """Candidates by language."""
        return Counter(one.entry.locale or "none" for one in self.candidates)


def survey(source: MappedSource) -> Survey:
    """Reads everything that a source holds. Raises CmsError."""
    source.ping()
    found = source.inner.changes(None)
    made = Survey(problems=list(found.problems))
    watched = {
        (option, path): False
        for option, paths in source.mapping.paths().items()
        if option in source.mapping.said or (option not in _MEANT and "prefixed" in source.mapping.said)
        for path in paths
        if path not in ("id", "type", "locale", "tags")
    }
    for entry in found.entries:
        fields = Fields(entry.fields)
        for option, path in [one for one, seen in watched.items() if not seen]:
            watched[option, path] = not is_empty(fields.get(path))
        try:
            seen = source.mapping.understand(entry)
        except Unmappable as fault:
            made.problems.append(fault.problem())
            continue
        if isinstance(seen, Ignored):
            made.ignored.setdefault(seen.reason, []).append(seen.key.id)
        else:
            made.candidates.append(seen)
    if found.entries:
        made.unused = [
            f"mapping.{option}: no entry has anything in a field {path!r}"
            for (option, path), seen in watched.items()
            if not seen
        ]
    return made


def chosen(candidates: Sequence[Understood], most: int) -> list[Understood]:
    """A few of them that differ: by type first, then language, then by how much was understood."""
    left = list(candidates)
    found: list[Understood] = []
    types: set[str] = set()
    locales: set[str | None] = set()
    while left and len(found) < most:
        best = max(
            left,
            key=lambda one: (
                one.entry.type not in types,
                one.entry.locale not in locales,
                len(_meant(one)),
                _links(one),
            ),
        )
        left.remove(best)
        found.append(best)
        types.add(best.entry.type)
        locales.add(best.entry.locale)
    return found


def _meant(one: Understood) -> list[str]:
    return [tag for tag in one.entry.tags if tag.partition(":")[0] in _MEANT]


def _links(one: Understood) -> bool:
    return bool(one.entry.links)


def described(one: Understood, now: datetime) -> dict[str, Any]:
    """What was understood of an entry, as JSON."""
    entry = one.entry
    return {
        "id": entry.id,
        "type": entry.type,
        "locale": entry.locale,
        "slots": _named(entry, "slot"),
        "audiences": _named(entry, "audience"),
        "topics": _named(entry, "topic"),
        "tags": list(entry.tags),
        "shown_from": _iso(entry.published_at),
        "shown_until": _iso(entry.expires_at),
        "state": state(entry, now),
        "understood_from": [
            {"option": note.option, "field": note.field, "values": list(note.values)} for note in one.notes
        ],
        "fields": {name: kind(value) for name, value in entry.fields.items()},
        "links": [
            {"kind": link.kind, "target": link.target, "field": link.path, "found": link.resolved}
            for link in entry.links
        ],
    }


def state(entry: Entry, now: datetime) -> str:
    """Whether its dates let it be shown: "waiting", "shown" or "over"."""
    if entry.expires_at is not None and entry.expires_at <= now:
        return "over"
    return "waiting" if entry.published_at is not None and entry.published_at > now else "shown"


def _named(entry: Entry, prefix: str) -> list[str]:
    return [tag.partition(":")[2] for tag in entry.tags if tag.startswith(f"{prefix}:")]


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def kind(value: Json) -> str:
    """What a field holds, in a word or two."""
    if is_empty(value) and value is not False:
        return "empty"
    match value:
        case bool():
            return "yes or no"
        case int() | float():
            return "number"
        case str():
            return "text"
        case list():
            kinds = sorted({kind(item) for item in value})
            return f"list of {len(value)} ({', '.join(kinds)})"
        case {"url": str()}:
            return "file"
        case {"$ref": _}:
            return "link that was not followed"
        case {"id": _, "fields": _} | {"documentId": _}:
            return "linked entry"
        case dict():
            return f"group of {len(value)} fields"
    return "empty"


def lines(one: Understood, now: datetime) -> Iterator[str]:
    """The same for people."""
    entry, told = one.entry, described(one, now)
    yield f"{entry.type} {entry.id}" + (f", language {entry.locale}" if entry.locale else "")
    sources = {note.option: note for note in one.notes}
    yield _row("slots", ", ".join(told["slots"]) or "none named: rules alone place it", sources.get("slot"))
    audience = ", ".join(told["audiences"])
    yield _row("seen by", f"only {audience}" if audience else "everybody", sources.get("audience"))
    if told["topics"]:
        yield _row("topics", ", ".join(told["topics"]), sources.get("topic"))
    others = [tag for tag in entry.tags if tag.partition(":")[0] not in _MEANT]
    if others:
        yield _row("other tags", ", ".join(others), sources.get("tags"))
    waiting = " (not yet)" if told["state"] == "waiting" else ""
    yield _row("from", _said(entry.published_at, "at once") + waiting, sources.get("starts_at"))
    over = " (over)" if told["state"] == "over" else ""
    yield _row("until", _said(entry.expires_at, "no end") + over, sources.get("ends_at"))
    for option in ("type", "locale"):
        if option in sources:
            yield _row(option, ", ".join(sources[option].values), sources[option])
    for name, value in entry.fields.items():
        yield _row("field", f"{name}: {kind(value)}{_sample(value)}")
    for link in entry.links:
        found = "" if link.resolved else ", NOT FOUND"
        yield _row("link", f"{link.kind} {link.target}{found}" + (f" at {link.path}" if link.path else ""))


def _row(name: str, text: str, note: Note | None = None) -> str:
    return f"  {name:<10}  {text}" + (f"  [field {note.field}]" if note else "")


def _said(moment: datetime | None, otherwise: str) -> str:
    return otherwise if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"


def _sample(value: Json) -> str:
    if not isinstance(value, str) or not value.strip():
        return f", {value}" if isinstance(value, int | float) and not isinstance(value, bool) else ""
    text = " ".join(value.split())
    cut = text[: _LONGEST_SAMPLE - 1].rstrip() + "…" if len(text) > _LONGEST_SAMPLE else text
    return f", “{cut}”" if cut.isprintable() else ""
