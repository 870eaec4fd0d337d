"""`tessera demo`: the sample site in a folder of its own, prepared with the ordinary services and served."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plugin.cli.output import Failed, counted
from plugin.cli.serve import host_and_port, refuse_taken, serve_with
from plugin.cli.wiring import load_settings, opened_sources
from plugin.setting_kinds import SCOPES
from plugin.settings import PREFIX, Settings
from plugin.wiring.system import now

if TYPE_CHECKING:
    from plugin.service.rulesets.publish import Publishing
    from plugin.store import Store

DELIVERY_KEY = "demo-delivery-key"
"""Public, as delivery keys are."""
PURGE_SECRET = "purges-of-the-demo"  # noqa: S105 - public, for this machine alone
"""That of tessera_demo.vcl, which takes purges from this machine alone."""
AUTHOR = "tessera demo"
_PASSED_ON = ("BIND", "WORKERS", "LOG_LEVEL", "PUBLIC_URL", "TRUSTED_PROXIES", "GEO_DATABASE")
"""Variables of the environment that hold here too; the demo must never touch a database that they name."""


@click.command()
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("var/demo"),
    show_default=True,
    help="The folder that holds its database, settings and keys; made where it is missing.",
)
@click.option(
    "--content",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Another folder of content than the one shipped, followed as files in it change.",
)
@click.option(
    "--bind", metavar="HOST:PORT", help="Where to listen; 127.0.0.1:8000 unless the environment says otherwise."
)
@click.option(
    "--workers", type=click.IntRange(1, 64), help="Worker processes; 1 unless the environment says otherwise."
)
@click.option(
    "--varnish",
    metavar="URL",
    help="A Varnish with tessera_demo.vcl on this machine, which is believed and told what changed: see docs/edge.md.",
)
def demo(data: Path, content: Path | None, bind: str | None, workers: int | None, varnish: str | None) -> None:
    """Serve the sample site: a storefront, the API and what stands behind them, until Ctrl-C.

    Everything is in one folder. The content folder is followed while it runs; rules that were published by hand stay
    until the shipped ones change.
    """
    file = _write_settings(data, content, varnish)
    ignored = _take_environment(file, bind, workers)
    settings = load_settings()
    refuse_taken(*host_and_port(settings))
    for name in ignored:
        click.echo(f"{name} is not for the demo: it keeps to {data}", err=True)
    for line in prepare(settings):
        click.echo(line)
    serve_with(settings, on_ready=lambda: click.echo(_welcome(settings, file, content, varnish)))


def prepare(settings: Settings) -> list[str]:
    """Migrate, bring the content up to date, publish the shipped rules where they are new. Says what was done.

    Raises:
        Failed: the content cannot be read.
        RulesRejected: a rule does not fit the content.
    """
    from plugin.store import migrate, open_store  # noqa: PLC0415 - SQLAlchemy takes a while to import

    store = open_store(settings.database_url.reveal())
    try:
        migrate.upgrade(store.engine)
        return [*_sync(settings, store), *_publish(settings, store)]
    finally:
        store.close()


def _sync(settings: Settings, store: Store) -> list[str]:
    from plugin.service.content.sync import Syncing  # noqa: PLC0415

    said = []
    with opened_sources(settings) as sources:
        syncing = Syncing(sources, store.content, clock=now)
        # Whoever names another folder means it: what was in the one before goes, however much it is.
        for done in (syncing.sync(name, confirm_removals=True) for name in sources):
            for problem in done.problems:
                click.echo(f"{problem.file or problem.id}:{problem.line or ''} {problem.reason}", err=True)
            if done.applied is None:
                raise Failed(f"the content of {done.source} cannot be read: {done.error}")
            changed = done.applied.added + done.applied.updated + done.applied.removed
            if changed:
                said.append(f"content: {counted(changed, 'entry', 'entries')} added, updated or removed")
    return said


def _publish(settings: Settings, store: Store) -> list[str]:
    """Publish the shipped rules, unless they are what was shipped last: then whatever is published stays."""
    from plugin.resources import folder  # noqa: PLC0415
    from plugin.service.rulesets.publish import Publishing  # noqa: PLC0415
    from rules import load_files  # noqa: PLC0415

    service = Publishing(store.rulesets, store.draft, store.content, models=settings.models, clock=now)
    shipped = load_files([folder("site") / "rules"])
    if service.published() is not None and _shipped_last(service) == shipped.digest:
        return []
    version, _publication = service.release(shipped, author=AUTHOR, note="the rules of the sample site")
    return [f"rules: version {version.number} published"]


def _shipped_last(service: Publishing) -> str | None:
    """The digest of the newest version that this command made."""
    after: str | None = None
    while True:
        page = service.page(after=after)
        for version in page.items:
            if version.author == AUTHOR:
                return version.digest
        after = page.next
        if after is None:
            return None


def _write_settings(data: Path, content: Path | None, varnish: str | None = None) -> Path:
    """Write `tessera.toml` into the folder; the management key in it stays what it was."""
    from plugin.resources import folder  # noqa: PLC0415

    site = folder("site")
    file = data.absolute() / "tessera.toml"
    key = _kept_key(file) or secrets.token_urlsafe(32)
    text = "\n".join(
        [
            "# Written by 'tessera demo' whenever it starts: other changes than to the management key are lost.",
            f"# Other commands work on the demo with {PREFIX}CONFIG={json.dumps(str(file), ensure_ascii=False)}.",
            "demo = true",
            'data_dir = "."',
            f"delivery_keys = [{{ key = {json.dumps(DELIVERY_KEY)} }}]",
            *(['trusted_proxies = ["127.0.0.1", "::1"]'] if varnish else []),
            "[[management_keys]]",
            'name = "demo"',
            f"key = {json.dumps(key)}",
            f"scopes = {json.dumps(sorted(SCOPES))}",
            "[sources.site]",
            'adapter = "files"',
            f"path = {_toml(site / 'content' if content is None else content.absolute())}",
            'locales = ["fr", "en"]',
            'assets_base = "/assets/"',
            "[models.feed-linear]",
            'adapter = "linear"',
            f"path = {_toml(site / 'models' / 'feed-linear.json')}",
            *(_edge(varnish) if varnish else []),
            "",
        ]
    )
    try:
        data.mkdir(parents=True, exist_ok=True)
        _write_privately(file, text)
    except OSError as error:
        raise Failed(f"cannot write to {data}: {error.strerror}") from error
    return file


def _edge(varnish: str) -> list[str]:
    """The setting of a cache to tell what changed."""
    return [
        "[edges.varnish]",
        'adapter = "varnish"',
        f"urls = [{json.dumps(varnish, ensure_ascii=False)}]",
        f"secret = {json.dumps(PURGE_SECRET)}",
    ]


def _toml(path: Path) -> str:
    """A path as a TOML string; JSON's escapes are TOML's."""
    return json.dumps(str(path), ensure_ascii=False)


def _kept_key(file: Path) -> str | None:
    try:
        key = tomllib.loads(file.read_text(encoding="utf-8"))["management_keys"][0]["key"]
    except (OSError, ValueError, KeyError, IndexError, TypeError):  # the first start, or a file that somebody broke
        return None
    return key if isinstance(key, str) else None


def _write_privately(file: Path, text: str) -> None:
    """Readable by its owner only, and never half written."""
    descriptor, aside = tempfile.mkstemp(dir=file.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(aside).replace(file)
    except OSError:
        Path(aside).unlink(missing_ok=True)
        raise


def _take_environment(file: Path, bind: str | None, workers: int | None) -> list[str]:
    """Make this process and its workers read the demo's settings; gives the variables that do not hold here."""
    known = {PREFIX + name for name in (*_PASSED_ON, "CONFIG")}
    ignored = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    for name in ignored:
        del os.environ[name]
    given = {"CONFIG": str(file), "BIND": bind, "WORKERS": workers}
    os.environ.update({PREFIX + name: str(value) for name, value in given.items() if value is not None})
    os.environ.setdefault(PREFIX + "LOG_LEVEL", "warning")
    return ignored


