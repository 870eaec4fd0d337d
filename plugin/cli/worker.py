"""`tessera worker`: follows the sources of content and applies events, beside the processes that serve."""

from __future__ import annotations

import logging.config
import random
import secrets
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import TYPE_CHECKING

import click

from plugin.cli.wiring import load_settings, opened_sources, opened_store
from plugin.errors import SettingsError
from plugin.settings import Plugged, Settings
from plugin.wiring.system import now

if TYPE_CHECKING:
    from adapters.cms.mapped import MappedSource
    from adapters.cms.port import Source
    from adapters.edge.port import Purger
    from plugin.service.content.converge import Converging
    from plugin.service.content.follow import Following, Loop, SourceSyncing
    from plugin.store import Store


def _address(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[str, int] | None:
    from plugin import setting_kinds as kinds  # noqa: PLC0415

    if value is None:
        return None
    try:
        host, _, port = kinds.address(value).rpartition(":")
    except kinds.Wanted as wanted:
        raise click.BadParameter(str(wanted)) from wanted
    return host.strip("[]"), int(port)


@click.command()
@click.option("--metrics", metavar="HOST:PORT", callback=_address, help="Where Prometheus may ask for metrics.")
def worker(metrics: tuple[str, int] | None) -> None:
    """Follow the sources and apply events until told to stop (SIGTERM, Ctrl-C).

    Sources: see to notices, watch folders, compare now and then. `tessera serve` does all of this by itself, events
    unless `apply_events` is off. Several workers share the work, on several machines too.
    """
    from plugin.cli.logs import log_config  # noqa: PLC0415

    settings = load_settings()
    logging.config.dictConfig(log_config(settings.log_level))
    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with following(settings), applying(settings, metrics=metrics):
        click.echo(f"following {', '.join(settings.sources) or 'no source'}", err=True)
        while not stopped.wait(1.0):  # a wait without end would not let the handlers run everywhere
            pass


@contextmanager
def following(
    settings: Settings,
    *,
    at: Callable[[str], None] | None = None,
    rereads_s: Sequence[float] | None = None,
    catch_up: bool = True,
) -> Iterator[None]:
    """Follow every source in threads of this process, and relay purges: once, not in every worker of the server.

    Args:
        at: told of named points in the work; tests end the process there.
        rereads_s: when entries are read again, in seconds after the first time.
        catch_up: whether each source is looked at once at the start, for notices that nobody was there to take.
    """
    from adapters.runtime import Runtime  # noqa: PLC0415

    with ExitStack() as closing:
        # Who is told to stop does not wait until it is time to ask a CMS once more.
        stopping = Event()
        runtime = replace(Runtime.system(), sleep=lambda seconds: _wait(stopping, seconds))
        # Two of each: a notice must not wait for a sync of everything.
        fetching = closing.enter_context(opened_sources(settings, runtime=runtime))
        listing = closing.enter_context(opened_sources(settings, runtime=runtime))
        store = closing.enter_context(opened_store(settings))
        purgers = _opened_edges(settings, closing)
        running = _followers(settings, store, fetching, listing, purgers, at=at, rereads_s=rereads_s, catch_up=catch_up)
        running.start()
        closing.callback(running.stop)
        closing.callback(stopping.set)
        yield


@contextmanager
def applying(
    settings: Settings, *, at: Callable[[str], None] | None = None, metrics: tuple[str, int] | None = None
) -> Iterator[None]:
    """Apply events in a thread of this process, with what is published then.

    Args:
        metrics: host and port where it tells how events stand.
    """
    from prometheus_client import CollectorRegistry  # noqa: PLC0415

    from plugin.service.content.notices import nowhere  # noqa: PLC0415
    from plugin.service.delivery.sites import Sites  # noqa: PLC0415
    from plugin.wiring import measuring, visiting  # noqa: PLC0415
    from plugin.wiring.applying import start_applying  # noqa: PLC0415
    from plugin.wiring.privacy_services import start_keeping  # noqa: PLC0415
    from plugin.wiring.system import signing_key_of  # noqa: PLC0415

    with ExitStack() as closing:
        store = closing.enter_context(opened_store(settings))
        kept = visiting.open_visiting(settings, store, signing_key_of(settings), closing)
        sites = Sites(store.rulesets, store.content, poll_s=settings.ruleset_poll.total_seconds())
        sites.refresh()
        sites.start()
        closing.callback(sites.stop)
        registry = CollectorRegistry()
        if metrics is not None:
            measuring.serve(registry, metrics, closing)
        made = start_applying(
            *(settings, kept, store, lambda: sites.site, measuring.count_events(registry), closing, at or nowhere),
            late=measuring.measure_lag(registry),
        )
        measuring.measure_patterns(registry, made.evaluations)
        measuring.measure_waiting(registry, kept.stream.backlog, store.dead_letters.waiting)
        start_keeping(settings, kept, store, closing, at or nowhere)
        yield


def _wait(stopping: Event, seconds: float) -> None:
    stopping.wait(seconds)


def _followers(
    settings: Settings,
    store: Store,
    fetching: Mapping[str, MappedSource],
    listing: Mapping[str, Source],
    purgers: Mapping[str, Purger],
    *,
    at: Callable[[str], None] | None,
    rereads_s: Sequence[float] | None,
    catch_up: bool,
) -> Following:
    from plugin.service.content.converge import LEASE  # noqa: PLC0415
    from plugin.service.content.follow import (  # noqa: PLC0415
        CATCH_UP,
        POLL_S,
        REST_S,
        Following,
        Keeping,
        Loop,
        SourceSyncing,
        Waking,
    )
    from plugin.service.content.looking import REREADS_S  # noqa: PLC0415
    from plugin.service.content.notices import nowhere  # noqa: PLC0415
    from plugin.service.content.sync import Syncing  # noqa: PLC0415

    workers: list[Converging | SourceSyncing] = []
    syncing = Syncing(listing, store.content, clock=now)
    for name, plugged in settings.sources.items():
        workers.append(converging(plugged, fetching[name], store, at=at, rereads_s=rereads_s))
        workers.append(
            SourceSyncing(
                name,
                syncing,
                store.notices,
                sweep=timedelta(seconds=settings.sweep_s) if settings.sweep_s else None,
                catch_up=CATCH_UP if catch_up else (),
                rereads_s=REREADS_S if rereads_s is None else rereads_s,
                every=settings.content_poll if plugged.adapter == "files" else None,
                clock=now,
                random=random.random,
                new_lease=_new_lease,
            )
        )
    told = store.watch.tells
    poll_s = min(REST_S, settings.content_poll.total_seconds()) if told else POLL_S
    loops = [Loop(f"{type(one).__name__.lower()}-{one.name}", one.step, poll_s=poll_s) for one in workers]
    keeping = Keeping(workers, store.notices, clock=now)
    relaying = _relaying(settings, store, purgers, at=at or nowhere, poll_s=poll_s)
    loops.append(relaying[0])
    if told:
        loops.append(Loop("commits", Waking(store.watch.mark, loops[:]).step))
    loops.append(Loop("leases", keeping.step, poll_s=LEASE.total_seconds() / 3))
    return Following([*loops, *relaying[1:]])


def _relaying(
    settings: Settings, store: Store, purgers: Mapping[str, Purger], *, at: Callable[[str], None], poll_s: float
) -> list[Loop]:
    """The loop that hands changes over to the caches, first; and one for each of them, which it wakes."""
    from plugin.service.content.follow import Loop  # noqa: PLC0415
    from plugin.service.delivery.purge import Relay, Telling  # noqa: PLC0415
    from plugin.service.delivery.serving import Fleets  # noqa: PLC0415

    telling = [
        Telling(name, purger, store.purges, clock=now, random=random.random, again=settings.purge_again, at=at)
        for name, purger in purgers.items()
    ]
    # One alone holds up no other, and needs no thread.
    alone = telling[0] if len(telling) == 1 else None
    loops = {} if alone else {one.name: Loop(f"purges-{one.name}", one.step, poll_s=None) for one in telling}

    def tell(cache: str) -> bool:
        if alone:
            return alone.step()
        loops[cache].wake()
        return False

    relay = Relay(
        purgers,
        store.purges,
        clock=now,
        fleets=Fleets(store.serving, clock=now, poll=settings.ruleset_poll),
        settle=settings.purge_settle,
        longest=settings.purge_wait,
        tell=tell,
        alone=alone,
    )
    return [Loop("purges", relay.step, poll_s=poll_s), *loops.values()]


def converging(
    plugged: Plugged,
    source: MappedSource,
    store: Store,
    *,
    at: Callable[[str], None] | None = None,
    rereads_s: Sequence[float] | None = None,
) -> Converging:
    """What sees to the notices of one source; see `following`."""
    from plugin.service.content.converge import Converging  # noqa: PLC0415
    from plugin.service.content.looking import REREADS_S  # noqa: PLC0415
    from plugin.service.content.notices import nowhere  # noqa: PLC0415
    from plugin.wiring.webhooks import locales_of  # noqa: PLC0415

    return Converging(
        plugged.name,
        source,
        store.notices,
        store.content,
        locales=locales_of(plugged),
        locales_of=source.locales_of,
        languages=source.languages,
        rereads_s=REREADS_S if rereads_s is None else rereads_s,
        at=at or nowhere,
        clock=now,
        random=random.random,
        new_lease=_new_lease,
    )


def _new_lease() -> str:
    return secrets.token_hex(8)


def _opened_edges(settings: Settings, closing: ExitStack) -> dict[str, Purger]:
    from adapters import registry  # noqa: PLC0415
    from adapters.edge.port import EdgeError  # noqa: PLC0415
    from adapters.runtime import Runtime  # noqa: PLC0415

    found: dict[str, Purger] = {}
    for name, plugged in settings.edges.items():
        try:
            found[name] = registry.edge(plugged.adapter)(plugged.options, Runtime.system())
        except EdgeError as fault:
            raise SettingsError([f"edges.{name}: {fault}"]) from fault
        closing.callback(found[name].close)
    return found
