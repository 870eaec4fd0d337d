"""What a process is called, so that others on its machine can tell whether it has ended."""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path

_PROC = Path("/proc")
_START = 19  # of the fields after the name in brackets: when it began, in ticks since the machine was started


def own_name() -> str:
    """A name that no other process has, now or later: where it runs, its number, when it began, and chance.

    Called in two processes of a fork, it gives two names.
    """
    return f"{_place()}:{os.getpid()}:{_start(os.getpid()) or 0}:{secrets.token_hex(4)}"


def has_ended(name: str) -> bool:
    """Whether the process of a name has surely ended; False where that cannot be known from here."""
    place, _colon, rest = name.partition(":")
    parts = rest.split(":")
    if len(parts) != 3 or place != _place() or not (parts[0].isdecimal() and parts[1].isdecimal()):
        return False
    began = int(parts[1])
    return began != 0 and _start(int(parts[0])) != began


def _place() -> str:
    """Where numbers of processes mean the same: one start of one machine, one space of names in it."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip().replace("-", "")
        return f"{boot}.{(_PROC / 'self/ns/pid').stat().st_ino}"
    except OSError:  # another system than Linux
        return socket.gethostname().replace(":", ".")[:60]


def _start(pid: int) -> int | None:
    """None: there is no such process, or none that still runs."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[_START])