def _welcome(settings: Settings, file: Path, content: Path | None, varnish: str | None) -> str:
    from plugin.resources import folder  # noqa: PLC0415

    at = settings.public_url
    followed = content or folder("site") / "content"
    return f"""
  The storefront      {at}/
  The editor          {at}/editor/ (log in with the management key)
  The API, described  {at}/docs
  Content, followed   {followed}
  Its own settings    {file}
  Delivery key        {DELIVERY_KEY}
  Management key      {settings.management_keys[0].key.reveal()}
{_behind(varnish.rstrip("/"), at) if varnish else ""}
  Ctrl-C ends it.
"""


def _behind(varnish: str, at: str) -> str:
    """What is different behind a cache, and how to see that it works."""
    import adapters.edge.varnish  # noqa: PLC0415

    vcl = Path(adapters.edge.varnish.__file__).with_name("tessera_demo.vcl")
    missing = (
        ""
        if at.endswith(":8000")
        else f"\n                      (the file looks for this demo at port 8000, not at {at})"
    )
    return f"""
  Behind Varnish      {varnish}/shop
                      start it with {vcl}{missing}
                      The shop is shared by visitors of a kind: who asks first has it made, the others get the copy.
                      The home page has a slot that is private, and passes. What is published is purged at once.
  See it              curl -si {varnish}/shop | grep -i cache-status
                      says 'varnish; fwd=miss' the first time, and 'varnish; hit' the second.
"""
