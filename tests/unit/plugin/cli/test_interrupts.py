"""Ctrl-C while a command is only being imported."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from plugin.cli.interrupts import ending_at_once

DROPPED = """
import os, signal, weakref
from plugin.cli.interrupts import ending_at_once

class Module: pass

def dropped(_gone):
    os.kill(os.getpid(), signal.SIGINT)

module = Module()
watched = weakref.ref(module, dropped)
with ending_at_once():
    del module
print("it ran on")
"""


@pytest.fixture(autouse=True)
def before() -> Iterator[None]:
    """Whoever runs the tests may have set another."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, handler)


def test_it_ends_where_python_would_drop_it() -> None:
    done = subprocess.run([sys.executable, "-c", DROPPED], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


def test_afterwards_it_is_raised_again() -> None:
    with ending_at_once():
        assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_who_does_not_hear_it_goes_on_so() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with ending_at_once():
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
