"""What `tessera doctor` looks at, thing by thing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from adapters.registry import BUILT_IN, RegistryError, discover
from plugin.cli.examining_models import models, models_of
from plugin.cli.finding import Finding, asked
from plugin.cli.output import counted
from plugin.cli.wiring import load_settings, opened_sources
from plugin.errors import SettingsError, TesseraError
from plugin.foreign import ForeignPackageError
from plugin.foreign import check as check_foreign
from plugin.resources import Folder, folder
from plugin.setting_kinds import Plugged
from plugin.settings import Settings
from plugin.store import Store, migrate, open_store
from rules import RuleError, load

SUPPORTED = ((3, 11), (3, 12))
EDGE_PROBE = "doctor:ping"
"""A surrogate key that nothing is stored under; purging it takes all that purging takes."""
LONG_S = 60.0
"""Events that wait for longer have nobody who applies them."""


def examine() -> list[Finding]:
    """Everything, in the order in which one thing needs another. Never raises for what is wrong: that is the answer."""
    found = [*_installation()]
    try:
        settings = load_settings()
    except SettingsError as error:
        remedy = "mend tessera.toml or the TESSERA_* variables named here"
        return [*found, *(Finding("wrong", "settings", problem, remedy) for problem in error.problems)]
    found.append(Finding("ok", "settings", str(settings.config_file or "defaults and TESSERA_* variables")))
    for look in (_data_dir, _keys, _database, _stream, _copies, _geography, _sources, models, _edges):
        found.extend(look(settings))
    return found


def _installation() -> Iterator[Finding]:
    version = sys.version_info[:2]
    name = f"Python {version[0]}.{version[1]}"
    if version in SUPPORTED:
        yield Finding("ok", "interpreter", name)
    else:
        yield Finding("wrong", "interpreter", f"{name} is not supported", "install Tessera with Python 3.11 or 3.12")
    try:
        check_foreign()
    except ForeignPackageError as error:
        yield Finding("wrong", "packages", str(error), "install Tessera in a virtual environment of its own")
    else:
        yield Finding("ok", "packages", "rules and adapters are ours")
    for shipped in ("templates", "migrations", "site"):
        yield _folder(shipped)
    yield _adapters()


def _adapters() -> Finding:
    """Those that other distributions announce, by port and name: ours are always there."""
    try:
        found = [
            f"{port} {name} ({path})"
            for port, ours in BUILT_IN.items()
            for name, path in discover(port).items()
            if name not in ours
        ]
    except RegistryError as error:
        return Finding("wrong", "adapters", str(error), "uninstall one of the two")
    return Finding("ok", "adapters", f"ours, and {', '.join(found)}" if found else "ours alone")


def _folder(name: Folder) -> Finding:
    try:
        folder(name)
    except FileNotFoundError as error:
        return Finding("wrong", name, str(error), "install the package again")
    return Finding("ok", name, "found")


def _data_dir(settings: Settings) -> Iterator[Finding]:
    place = settings.data_dir
    while not place.exists():
        place = place.parent
    if os.access(place, os.W_OK):
        yield Finding("ok", "data_dir", str(settings.data_dir))
    else:
        remedy = "give this user the right to write there, or set data_dir"
        yield Finding("wrong", "data_dir", f"{settings.data_dir} cannot be written", remedy)


def _keys(settings: Settings) -> Iterator[Finding]:
    if not settings.delivery_keys and not settings.demo:
        remedy = "set delivery_keys, so that a site can ask for blocks"
        yield Finding("warning", "keys", "there is no delivery key, so /v1/personalize answers nobody", remedy)
    elif not settings.management_keys:
        remedy = "set management_keys, if rules shall be managed over HTTP"
        yield Finding("warning", "keys", "there is no management key", remedy)
    else:
        yield Finding("ok", "keys", counted(len(settings.delivery_keys) + len(settings.management_keys), "key"))


def _database(settings: Settings) -> Iterator[Finding]:
    embedded = settings.database_url.reveal().partition("sqlite:///")[2]
    if embedded and not Path(embedded).exists():  # nothing is made here: a look leaves no trace
        yield Finding("wrong", "database", f"there is none yet: {embedded}", "run 'tessera db upgrade'")
        return
    try:
        store = open_store(settings.database_url.reveal())
    except SettingsError as error:
        yield Finding("wrong", "database", str(error), "mend database_url, or install the driver it names")
        return
    try:
        store.ping()
        differences = migrate.check(store.engine)
        if differences:
            told = "; ".join(differences).removesuffix(": `tessera db upgrade`")
            yield Finding("wrong", "database", told, "run 'tessera db upgrade'")
            return
        yield Finding("ok", "database", f"answers, at revision {migrate.head()}")
        yield from _published(store, settings)
        yield from _content(store, settings)
    except TesseraError as error:
        yield Finding("wrong", "database", str(error), "start it, and compare database_url")
    finally:
        store.close()


def _published(store: Store, settings: Settings) -> Iterator[Finding]:
    published = store.rulesets.published()
    if published is None:
        yield Finding("wrong", "rules", "nothing is published", "run 'tessera rules publish PATH...'")
        return
    number = published.version.number
    try:
        ruleset = load(published.version.document)
    except RuleError as error:
        remedy = "publish a version that checks with this release; 'tessera rules list' shows those that there are"
        yield Finding("wrong", "rules", f"version {number} does not check: {error.problems[0]}", remedy)
        return
    size = f"{counted(len(ruleset.document.slots), 'slot')}, {counted(len(ruleset.document.rules), 'rule')}"
    yield Finding("ok", "rules", f"version {number} is published: {size}")
    yield from models_of(ruleset.document, settings)


def _content(store: Store, settings: Settings) -> Iterator[Finding]:
    for name in settings.sources:
        state, problems = store.content.state(name), store.content.problems(name)
        if state.last_ok_at is None:
            yield Finding("warning", f"content of {name}", "never synced", f"run 'tessera cms sync {name}'")
        elif problems:
            remedy = f"mend what 'tessera cms check {name}' names"
            yield Finding(
                "warning", f"content of {name}", f"{counted(len(problems), 'broken entry', 'broken entries')}", remedy
            )
        else:
            yield Finding("ok", f"content of {name}", f"synced at {state.last_ok_at.isoformat(timespec='seconds')}")


def _stream(settings: Settings) -> Iterator[Finding]:
    from contextlib import ExitStack  # noqa: PLC0415

    from adapters.streams.port import StreamError  # noqa: PLC0415
    from plugin.wiring import visiting  # noqa: PLC0415

    if settings.stream.adapter == "local":
        file = settings.data_dir / str(settings.stream.options.get("file", "events.db"))
        if not file.exists():  # nothing is made here: a look leaves no trace
            yield Finding("ok", "stream of events", f"local: {file.name} is made at the start")
            return
    with ExitStack() as closing:
        try:
            stream = visiting.open_stream(settings, closing)
            stream.ping()
            waiting = stream.backlog()
        except SettingsError as error:
            for problem in error.problems:
                yield Finding("wrong", "stream of events", problem, "mend the table [stream]")
            return
        except StreamError as fault:
            yield Finding("wrong", "stream of events", str(fault), "events are not applied, perhaps not taken")
            return
    oldest = max((one.oldest_s for one in waiting.partitions), default=0.0)
    told = f"{settings.stream.adapter}, {waiting.count:,} waiting"
    if waiting.degraded is not None:
        yield Finding("wrong", "stream of events", f"{told}; {waiting.degraded}")
    elif oldest > LONG_S:
        remedy = "see that `tessera worker` runs, or `apply_events` is on"
        yield Finding("wrong", "stream of events", f"{told}, the oldest for {oldest:.0f} s", remedy)
    else:
        yield Finding("ok", "stream of events", told)


def _copies(settings: Settings) -> Iterator[Finding]:
    """Copies of profiles, where there are any."""
    if settings.redis_url is None:
        return
    from redis.exceptions import RedisError  # noqa: PLC0415

    from plugin.live.redis_views import dropping  # noqa: PLC0415

    what = "copies of profiles"
    try:
        drops = dropping(settings.redis_url.reveal())
    except RedisError as fault:
        remedy = "start it, or mend redis_url; until then profiles are read from the database"
        yield Finding("wrong", what, f"Redis does not answer: {type(fault).__name__}", remedy)
        return
    if drops is None:
        yield Finding("ok", what, "Redis answers, and drops none")
        return
    remedy = "set maxmemory-policy noeviction; meanwhile who lost a copy is read from the database"
    yield Finding("warning", what, f"Redis drops some when its memory is full ({drops})", remedy)


def _geography(settings: Settings) -> Iterator[Finding]:
    if settings.geo_database is None:
        remedy = "set geo_database, unless a CDN in front says where visitors are"
        yield Finding("warning", "geography", "there is no database; only headers of a CDN tell places", remedy)
        return
    from adapters.geo.maxmind import MaxmindGeo  # noqa: PLC0415 - an optional part
    from adapters.geo.port import GeoError  # noqa: PLC0415

    try:
        geo = MaxmindGeo(settings.geo_database)
    except GeoError as error:
        yield Finding("wrong", "geography", str(error), "put another file in place of geo_database")
        return
    try:
        yield Finding("ok", "geography", f"{geo.kind}, built {geo.build.date().isoformat()}")
    finally:
        geo.close()


def _sources(settings: Settings) -> Iterator[Finding]:
    if not settings.sources:
        remedy = "add a table [sources.NAME] to tessera.toml, or push entries over HTTP"
        yield Finding("warning", "sources", "no source of content is configured", remedy)
    for name in settings.sources:

        def ping(name: str = name) -> None:
            with opened_sources(settings, (name,)) as opened:
                opened[name].ping()

        yield asked(f"source {name}", ping, f"mend [sources.{name}] in tessera.toml, or start what it reads")


def _edges(settings: Settings) -> Iterator[Finding]:
    from contextlib import closing  # noqa: PLC0415

    from adapters import registry  # noqa: PLC0415
    from adapters.runtime import Runtime  # noqa: PLC0415

    for name, plugged in settings.edges.items():

        def ping(plugged: Plugged = plugged) -> None:
            with closing(registry.edge(plugged.adapter)(plugged.options, Runtime.system())) as purger:
                purger.purge((EDGE_PROBE,), hard=False)

        yield asked(f"edge {name}", ping, f"mend [edges.{name}] in tessera.toml, or start that cache")
