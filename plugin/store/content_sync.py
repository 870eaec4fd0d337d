"""What one sync means for what is held: a pure function, so that the transaction around it stays plain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime

from plugin.ports import Changes, EntryProblem
from plugin.store.content_rows import Key, Row, clean, to_problem, to_row

_NOTED = ("version", "origin", "depends_on")  # kept, and seen by no decision


@dataclass(frozen=True, slots=True)
class Held:
    """What must be known of a stored row."""

    digest: str
    version: str | None
    origin: str | None
    updated_at: datetime
    depends_on: str
    serial: int


@dataclass(frozen=True, slots=True)
class Sifted:
    """A sync whose entries are rows; what cannot be one is among the problems."""

    changes: Changes
    rows: Mapping[Key, Row]
    problems: tuple[EntryProblem, ...]
    refused: tuple[EntryProblem, ...]


@dataclass(frozen=True, slots=True)
class Merge:
    """The writes that a sync comes down to, and their count."""

    write: Sequence[Mapping[str, object]]
    remove: Sequence[Key]
    problems: Sequence[EntryProblem]
    problems_changed: bool
    added: Sequence[Key]
    updated: Sequence[Key]
    unchanged: int


def sift(source: str, changes: Changes) -> Sifted:
    """Raises: ValueError for an entry of another source, or an (id, locale) named twice."""
    rows: dict[Key, Row] = {}
    refused = []
    for entry in changes.entries:
        if entry.source != source:
            raise ValueError(f"an entry of {entry.source!r} among those of {source!r}")
        try:
            row = to_row(entry)
        except ValueError as error:
            refused.append(to_problem(entry, str(error)))
            continue
        if row.key in rows:
            raise ValueError(f"{row.key!r} is named twice")
        rows[row.key] = row
    problems = [clean(problem) for problem in changes.problems] + refused
    return Sifted(changes, rows, tuple(problems), tuple(refused))


def merge(sifted: Sifted, held: Mapping[Key, Held], listed: Iterable[EntryProblem], *, now: datetime) -> Merge:
    """Compare a sync with what is held of its source, and with the problems listed so far."""
    write: list[Mapping[str, object]] = []
    added: list[Key] = []
    updated: list[Key] = []
    for key, row in sifted.rows.items():
        old = held.get(key)
        same = old is not None and old.digest == row.digest
        if old is None:
            added.append(key)
        elif not same:
            updated.append(key)
        elif (old.version, old.origin, old.depends_on) == tuple(row.values[name] for name in _NOTED):
            continue
        # A new version or place of the same content is noted, and is no change to those who read it.
        updated_at = old.updated_at if old is not None and same else now
        write.append({**row.values, "digest": row.digest, "updated_at": updated_at})
    before = list(listed)
    problems = _problems(sifted, before, held)
    return Merge(
        write=write,
        remove=sorted(_removed(sifted, held)),
        problems=problems,
        problems_changed=problems != before,
        added=added,
        updated=updated,
        unchanged=len(sifted.rows) - len(added) - len(updated),
    )


def spare(sifted: Sifted, held: Mapping[Key, Held], keys: Set[Key]) -> tuple[Sifted, Mapping[Key, Held]]:
    """The same without these keys: neither written nor removed."""
    rows = {key: row for key, row in sifted.rows.items() if key not in keys}
    return replace(sifted, rows=rows), {key: old for key, old in held.items() if key not in keys}


def _removed(sifted: Sifted, held: Mapping[Key, Held]) -> set[Key]:
    deleted = set(sifted.changes.deleted)
    gone = {key for key in held if _named(key, deleted)}
    if sifted.changes.full:
        broken = {(problem.id, problem.locale) for problem in sifted.problems if problem.id is not None}
        files = {problem.file for problem in sifted.problems if problem.id is None} - {None}
        gone |= {key for key, old in held.items() if not _named(key, broken) and old.origin not in files}
    return gone - set(sifted.rows)


def _named(key: Key, names: Set[tuple[str, str | None]]) -> bool:
    """Whether the key is among (id, locale), of which a locale of None stands for all."""
    return (key[0], None) in names or key in names


def _problems(sifted: Sifted, listed: Iterable[EntryProblem], held: Mapping[Key, Held]) -> list[EntryProblem]:
    told = sifted.changes.told
    if sifted.changes.full or told == "all":
        return list(dict.fromkeys(sifted.problems))
    removed = _removed(sifted, held)
    settled = {(id_, locale or None) for id_, locale in [*sifted.rows, *removed]}
    settled |= set(sifted.changes.deleted)
    ids = {id_ for id_, _ in settled}
    dropped = {id_ for id_, locale in sifted.changes.deleted if locale is None}
    files = {row.values["origin"] for row in sifted.rows.values()} | {held[key].origin for key in removed}
    told_anew = {(problem.id, problem.locale, problem.file) for problem in sifted.problems}

    def over(problem: EntryProblem) -> bool:
        if (problem.id, problem.locale, problem.file) in told_anew:
            return True
        if problem.id is None:
            return told == "nameless" or problem.file in files
        of_all = problem.locale is None and problem.id in ids
        return of_all or problem.id in dropped or (problem.id, problem.locale) in settled

    return [problem for problem in listed if not over(problem)] + list(dict.fromkeys(sifted.problems))
