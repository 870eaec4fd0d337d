"""Serves the application, or applies events alone, in a process that kills itself at a named point.

Run as `python -m tests.integration.events.process PORT POINT COUNT` in the folder of a `tessera.toml`: at the COUNTth
time that POINT is reached, the process is gone. POINT "never" is never reached; PORT 0: `tessera worker`, in effect.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from threading import Lock, Thread

from werkzeug.serving import make_server

from plugin import settings
from plugin.app import create_app
from plugin.cli.worker import applying


def killing(point: str, times: int) -> Callable[[str], None]:
    """What ends the process."""
    reached, lock = count(1), Lock()

    def at(name: str) -> None:
        if name == point:
            with lock:
                if next(reached) >= times:
                    os.kill(os.getpid(), signal.SIGKILL)

    return at


def main(port: int, point: str, times: int) -> None:
    """Until SIGTERM."""
    logging.basicConfig(level="WARNING")
    logging.getLogger("werkzeug").setLevel("ERROR")
    found = settings.load(os.environ, Path.cwd())
    at = killing(point, times)
    if not port:
        with applying(found, at=at):
            signal.sigwait({signal.SIGTERM})
        return
    app = create_app(found, at=at)
    server = make_server("127.0.0.1", port, app, threaded=True)
    serving = Thread(target=server.serve_forever, daemon=True)
    serving.start()
    signal.sigwait({signal.SIGTERM})
    server.shutdown()
    app.extensions["tessera"].close()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
