"""Content for commands that have no database: a folder as the `files` adapter reads it, or one file of entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import click

from rules.errors import Problem, RuleError
from rules.report import pointer
from rules.source import LONGEST_TEXT, parse

Entries = Sequence[Mapping[str, object]]

content_option = click.option(
    "--content",
    "content_path",
    type=click.Path(exists=True, path_type=Path),
    metavar="PATH",
    help="Content: a folder as the 'files' source reads it, or a YAML or JSON file with a list of entries.",
)


def read_entries(path: Path) -> Entries:
    """The entries at a path, as `rules` takes them.

    Raises:
        RuleError: a file that is no list of entries; with the places.
        CmsError: a folder that cannot be read.
    """
    return _folder(path) if path.is_dir() else entries_of_file(path)


def entries_of_file(path: Path) -> Entries:
    """A list of entries, or `{entries: [...]}`, as YAML or JSON. Raises RuleError."""
    file = str(path)
    try:
        if path.stat().st_size > LONGEST_TEXT:
            raise RuleError([Problem("the file is too large", file=file)])
        source = parse(path.read_text("utf-8"), file)
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError([Problem(f"cannot be read: {error}", file=file)]) from error
    inside: tuple[str, ...] = ("entries",) if isinstance(source.data, Mapping) else ()
    found = source.data.get("entries") if isinstance(source.data, Mapping) else source.data
    if not isinstance(found, list):
        raise RuleError([Problem("want a list of entries, or a mapping with one under 'entries'", file=file)])
    faults = []
    for index, entry in enumerate(found):
        if not isinstance(entry, Mapping) or not isinstance(entry.get("id"), str) or not entry["id"]:
            place = source.place((*inside, index))
            said = "an entry is a mapping with an 'id', a text"
            faults.append(Problem(said, pointer((*inside, index)), file, place.line, place.column))
    if faults:
        raise RuleError(faults)
    return found


def _folder(path: Path) -> Entries:
    """What the `files` adapter reads there; broken files are reported, and the others are used."""
    from adapters import registry  # noqa: PLC0415 - only where a folder is given
    from adapters.runtime import Runtime  # noqa: PLC0415

    source = registry.cms("files")({"path": str(path)}, Runtime.system())
    try:
        changes = source.changes(None)
    finally:
        source.close()
    for problem in changes.problems:
        click.echo(f"{path / problem.where}: {'' if problem.blocking else 'warning: '}{problem.reason}", err=True)
    return [
        {
            **entry.fields,
            "id": entry.id,
            "type": entry.type,
            "tags": list(entry.tags),
            "locale": entry.locale,
            "published_at": _text(entry.published_at),
        }
        for entry in changes.entries
    ]


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
