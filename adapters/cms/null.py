"""A source that holds nothing: for a site whose content comes from elsewhere, and for tests of the wiring.

Options: none.
"""

from __future__ import annotations

from collections.abc import Mapping

from adapters.cms.port import Changes, Entry, NotFound, OptionsError, Ordering, SourceSpec
from adapters.options import OptionReader
from adapters.runtime import Runtime


class NullSource:
    """An empty, always healthy source."""

    spec = SourceSpec(name="null", ordering=Ordering("none"), incremental=True)

    def changes(self, cursor: str | None) -> Changes:
        return Changes(entries=(), deleted=(), cursor="null", full=cursor is None, present=frozenset())

    def fetch(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        raise NotFound(f"{entry_id} ({locale or content_type or 'any'}): this source holds nothing")

    draft = fetch

    def ping(self) -> None:
        """Always well."""

    def close(self) -> None:
        """Holds nothing to free."""


def build(options: Mapping[str, object], runtime: Runtime) -> NullSource:  # noqa: ARG001 - the registry's shape
    """Raises `OptionsError` for any option."""
    if problems := OptionReader(options).problems():
        raise OptionsError(problems)
    return NullSource()
