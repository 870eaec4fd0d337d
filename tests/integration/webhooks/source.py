"""The source over the imitation CMS: with a fence (integer versions) or without one."""

# ruff: noqa: ARG002  # the signatures are the port's

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.cms.client import Client, read_client_options
from adapters.cms.port import Changes, Entry, NotFound, Ordering, SourceSpec
from adapters.options import OptionReader
from adapters.runtime import Runtime


class ImitationSource:
    """Lists everything, or fetches one."""

    def __init__(self, client: Client, *, fenced: bool) -> None:
        self._client = client
        self._fenced = fenced
        self.spec = SourceSpec("imitation", Ordering("integer" if fenced else "none"), incremental=False)

    def changes(self, cursor: str | None) -> Changes:
        items: Any = self._client.get("entries", {})["items"]
        entries = tuple(self._entry(item) for item in items)
        return Changes(entries, (), "all", full=True, present=frozenset(entry.key for entry in entries))

    def fetch(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        return self._entry(self._client.get(f"entries/{entry_id}", {}))

    def draft(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        raise NotFound(entry_id)

    def ping(self) -> None:
        self._client.get("entries", {})

    def close(self) -> None:
        self._client.close()

    def _entry(self, item: Any) -> Entry:
        version = int(item["version"]) if self._fenced else None
        tags = ("slot:home.hero",)
        return Entry(item["id"], None, "hero", tags, {"title": item["title"]}, None, version=version)


def build(options: Mapping[str, object], runtime: Runtime) -> ImitationSource:
    take = OptionReader(options)
    fenced = take.flag("fenced", True)
    client = Client(read_client_options(take), runtime)
    assert not take.problems()
    return ImitationSource(client, fenced=fenced)
