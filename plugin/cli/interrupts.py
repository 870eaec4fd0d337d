"""Ctrl-C while a command is only being imported."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread


@contextmanager
def ending_at_once() -> Iterator[None]:
    """Let an interrupt end the process as the system does: without a trace, for nothing is under way yet.

    Python raises it wherever it is, and while modules are imported that may be where exceptions are told and dropped
    (a weak reference's callback, an extension's initialisation): the command would run on as if nobody had asked.
    """
    ours = current_thread() is main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not ours:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
