"""Walking a content folder and reading its files within limits."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from adapters.cms.port import BadResponse, Problem, Unavailable

SUFFIXES = (".md", ".yaml", ".yml")


class FileProblem(Exception):  # noqa: N818 - one complaint about a file, not a fault of ours
    """Attributes: `line` counts from 1, or is None; `reason` is one sentence."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        self.line = line
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Found:
    """A content file: its path from the root with "/" between, and its stat."""

    path: str
    mtime_ns: int
    size: int


def walk(root: Path, max_files: int) -> tuple[list[Found], list[Problem]]:
    """The content files under `root` in the order of their paths, and the links that were refused.

    A symbolic link is taken if it is a file inside `root`; linked folders are never entered.

    Raises:
        Unavailable: some folder cannot be read. An unreadable folder must not look like a deletion.
        BadResponse: more than `max_files` files.
    """
    real_root = Path(os.path.realpath(root))
    found: list[Found] = []
    problems: list[Problem] = []
    try:
        for item, path in _entries(root):
            if item.is_symlink():
                if not Path(os.path.realpath(item.path)).is_relative_to(real_root):
                    problems.append(Problem(path, "a symbolic link that leads out of the folder"))
                    continue
                if not item.is_file():
                    problems.append(Problem(path, "a symbolic link to a folder, or to nothing"))
                    continue
            if not item.is_file() or not path.endswith(SUFFIXES):
                continue
            if len(found) >= max_files:
                raise BadResponse(f"{root.name}: more than {max_files} files")
            info = item.stat()
            found.append(Found(path, info.st_mtime_ns, info.st_size))
    except OSError as fault:
        raise Unavailable(f"cannot list {fault.filename or root}: {fault.strerror}") from fault
    return sorted(found, key=lambda file: file.path), problems


def _entries(root: Path) -> Iterator[tuple[os.DirEntry[str], str]]:
    pending = [("", str(root))]
    while pending:
        prefix, folder = pending.pop()
        with os.scandir(folder) as listing:
            for item in listing:
                if item.name.startswith((".", "_")) or item.name.upper().startswith("README."):
                    continue
                if item.is_dir(follow_symlinks=False):
                    pending.append((f"{prefix}{item.name}/", item.path))
                else:
                    yield item, prefix + item.name


def read(root: Path, path: str, max_bytes: int) -> bytes:
    """The bytes of one file.

    Raises:
        FileProblem: too large, not a regular file, gone, unreadable, or led out of the folder meanwhile.
    """
    real = Path(os.path.realpath(root / path))
    if not real.is_relative_to(os.path.realpath(root)):
        raise FileProblem("a symbolic link that leads out of the folder")
    try:
        # O_NONBLOCK: a named pipe put in place of the file must not hang the sync.
        handle = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise FileProblem("not a regular file")
            data = file.read(max_bytes + 1)
    except OSError as fault:
        raise FileProblem(f"cannot be read: {fault.strerror}") from fault
    if len(data) > max_bytes:
        raise FileProblem(f"larger than {max_bytes} bytes")
    return data
