"""What a cursor remembers of a folder: each file's stat, digest, entry and links, as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.cms import cursor_text
from adapters.cms.port import Key

VERSION = 1


@dataclass(frozen=True, slots=True)
class FileState:
    """One file as it was last seen.

    Attributes:
        mtime_ns: -1 where the file was too young to trust its stat.
        digest: of its bytes (hex); "" where the file must be read again in any case.
        key: the entry of its last good version; None where there never was one, or for a draft.
        broken: the present bytes could not be taken, the entry of `key` stays.
        met: ids that the entry's links led to, directly or through others.
    """

    mtime_ns: int
    size: int
    digest: str
    key: Key | None
    broken: bool
    met: tuple[str, ...] = ()


State = dict[str, FileState]


def dump(state: State, fingerprint: str) -> str:
    """The cursor: compact JSON; `fingerprint` is of the options that shape entries."""
    rows = {
        path: [file.mtime_ns, file.size, file.digest, file.key, int(file.broken), list(file.met)]
        for path, file in sorted(state.items())
    }
    return cursor_text.dump(VERSION, fingerprint, {"files": rows})


def load(cursor: str | None, fingerprint: str) -> State | None:
    """The state in a cursor; None for no cursor, one of another version or other options, or a broken one."""
    return cursor_text.load(cursor, VERSION, fingerprint, _state)


def _state(whole: Mapping[str, Any]) -> State:
    return {path: _row(row) for path, row in whole["files"].items()}


def _row(row: list[object]) -> FileState:
    mtime_ns, size, digest, key, broken, met = row
    if not (isinstance(mtime_ns, int) and isinstance(size, int) and isinstance(digest, str)):
        raise TypeError("stat and digest")
    if not isinstance(met, list) or not all(isinstance(item, str) for item in met):
        raise TypeError("met")
    return FileState(mtime_ns, size, digest, _key(key), bool(broken), tuple(met))


def _key(raw: object) -> Key | None:
    if raw is None:
        return None
    if isinstance(raw, list) and len(raw) == 2 and isinstance(raw[0], str) and isinstance(raw[1], (str, type(None))):
        return Key(raw[0], raw[1])
    raise TypeError("key")
