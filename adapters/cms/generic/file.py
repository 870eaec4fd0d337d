"""Items from a local file: the whole list in one document."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath

from adapters.cms.generic.origin import Item, Page, read_page
from adapters.cms.generic.paths import Path
from adapters.cms.port import BadResponse, Unavailable


class FileOrigin:
    """A JSON file; read anew each time."""

    def __init__(self, file: FilePath, items: Path, max_bytes: int) -> None:
        self._file = file
        self._items = items
        self._max_bytes = max_bytes

    def pages(self, locale: str | None, more: Mapping[str, str]) -> Iterator[Page]:  # noqa: ARG002 - the protocol's
        """One page with everything."""
        yield self._page()

    def entry(self, entry_id: str, locale: str | None, more: Mapping[str, str]) -> Item | None:  # noqa: ARG002
        """The list is all there is."""
        return None

    def ping(self) -> None:
        """Reads it."""
        self._page()

    def close(self) -> None:
        """Holds nothing open between calls."""

    def _page(self) -> Page:
        name = self._file.name
        try:
            body: object = json.loads(self._read())
        except OSError as fault:
            raise Unavailable(f"cannot read {name}: {fault.strerror}") from fault
        except (ValueError, RecursionError) as fault:
            raise BadResponse(f"{name}: not JSON") from fault
        return read_page(body, self._items, None, name)

    def _read(self) -> bytes:
        # O_NONBLOCK: a named pipe put in place of the file must not hang the sync.
        handle = os.open(self._file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise BadResponse(f"{self._file.name}: not a regular file")
            data = file.read(self._max_bytes + 1)
        if len(data) > self._max_bytes:
            raise BadResponse(f"{self._file.name}: larger than {self._max_bytes} bytes")
        return data
