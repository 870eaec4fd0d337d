"""`tessera segments`: who is in which, lists in and out, and what uses a segment."""

from __future__ import annotations

import getpass
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plugin.cli.output import Failed, ProblemsFound, counted, format_option, show_json, show_table
from plugin.cli.wiring import load_settings, opened_store
from plugin.wiring.system import now

if TYPE_CHECKING:
    from plugin.service.segments.reading import Size
    from plugin.service.segments.services import SegmentServices

MOST_BYTES = 1024 * 1024 * 1024
_author = click.option("--author", default=None, help="Who does it; by default the name you are logged in with.")


@click.group()
def segments() -> None:
    """Segments that keep people: sizes, members, lists in and out, and what uses a segment."""


@segments.command("list")
@format_option
def list_(shape: str) -> None:
    """List the segments, with how many visitors' ids are in each now. Conditions have no size: requests are asked."""
    with _opened() as services:
        found = services.reading.sizes()
    if shape == "json":
        show_json([asdict(one) for one in found])
        return
    rows = [(one.id, one.kind or "gone", "-" if one.size is None else f"{one.size:,}", _notes(one)) for one in found]
    show_table(rows, ("segment", "kind", "size", ""))


@segments.command("import")
@click.argument("segment")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE.csv")
@click.option("--replace", is_flag=True, help="Whoever is not in the file leaves the segment.")
@click.option("--skip-bad", is_flag=True, help="Pass over lines that hold no id; else one keeps everything out.")
@click.option("--column", default=None, help="The column of the header that has the ids.")
@click.option("--ttl", default=None, help="They leave after so long: 30s, 15m, 2h, 7d, 4w.")
@_author
def import_(
    segment: str, file: Path, replace: bool, skip_bad: bool, column: str | None, ttl: str | None, author: str | None
) -> None:
    """Put the visitors of FILE.csv in SEGMENT: an id a line, or a header with a column `id` or `visitor_id`.

    The file is looked through to its end before anything is written. Bad lines are printed with their numbers.
    """
    from plugin.service.segments.asked import Terms  # noqa: PLC0415
    from plugin.service.segments.importing import BadLines  # noqa: PLC0415

    if file.stat().st_size > MOST_BYTES:
        raise Failed(f"{file} is larger than a gigabyte: split it, and import the parts without --replace")
    raw = file.read_bytes()
    with _opened() as services:
        try:
            done = services.imports.run(
                segment,
                raw,
                Terms(ttl=ttl),
                column=column,
                replace=replace,
                skip=skip_bad,
                author=author or getpass.getuser(),
            )
        except BadLines as fault:
            for one in fault.looked.bad:
                click.echo(f"{file}:{one.line}: {one.detail}", err=True)
            raise Failed(str(fault).replace("on_error=skip", "--skip-bad")) from fault
    for one in done.bad:
        click.echo(f"{file}:{one.line}: {one.detail}", err=True)
    written = done.written
    click.echo(
        f"{segment}: {counted(done.lines, 'line')}, {written.entered:,} entered, {written.kept:,} were in,"
        f" {written.removed:,} left" + (f", {written.erased:,} erased meanwhile" if written.erased else "")
    )
    if done.rejected:
        raise ProblemsFound


@segments.command()
@click.argument("segment")
@_author
def export(segment: str, author: str | None) -> None:
    """Write who is in SEGMENT to standard output, as CSV.

    Ids are kept nowhere: visitors come by what stands for their ids, which nobody can turn back. Only those whom the
    rule document itself lists come by their ids.
    """
    from plugin.service.segments.export import csv_of  # noqa: PLC0415

    with _opened() as services:
        listed, kept = services.reading.everybody(segment, author=author or getpass.getuser())
        for part in csv_of(listed, kept):
            click.echo(part, nl=False)


@segments.command()
@click.argument("segment")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="At most so many.")
@_author
@format_option
def members(segment: str, limit: int, author: str | None, shape: str) -> None:
    """Show some of those who are in SEGMENT, by what stands for their ids."""
    from plugin.service.segments.times import shown  # noqa: PLC0415

    with _opened() as services:
        page = services.reading.members(segment, after=None, limit=limit, author=author or getpass.getuser())
    if shape == "json":
        show_json(
            [
                {"source": one.source, "since": shown(one.since), "until": shown(one.until), "score": one.score}
                for one in page.items
            ]
        )
        return
    rows = [
        (one.source, shown(one.since) or "", shown(one.until) or "", "" if one.score is None else f"{one.score:g}")
        for one in page.items
    ]
    show_table(rows, ("visitor", "since", "until", "score"))
    if page.next is not None:
        click.echo("there are more: 'tessera segments export' writes all of them", err=True)


@segments.command()
@click.argument("segment")
@format_option
def uses(segment: str, shape: str) -> None:
    """Show the rules, experiments, segments, tests and entries that use SEGMENT."""
    with _opened() as services:
        found = services.uses.of(segment)
    if shape == "json":
        show_json([asdict(one) for one in found])
    elif found:
        rows = [(one.section, one.id, one.pointer, _where(draft=one.draft, published=one.published)) for one in found]
        show_table(rows, ("section", "id", "place", "in"))
    else:
        click.echo(f"nothing uses {segment!r}")


@contextmanager
def _opened() -> Iterator[SegmentServices]:
    from plugin.service.rulesets.draft import Drafting  # noqa: PLC0415
    from plugin.service.segments.services import segment_services  # noqa: PLC0415
    from plugin.settings import signing_key  # noqa: PLC0415
    from plugin.wiring.visiting import hasher_of, now_ms  # noqa: PLC0415

    settings = load_settings()
    # Of the same key as the server's, made where there is none yet: else what is imported would be nobody's.
    hasher = hasher_of(settings, signing_key(settings, lambda: secrets.token_urlsafe(32)).reveal())
    with opened_store(settings) as store:
        yield segment_services(
            drafting=Drafting(store.draft, store.rulesets, store.content, clock=now),
            rulesets=store.rulesets,
            content=store.content,
            lists=store.segment_lists,
            leases=store.leases,
            reads=store.visitors,
            audit=store.audit,
            hasher=hasher,
            identify=hasher.identity,  # of one visitor nothing is asked here
            now_ms=now_ms,
            new_id=lambda: secrets.token_hex(8),
        )


def _notes(one: Size) -> str:
    if one.orphaned:
        return "no document has it; its members can be removed"
    notes = [] if one.enabled else ["switched off"]
    return ", ".join(notes if one.published else [*notes, "in the draft only"])


def _where(*, draft: bool, published: bool) -> str:
    return "draft, published" if draft and published else "draft" if draft else "published"
