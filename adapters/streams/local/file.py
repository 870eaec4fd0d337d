"""The file of a local stream: how it is opened, what its tables are, and what SQLite's errors mean.

A record's rowid is its partition in the upper bits and its number in the lower 48: one tree holds every partition in
order, and no second index is written. Numbers are never given twice, for a reader that was fenced off may still
acknowledge an old one.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from adapters.runtime import Runtime
from adapters.streams.port import StreamDamaged, StreamDiskFull, StreamDown, StreamOptionsError

NUMBER_BITS = 48
VERSION = 1
APPLICATION_ID = 0x54535452  # "TSTR": another SQLite file is not taken for a stream
PAGE_BYTES = 4096
RETRY_S = 0.02

_SCHEMA = (
    "CREATE TABLE records (position INTEGER PRIMARY KEY, key TEXT NOT NULL, at INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL DEFAULT 0, payload BLOB NOT NULL)",
    "CREATE TABLE partitions (partition INTEGER PRIMARY KEY, count INTEGER NOT NULL DEFAULT 0,"
    " bytes INTEGER NOT NULL DEFAULT 0, delivered INTEGER NOT NULL DEFAULT 0)",
    "CREATE TABLE state (number INTEGER NOT NULL)",
    "INSERT INTO state VALUES (1)",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {VERSION}",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalOptions:
    """Checked options; see `adapters.streams.local`."""

    file: Path
    partitions: int
    max_records: int
    max_bytes: int
    max_file_bytes: int
    busy_timeout_s: float


def connect(options: LocalOptions, synchronous: Literal["FULL", "NORMAL"]) -> sqlite3.Connection:
    """A connection that any thread may use, one at a time; FULL: what is committed outlives a loss of power."""
    made = sqlite3.connect(options.file, timeout=options.busy_timeout_s, isolation_level=None, check_same_thread=False)
    made.execute(f"PRAGMA synchronous = {synchronous}")
    made.execute("PRAGMA secure_delete = ON")  # what was erased is overwritten in the file
    made.execute(f"PRAGMA max_page_count = {max(options.max_file_bytes // PAGE_BYTES, 1)}")
    made.execute("PRAGMA journal_size_limit = 67108864")
    return made


def prepare(options: LocalOptions, runtime: Runtime) -> None:
    """Makes the file where there is none, readable by its owner alone, and checks the one that there is.

    Raises:
        StreamOptionsError: records wait in it under another number of partitions.
        StreamDown: see `telling`.
    """
    with telling(options.file):
        _make(options.file)
        deadline = runtime.monotonic() + options.busy_timeout_s
        while True:
            try:
                _upgrade(options)
                return
            except sqlite3.OperationalError as fault:
                # Of two processes that make the file at once, one is told at once that it is locked.
                if fault.sqlite_errorname != "SQLITE_BUSY" or runtime.monotonic() > deadline:
                    raise
            runtime.sleep(RETRY_S)


@contextmanager
def telling(file: Path) -> Iterator[None]:
    """Errors of SQLite and of the system become those of the port."""
    try:
        yield
    except sqlite3.Error as fault:
        name = getattr(fault, "sqlite_errorname", "")
        if name == "SQLITE_FULL":
            raise StreamDiskFull(f"{file}: the disk is full, or the file has reached max_file_bytes") from fault
        if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            raise StreamDamaged(f"{file} is damaged, or not the file of a stream: put it aside") from fault
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise StreamDown(f"{file} is locked by another process for too long") from fault
        raise StreamDown(f"{file}: {name or 'closed'}") from fault
    except OSError as fault:
        raise StreamDown(f"{file}: {fault.strerror}") from fault


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, begun with the write lock."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def write_back(connection: sqlite3.Connection) -> None:
    """Moves the log into the file and cuts it, as far as others and the disk let it: that gives room to a full disk."""
    with suppress(sqlite3.Error):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _make(file: Path) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        # SQLite gives its side files the mode of the file, so these are as open as it was.
        for one in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
            with suppress(FileNotFoundError):
                if stat.S_IMODE(one.stat().st_mode) & 0o077:
                    one.chmod(0o600)
        return
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name too has to outlive a loss of power
    finally:
        os.close(folder)


def _upgrade(options: LocalOptions) -> None:
    connection = connect(options, "FULL")
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if (tables or version) and (application, version) != (APPLICATION_ID, VERSION):
            raise StreamDamaged(f"{options.file} is not the file of a stream, or of another version")
        connection.execute("PRAGMA journal_mode = WAL")
        with transaction(connection):
            if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                for statement in _SCHEMA:
                    connection.execute(statement)
            _partition(connection, options)
    finally:
        connection.close()


def _partition(connection: sqlite3.Connection, options: LocalOptions) -> None:
    known = connection.execute("SELECT count(*) FROM partitions").fetchone()[0]
    if known == options.partitions:
        return
    if connection.execute("SELECT 1 FROM records LIMIT 1").fetchone():
        raise StreamOptionsError(
            [f"partitions: records wait in {options.file} in {known} of them; change it when they are applied"]
        )
    connection.execute("DELETE FROM partitions")
    connection.executemany(
        "INSERT INTO partitions (partition) VALUES (?)", ((one,) for one in range(options.partitions))
    )
