"""`tessera serve`: the service, in worker processes of granian."""

from __future__ import annotations

import os
import socket

import click

from plugin.cli.output import Failed
from plugin.cli.wiring import load_settings, opened_store
from plugin.settings import PREFIX

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

    A published rule set and changed content reach every worker by themselves, without a restart. SIGHUP replaces the
    workers one after the other.
    """
    # The workers load the settings by themselves: what was given here reaches them as it does everything else.
    for name, given in (("BIND", bind), ("WORKERS", workers)):
        if given is not None:
            os.environ[PREFIX + name] = str(given)
    settings = load_settings()
    with opened_store(settings):
        pass  # said here in a sentence, not by every worker in a stack trace
    host, _colon, port = settings.bind.rpartition(":")
    run(
        "plugin.app:create_app",
        host.strip("[]"),
        int(port),
        workers=settings.workers,
        threads=threads,
        log_level=settings.log_level,
    )


def run(target: str, host: str, port: int, *, workers: int = 1, threads: int = 1, log_level: str = "info") -> None:
    """Serve a WSGI application factory until a signal ends it.

    Args:
        target: `module:callable`, imported in each worker.
    Raises:
        Failed: the address cannot be had, or the workers do not come up.
    """
    _refuse_taken(host, port)
    from granian import Granian  # noqa: PLC0415 - loads its native part
    from granian.constants import Interfaces  # noqa: PLC0415
    from granian.log import LogLevels  # noqa: PLC0415

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
        respawn_failed_workers=True,  # a crash loop ends the server all the same
        workers_kill_timeout=GRACE_S,
    )
    try:
        server.serve()
    except SystemExit as ended:
        if ended.code:
            raise Failed("the workers ended by themselves; the log above says why") from ended


def _refuse_taken(host: str, port: int) -> None:
    """Raise where the address cannot be had.

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
