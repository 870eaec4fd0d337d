"""`tessera serve`: the service, in worker processes of granian."""

from __future__ import annotations

import atexit
import http.client
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from multiprocessing.resource_tracker import ensure_running
from threading import Event, Thread, get_ident
from typing import TYPE_CHECKING

import click

from plugin.cli.output import Failed
from plugin.cli.wiring import load_settings, opened_store
from plugin.cli.worker import following
from plugin.settings import PREFIX, Settings

if TYPE_CHECKING:
    from flask import Flask

GRACE_S = 10
"""How long a worker may finish what it has begun, once it is told to stop."""


@click.command()
@click.option("--bind", metavar="HOST:PORT", help="Where to listen; [HOST]:PORT for IPv6. The setting 'bind'.")
@click.option("--workers", type=click.IntRange(1, 64), help="Worker processes. The setting 'workers'.")
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Requests that a worker handles at a time; more than 1 pays where a model is asked over the network.",
)
def serve(bind: str | None, workers: int | None, threads: int) -> None:
    """Run the service until it is told to stop (SIGTERM, Ctrl-C); requests under way are finished.

    A published rule set and changed content reach every worker by themselves, without a restart. Sources are followed
    while it runs: notices of their webhooks are seen to, folders of files are watched, and now and then everything is
    compared. SIGHUP replaces the workers one after the other.
    """
    # The workers load the settings by themselves: what was given here reaches them as it does everything else.
    for name, given in (("BIND", bind), ("WORKERS", workers)):
        if given is not None:
            os.environ[PREFIX + name] = str(given)
    settings = load_settings()
    with opened_store(settings):
        pass  # said here in a sentence, not by every worker in a stack trace
    serve_with(settings, threads=threads)


def serve_with(settings: Settings, *, threads: int = 1, on_ready: Callable[[], None] | None = None) -> None:
    """Serve the application, and follow the sources, until a signal ends it.

    Args:
        on_ready: called in a thread once the service answers that it is ready.
    Raises:
        Failed: the address cannot be had, or the workers do not come up.
    """
    host, port = host_and_port(settings)
    with interrupted_alone(), following(settings), when_ready(settings, on_ready):
        run(
            "plugin.cli.serve:application",
            host,
            port,
            workers=settings.workers,
            threads=threads,
            log_level=settings.log_level,
        )


def application() -> Flask:
    """The application of one worker process; what it holds open is closed when the process ends."""
    from plugin import create_app  # noqa: PLC0415 - in the workers, not in the process that watches them

    app = create_app()
    atexit.register(app.extensions["tessera"].close)
    return app


@contextmanager
def interrupted_alone() -> Iterator[None]:
    """Keep Ctrl-C from the workers: this process hears it, as a SIGTERM, and tells them.

    A terminal sends SIGINT to every process at once. A worker that hears it and a moment later the server's SIGTERM
    can lock itself up in granian's handler, and would be killed only after its time of grace. The signal is blocked
    for this thread and for the threads and processes that it starts from now on, but for one thread that waits for it.
    """
    ensure_running()  # multiprocessing's helper unblocks SIGINT where it is started; it is started here, before
    ended = Event()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    main = get_ident()

    def wait() -> None:
        while True:
            signal.sigwait({signal.SIGINT})
            if ended.is_set():
                return
            signal.pthread_kill(main, signal.SIGTERM)

    waiting = Thread(target=wait, name="tessera-interrupt", daemon=True)
    waiting.start()
    try:
        yield
    finally:
        ended.set()
        signal.pthread_kill(waiting.ident or main, signal.SIGINT)
        waiting.join(timeout=5)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def when_ready(settings: Settings, say: Callable[[], None] | None, *, patience_s: float = 60) -> Iterator[None]:
    """Call `say` once the service answers that it is ready, if it does so within the patience."""
    if say is None:
        yield
        return
    host, port = host_and_port(settings)
    ended = Event()

    def wait() -> None:
        until = time.monotonic() + patience_s
        while time.monotonic() < until and not ended.wait(0.1):
            if _is_ready(_reachable(host), port):
                say()
                return

    thread = Thread(target=wait, name="tessera-when-ready", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(timeout=5)


def _is_ready(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _reachable(host: str) -> str:
    """An address to call a server at that listens on every one."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


def host_and_port(settings: Settings) -> tuple[str, int]:
    """Where to listen."""
    host, _colon, port = settings.bind.rpartition(":")
    return host.strip("[]"), int(port)


def run(target: str, host: str, port: int, *, workers: int = 1, threads: int = 1, log_level: str = "info") -> None:
    """Serve a WSGI application factory until a signal ends it.

    Args:
        target: `module:callable`, imported in each worker.
    Raises:
        Failed: the address cannot be had, or the workers do not come up.
    """
    refuse_taken(host, port)
    # Workers start from nothing: a fork would take along the threads' locks and SQLite's connections.
    multiprocessing.set_start_method("spawn", force=True)
    from granian import Granian  # noqa: PLC0415 - loads its native part
    from granian.constants import Interfaces  # noqa: PLC0415
    from granian.log import LogLevels  # noqa: PLC0415

    from plugin.cli.logs import log_config  # noqa: PLC0415

    server = Granian(
        target,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        websockets=False,
        factory=True,
        log_level=LogLevels(log_level),
        log_dictconfig=log_config(log_level),
        respawn_failed_workers=True,  # a crash loop ends the server all the same
        workers_kill_timeout=GRACE_S,
    )
    try:
        server.serve(target_loader=loaded)
    except SystemExit as ended:
        if ended.code:
            raise Failed("the workers ended by themselves; the log above says why") from ended


def loaded(target: str) -> Callable[..., object]:
    """What a worker serves: the factory `module:callable`, called.

    Granian's own loader looks for modules in the working directory first: there a folder of rules called `rules`
    would stand in for the package of that name, and any other module of the site for one that we import.
    """
    from plugin.cli.stalled import watch  # noqa: PLC0415 - the command itself serves nobody
    from plugin.web.bodies import Bodies  # noqa: PLC0415

    module, _colon, factory = target.partition(":")
    bodies = Bodies(getattr(import_module(module), factory)(), monotonic=time.monotonic)
    watch(bodies.waiting)
    return bodies


def refuse_taken(host: str, port: int) -> None:
    """Raise Failed where the address cannot be had.

    The server shares its port between workers (SO_REUSEPORT), so that without this a second server on the same port
    would come up without a word, and each would get a part of the requests.
    """
    try:
        family, kind, _protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise Failed(f"cannot listen at {host}:{port}: {error.strerror or error}") from error
