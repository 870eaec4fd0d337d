"""The file of a local stream: whose it is, how full it may get, and what is said when it is broken."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.runtime import Runtime
from adapters.streams.local import LocalStream, build
from adapters.streams.port import Record, StreamDamaged, StreamDiskFull, StreamDown, StreamOptionsError
from tests.contract.streams.helpers import ack, read, record

ROOT = Path(__file__).resolve().parents[3]
Open = Callable[..., LocalStream]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "made" / "stream.db"


@pytest.fixture
def opened(file: Path, request: pytest.FixtureRequest) -> Open:
    def make(**options: object) -> LocalStream:
        made = build({"file": str(file), **options}, Runtime.system())
        request.addfinalizer(made.close)
        return made

    return make


def test_nobody_else_can_read_the_file(opened: Open, file: Path) -> None:
    before = os.umask(0)
    try:
        stream = opened()
        stream.append([record("a")])
        assert {stat.S_IMODE(one.stat().st_mode) for one in file.parent.iterdir()} == {0o600}
        assert len(list(file.parent.iterdir())) == 3
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        stream.close()
        file.chmod(0o644)
        opened()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    finally:
        os.umask(before)


def test_the_file_is_synced_on_each_append(opened: Open) -> None:
    stream = opened()
    assert stream._writer.execute("PRAGMA synchronous").fetchone() == (2,)
    assert stream._writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_file_that_has_reached_its_limit_is_a_full_disk_until_records_are_applied(opened: Open) -> None:
    stream = opened(max_file_bytes=1 << 20)
    accepted = 0

    def fill() -> None:
        nonlocal accepted
        while True:
            stream.append([Record(0, "a", bytes(10_000)) for _ in range(10)])
            accepted += 10

    with pytest.raises(StreamDiskFull):
        fill()
    assert stream.backlog().count == accepted > 50
    stream.claim(0, "me")
    ack(stream, read(stream, accepted, partitions=[0]))
    stream.append([Record(0, "a", bytes(10_000)) for _ in range(50)])


FULL_DISK = """
import sys; from pathlib import Path
from adapters.runtime import Runtime; from adapters.streams.local import build
from adapters.streams.port import *
stream = build({"file": sys.argv[1] + "/s.db"}, Runtime.system())
stream.claim(0, "me"); accepted = 0
try:
    while True:
        stream.append([Record(0, "a", bytes(10_000))] * 10); accepted += 10
except StreamDiskFull as full:
    print("full:", full)
assert stream.backlog().count == accepted, (stream.backlog().count, accepted)
list(Path(sys.argv[1]).glob("ballast"))[0].unlink()
found = []
while len(found) < accepted:
    found += stream.read([0], limit=10, wait_s=0)
stream.ack(0, [one.position for one in found])
stream.append([Record(0, "a", bytes(10_000))] * 10)
print("well", accepted)
"""


@pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run(["unshare", "-Urm", "true"], check=False, capture_output=True, timeout=10).returncode != 0,
    reason="a small disk needs a mount namespace",
)
def test_on_a_full_disk_nothing_is_claimed_durable_and_what_was_is_there(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    script = (
        'mount -t tmpfs -o size=24m none "$1" && head -c 10000000 /dev/zero > "$1/ballast" && exec "$2" -c "$3" "$1"'
    )
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", script, "sh", str(disk), sys.executable, FULL_DISK],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "full: " in done.stdout
    assert "well" in done.stdout


def test_a_broken_file_is_told_from_one_that_is_no_stream(opened: Open, file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"no database at all" * 1000)
    with pytest.raises(StreamDamaged, match="damaged"):
        opened()
    file.unlink()
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    with pytest.raises(StreamDamaged, match="not the file of a stream"):
        opened()
    file.unlink()
    stream = opened()
    for number in range(30):
        stream.append([Record(0, "a", bytes(3_000)) for _ in range(30)])
        stream.append([Record(1, "a", str(number).encode())])
    stream.close()
    content = bytearray(file.read_bytes())
    content[4096 * 8 :] = b"\xff" * (len(content) - 4096 * 8)
    file.write_bytes(content)
    with pytest.raises(StreamDamaged):
        opened().claim(0, "me")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a file")
    with pytest.raises(StreamDown):
        build({"file": str(tmp_path / "a" / "stream.db")}, Runtime.system())


def test_partitions_change_only_while_nothing_waits(opened: Open) -> None:
    stream = opened()
    stream.append([record("a")])
    stream.close()
    with pytest.raises(StreamOptionsError, match="partitions"):
        opened(partitions=4)
    stream = opened()
    assert stream.drop(["a"]) == 1
    stream.close()
    assert len(opened(partitions=4).backlog().partitions) == 4


def test_what_was_dropped_is_nowhere_in_the_files(opened: Open, file: Path) -> None:
    stream = opened()
    stream.append([Record(0, f"k{number}", f"secret-of-{number} ".encode() * 30) for number in range(50)])
    assert stream.drop(["k7"]) == 1
    content = b"".join(one.read_bytes() for one in file.parent.iterdir())
    assert b"secret-of-7 " not in content
    assert b"secret-of-8 " in content


def test_another_process_that_holds_the_lock_too_long_is_told(opened: Open, file: Path) -> None:
    stream = opened(busy_timeout_s=0.1)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StreamDown, match="locked"):
        stream.append([record("a")])
    other.execute("ROLLBACK")
    other.close()
    stream.append([record("a")])


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, "file: required"),
        ({"file": "x", "partitions": 0}, "partitions"),
        ({"file": "x", "max_recrods": 5}, "did you mean max_records"),
    ],
)
def test_wrong_options_are_named(options: dict[str, object], problem: str) -> None:
    with pytest.raises(StreamOptionsError, match=problem):
        build(options, Runtime.system())
