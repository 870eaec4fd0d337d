"""`tessera rules`: checking files, and the versions that are kept of them."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plugin.cli.entries import content_option
from plugin.cli.output import ProblemsFound, format_option, show_json, show_problems, show_table
from plugin.cli.wiring import load_settings, opened_store
from plugin.wiring.system import now

if TYPE_CHECKING:
    from plugin.service.rulesets.publish import Publishing, Reference
    from plugin.settings import Settings
    from plugin.store import Store

_paths = click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
_author = click.option("--author", default=None, help="Who does it; by default the name you are logged in with.")
_note = click.option("--note", default="", help="Why, in a few words.")


@click.group()
def rules() -> None:
    """Check, publish and compare rules. PATH is a file, or a folder of .yaml, .yml and .json files."""


@rules.command()
@_paths
@content_option
@click.option("--cost", is_flag=True, help="Show what caching each slot costs, and what each rule adds.")
@format_option
def check(paths: tuple[Path, ...], content_path: Path | None, cost: bool, shape: str) -> None:
    """Check rule files and run their tests. All paths together are one document.

    Each problem is a line of standard error: file:line:col: message. Warnings do not fail the check.
    """
    from plugin.cli.checking import check_paths  # noqa: PLC0415

    check_paths(paths, content_path, as_json=shape == "json", now=now(), cost=cost)


@rules.command()
@_paths
@format_option
def analyse(paths: tuple[Path, ...], shape: str) -> None:
    """Find rules that can never fire, are always beaten, contradict each other, or are doubled."""
    from plugin.cli.checking import analyse_paths  # noqa: PLC0415

    analyse_paths(paths, as_json=shape == "json")


@rules.command()
@click.option("--compiled", is_flag=True, help="That of compiled rule sets, as 'rules export' prints them.")
def schema(compiled: bool) -> None:
    """Print the JSON Schema of rule documents, for editors' tools."""
    from rules.export_schema import compiled_schema  # noqa: PLC0415
    from rules.schema import json_schema  # noqa: PLC0415

    show_json(compiled_schema() if compiled else json_schema())


@rules.command()
@click.argument("what", nargs=-1, metavar="[VERSION|PATH...]")
@content_option
def export(what: tuple[str, ...], content_path: Path | None) -> None:
    """Print a compiled rule set as JSON, for edges that evaluate by themselves.

    A version's number, 'published' (the default) or 'draft', with the published content; or files, which together are
    one document, with content where --content brings some.
    """
    from plugin.cli.entries import read_entries  # noqa: PLC0415
    from rules import load_files  # noqa: PLC0415
    from rules.export import export as exported  # noqa: PLC0415

    if what and not (len(what) == 1 and _is_reference(what[0])):
        ruleset = load_files(what)
        show_problems(ruleset.warnings)
        content = ruleset.prepare(read_entries(content_path)) if content_path is not None else None
        show_json(exported(ruleset, content=content))
        return
    if content_path is not None:
        raise click.UsageError("--content goes with files; a version has the published content")
    settings = load_settings()
    with opened_store(settings) as store:
        show_json(_publishing(store, settings).export(_reference(what[0] if what else "published")))


@rules.command()
@_paths
@_author
@_note
def publish(paths: tuple[Path, ...], author: str | None, note: str) -> None:
    """Check rule files, keep them as a new version and serve it. All paths together are one document."""
    from plugin.cli.places import RuleFiles  # noqa: PLC0415
    from plugin.errors import RulesRejected  # noqa: PLC0415
    from rules import load_files  # noqa: PLC0415

    ruleset = load_files(paths)
    show_problems(ruleset.warnings)
    settings = load_settings()
    with opened_store(settings) as store:
        service = _publishing(store, settings)
        published = service.published()
        if published is not None and published.version.digest == ruleset.digest:
            click.echo(f"version {published.version.number} is this document already")
            return
        try:
            version, _publication = service.release(ruleset, author=author or getpass.getuser(), note=note)
        except RulesRejected as error:
            files = RuleFiles(paths)
            show_problems(files.placed(problem) for problem in error.problems if problem.severity == "error")
            if not store.content.epoch():
                click.echo("there is no content yet for the tests to run with: 'tessera cms sync' brings it", err=True)
            raise ProblemsFound from error
    click.echo(f"published version {version.number} ({version.digest[:12]})")


@rules.command("list")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="At most so many.")
@format_option
def list_(limit: int, shape: str) -> None:
    """List the versions, newest first; the published one is marked."""
    settings = load_settings()
    with opened_store(settings) as store:
        service = _publishing(store, settings)
        published = service.published()
        versions = service.page(limit=limit).items
    serving = published.version.number if published is not None else None
    if shape == "json":
        show_json(
            [
                {
                    "number": one.number,
                    "published": one.number == serving,
                    "created_at": one.created_at.isoformat(),
                    "author": one.author,
                    "note": one.note,
                    "digest": one.digest,
                }
                for one in versions
            ]
        )
        return
    rows = [
        (
            "*" if one.number == serving else "",
            str(one.number),
            one.created_at.isoformat(timespec="seconds"),
            one.author,
            one.digest[:12],
            one.note,
        )
        for one in versions
    ]
    show_table(rows, ("", "version", "created", "author", "digest", "note"))


@rules.command()
@click.argument("a")
@click.argument("b")
@format_option
def diff(a: str, b: str, shape: str) -> None:
    """Show what turns version A into version B; each is a number, 'published' or 'draft'."""
    from plugin.cli.differences import as_json, lines  # noqa: PLC0415

    settings = load_settings()
    with opened_store(settings) as store:
        found = _publishing(store, settings).diff(_reference(a), _reference(b))
    if shape == "json":
        show_json(as_json(found))
        return
    for line in lines(found):
        click.echo(line)


@rules.command()
@click.argument("version", type=click.IntRange(min=1))
@_author
@_note
def rollback(version: int, author: str | None, note: str) -> None:
    """Serve a version again that was served before. Its tests are not run."""
    settings = load_settings()
    with opened_store(settings) as store:
        moved = _publishing(store, settings).rollback(version, author=author or getpass.getuser(), note=note)
    before = "nothing" if moved.previous is None else f"version {moved.previous}"
    click.echo(f"published version {moved.number} in place of {before}")


def _publishing(store: Store, settings: Settings) -> Publishing:
    from plugin.service.rulesets.publish import Publishing  # noqa: PLC0415

    return Publishing(store.rulesets, store.draft, store.content, models=settings.models, clock=now)


def _is_reference(text: str) -> bool:
    """Whether a text names a version; a file of that name is given with its folder, as ./draft."""
    return text in ("draft", "published") or (text.isascii() and text.isdigit())


def _reference(text: str) -> Reference:
    if text == "draft":
        return "draft"
    if text == "published":
        return "published"
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    raise click.BadParameter(f"{text!r} is neither a version's number nor 'published' or 'draft'")
