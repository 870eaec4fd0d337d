"""`tessera cms`: content and where it comes from."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from plugin.cli.output import Failed, ProblemsFound, counted, format_option, show_json
from plugin.cli.wiring import load_settings, opened_sources, opened_store
from plugin.settings import Settings
from plugin.wiring.system import now

if TYPE_CHECKING:
    from plugin.service.content.converge import Converging
    from plugin.service.content.sync import Synced


@click.group()
def cms() -> None:
    """Pull content, and test the sources it comes from."""


@cms.command()
@click.argument("source", required=False)
@click.option("--full", is_flag=True, help="Read everything, whatever was read before.")
@click.option(
    "--confirm-removals",
    is_flag=True,
    help="Remove also what looks like an accident: more than 20 entries and a tenth of the source's, or all.",
)
def sync(source: str | None, full: bool, confirm_removals: bool) -> None:
    """Bring SOURCE, or every source, up to date. What fails leaves what was there before."""
    from plugin.cli.progress import reading  # noqa: PLC0415
    from plugin.cli.worker import converging  # noqa: PLC0415
    from plugin.service.content.sync import Syncing  # noqa: PLC0415

    settings = load_settings()
    if confirm_removals and source is None:
        raise Failed("name the SOURCE whose removals you confirm")
    names = configured(settings, source)
    with (
        reading() as runtime,
        opened_sources(settings, names, runtime=runtime) as sources,
        opened_store(settings) as store,
    ):
        syncing = Syncing(sources, store.content, clock=now)
        done, looked = [], {}
        for name, opened in sources.items():
            done.append(syncing.sync(name, full=full or confirm_removals, confirm_removals=confirm_removals))
            looked[name] = _see_to_doubts(converging(settings.sources[name], opened, store)) if done[-1].applied else 0
    for synced in done:
        _tell(synced, looked[synced.source])
    if any(synced.applied is None or synced.held for synced in done):
        raise ProblemsFound


def _see_to_doubts(worker: Converging) -> int:
    """Fetch what list and store could not agree on, for there may be no worker; how many entries that were."""
    from plugin.service.content.looking import REREADS_S  # noqa: PLC0415

    def step() -> int:
        return sum(1 for _ in iter(worker.step, False))

    looked = step()
    if looked:  # a deletion gives way to a second look
        time.sleep(REREADS_S[0] + 0.05)
        step()
    return looked


def _tell(synced: Synced, looked: int) -> None:
    """How the sync of one source went."""
    from plugin.service.content.sync import removals_held  # noqa: PLC0415

    name = synced.source
    for problem in synced.problems:
        place = ":".join(str(part) for part in (problem.file, problem.line) if part is not None)
        click.echo(f"{name}: {place or problem.id or 'an entry'}: {problem.reason}", err=True)
    if synced.applied is None:
        click.echo(f"{name}: {synced.error}", err=True)
        return
    if synced.held:
        click.echo(f"{name}: {removals_held(name, synced.held)}", err=True)
    click.echo(
        f"{name}: {synced.applied.added} added, {synced.applied.updated} updated, {synced.applied.removed} removed,"
        f" {synced.applied.unchanged} unchanged, {counted(len(synced.problems), 'problem')}"
        + (f"; {counted(looked, 'entry', 'entries')} looked at alone" if looked else "")
    )


@cms.command()
@click.argument("source")
@click.option("--yes", is_flag=True, help="Do not ask first.")
def drop(source: str, yes: bool) -> None:
    """Remove what came from SOURCE, which is not configured any more or has another name now. Caches are purged."""
    settings = load_settings()
    if source in settings.sources:
        raise Failed(f"{source!r} is configured: it would only be read again")
    if not yes:
        click.confirm(f"Everything that came from {source!r} goes. Go on?", abort=True, err=True)
    with opened_store(settings) as store:
        removed = store.content.drop(source, now=now()).removed
    click.echo(f"{source}: {counted(removed, 'variant')} removed")


@cms.command()
@format_option
def status(shape: str) -> None:
    """Say how content comes from each source: what is outstanding, what fails, how late it is."""
    from plugin.cli.status import as_dict, as_text, look  # noqa: PLC0415

    settings = load_settings()
    configured(settings, None)
    with opened_store(settings) as store:
        found = look(settings, store)
    if shape == "json":
        show_json([as_dict(one) for one in found])
    else:
        for one in found:
            click.echo(as_text(one))
    if not all(one.ok for one in found):
        raise ProblemsFound


@cms.command()
@click.argument("source", required=False)
@click.option("--entries", "most", type=click.IntRange(0, 100), default=3, show_default=True, help="How many to show.")
@format_option
def check(source: str | None, most: int, shape: str) -> None:
    """Test the credentials and the mapping of SOURCE, or of every source, and show what is understood.

    Everything is read, nothing is kept. A few entries are shown as rules will see them, chosen to differ; then what was
    ignored, and why. Ends with code 1 where a source or an entry cannot be read.
    """
    from plugin.cli.checked import Checked  # noqa: PLC0415

    settings = load_settings()
    results = [Checked.of(settings, name) for name in configured(settings, source)]
    if shape == "json":
        show_json({result.name: result.to_dict(most, now()) for result in results})
    else:
        for result in results:
            result.show(most, now())
    if any(result.failed for result in results):
        raise ProblemsFound


def configured(settings: Settings, source: str | None) -> tuple[str, ...]:
    """The sources asked for; none configured is an error, and so is a name that there is not."""
    from rules.suggest import nearest  # noqa: PLC0415

    if not settings.sources:
        raise Failed("no source of content is configured; a table [sources.NAME] in tessera.toml adds one")
    if source is None:
        return tuple(settings.sources)
    if source not in settings.sources:
        near = nearest(source, settings.sources)
        hint = f"did you mean {near!r}?" if near else f"known: {', '.join(settings.sources)}"
        raise Failed(f"no source {source!r}; {hint}")
    return (source,)
