"""`tessera privacy`: access, erasure, retention, new keys, and the audit log."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, TextIO

import click

from plugin.cli.output import bad_usage, counted, format_option, show_json, show_table
from plugin.cli.wiring import load_settings, opened_store

if TYPE_CHECKING:
    from plugin.service.audit import Auditing
    from plugin.service.privacy.erase_receipt import Erasure
    from plugin.service.privacy.rekey import Rekeyer
    from plugin.service.privacy.retention import Retaining
    from plugin.service.privacy.services import PrivacyServices

_ID = click.argument("visitor", metavar="ID")
_NAMED = "ID is as the site gives it; - reads it from standard input, so that no history of commands keeps it."


@click.group()
def privacy() -> None:
    """What is kept of visitors: given out, erased, kept no longer, under new keys.

    Each use is noted in the audit log.
    """


@privacy.command(epilog=_NAMED)
@_ID
@click.option("--output", "-o", type=click.File("w", encoding="utf-8", atomic=True), default="-", help="A file.")
def export(visitor: str, output: TextIO) -> None:
    """Write everything that is kept of a visitor, as JSON."""
    with _opened() as work:
        output.writelines(work.services.access.export(_named(visitor), actor=work.actor))


@privacy.command(epilog=_NAMED)
@_ID
@click.option("--yes", is_flag=True, help="Do not ask.")
@format_option
def erase(visitor: str, yes: bool, shape: str) -> None:
    """Erase a visitor, under all ids that are linked to this one."""
    visitor = _named(visitor)
    if not yes:
        click.confirm("Erase this visitor and everybody linked to it?", abort=True, err=True)
    with _opened() as work:
        found = work.services.erasing.erase(visitor, actor=work.actor)
    _show(found, shape)


@privacy.command()
@format_option
def retain(shape: str) -> None:
    """Remove now what was kept long enough; workers do it hourly."""
    with _opened() as work:
        gone = work.retaining.run()
        work.auditing.note(work.actor, "retain", detail=gone)
    if shape == "json":
        show_json(dict(gone))
    else:
        show_table([(kind, f"{number:,}") for kind, number in gone.items()] or [("nothing", "was kept too long")])


@privacy.command()
def rekey() -> None:
    """Move what is kept under older visitor keys to the newest one, while everything goes on.

    Append the new key to `visitor_keys`, restart every process, then run this. It may be ended and begun again.
    """
    with _opened() as work:
        moved = work.rekeyer.run(lambda number: click.echo(f"moved {number:,}", err=True))
        work.auditing.note(work.actor, "rekey", detail={"moved": moved})
    click.echo(f"{counted(moved, 'id')} moved; nothing is kept under older keys")


@privacy.command()
@click.option("--visitor", metavar="ID", help="Of one visitor.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True)
@format_option
def audit(visitor: str | None, limit: int, shape: str) -> None:
    """Show who read or changed personal data, newest first."""
    with _opened() as work:
        named = None if visitor is None else _named(visitor)
        page = work.services.reading.page(visitor=named, after=None, limit=limit, actor=work.actor)
    if shape == "json":
        show_json([dict(one) for one in page.items])
        return
    rows = [[str(one[name] or "") for name in ("at", "actor", "action", "source")] for one in page.items]
    show_table(rows, ("at", "actor", "action", "source"))


@dataclass(frozen=True, slots=True)
class _Work:
    """What these commands work with."""

    services: PrivacyServices
    retaining: Retaining
    rekeyer: Rekeyer
    auditing: Auditing
    actor: str


@contextmanager
def _opened() -> Iterator[_Work]:
    from plugin.service.audit import COMMAND_LINE, Auditing  # noqa: PLC0415
    from plugin.service.delivery.sites import Sites  # noqa: PLC0415
    from plugin.wiring import visiting  # noqa: PLC0415
    from plugin.wiring.privacy_services import privacy_services, retaining  # noqa: PLC0415
    from plugin.wiring.system import new_ids, signing_key_of  # noqa: PLC0415

    settings = load_settings()
    with ExitStack() as closing:
        store = closing.enter_context(opened_store(settings))
        kept = visiting.open_visiting(settings, store, signing_key_of(settings), closing)
        sites = Sites(store.rulesets, store.content, poll_s=settings.ruleset_poll.total_seconds())
        sites.refresh()
        yield _Work(
            privacy_services(settings, kept, store, lambda: sites.site, forget=lambda _source: None, new_id=new_ids()),
            retaining(settings, store),
            visiting.rekeyer(kept.hasher, store, kept.copies),
            Auditing(store.audit, kept.hasher.identity, key_version=kept.hasher.version, now_ms=visiting.now_ms),
            f"{COMMAND_LINE}: {getpass.getuser()}",
        )


def _named(visitor: str) -> str:
    from plugin.profiles.identity import visitor_id  # noqa: PLC0415

    text = visitor
    if visitor == "-":
        text = sys.stdin.readline().rstrip("\r\n")
    if visitor_id(text) is None:
        bad_usage("a visitor id has 1 to 128 characters, none of them a control", "ID")
    return text


def _show(found: Erasure, shape: str) -> None:
    if shape == "json":
        show_json(asdict(found))
        return
    click.echo(f"receipt {found.id}: {counted(found.linked, 'id')}, {'done' if found.done else 'under way'}")
    show_table([(name, f"{number:,}") for name, number in sorted(found.removed.items())])
    for one in found.pending:
        click.echo(f"pending: {one.what}, {'until ' + one.until if one.until else 'for now'}: {one.why}")
    for one in found.outside:
        click.echo(f"not Tessera's: {one.what}: {one.why}")
