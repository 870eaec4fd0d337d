"""Serves the application and follows its sources in one process, which kills itself at a named point.

Run as `python -m tests.integration.webhooks.process PORT POINT COUNT`, with `TESSERA_CONFIG` set: at the COUNTth time
that POINT is reached, the process is gone. POINT "never" is never reached.
"""

from __future__ import annotations

import os
import signal
import sys
from itertools import count
from pathlib import Path
from threading import Lock, Thread
from types import MappingProxyType

from werkzeug.serving import make_server

from adapters import registry
from plugin import settings
from plugin.app import create_app
from plugin.cli.worker import following

REREADS_S = (0.1, 0.3, 1.0, 3.0)


def register_imitation() -> None:
    """Make the imitation known by name, as an entry point would."""
    ours = {
        "cms": {"imitation": "tests.integration.webhooks.source:build"},
        "hooks": {"imitation": "adapters.cms.signed:build"},
    }
    registry.BUILT_IN = MappingProxyType(  # type: ignore[misc]
        {port: MappingProxyType({**names, **ours.get(port, {})}) for port, names in registry.BUILT_IN.items()}
    )


def main(port: int, point: str, times: int) -> None:
    register_imitation()
    reached = count(1)
    lock = Lock()

    def at(name: str) -> None:
        if name == point:
            with lock:
                if next(reached) >= times:
                    os.kill(os.getpid(), signal.SIGKILL)

    found = settings.load(os.environ, Path.cwd())
    app = create_app(found, at=at)
    server = make_server("127.0.0.1", port, app, threaded=True)
    with following(found, at=at, rereads_s=REREADS_S, catch_up=False):
        serving = Thread(target=server.serve_forever, daemon=True)
        serving.start()
        signal.sigwait({signal.SIGTERM})
    server.shutdown()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
