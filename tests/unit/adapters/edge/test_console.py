"""The console twin of a cache."""

from __future__ import annotations

import logging

import pytest

from adapters.edge.console import build
from adapters.edge.port import EdgeError
from adapters.runtime import Runtime


def test_it_says_what_a_cache_would_be_told(caplog: pytest.LogCaptureFixture) -> None:
    purger = build({}, Runtime.system())
    with caplog.at_level(logging.INFO):
        purger.purge(["entry:cms/a", "tag:x"], hard=False)
        purger.purge(["entry:cms/b"], hard=True)
    purger.close()
    assert caplog.messages == ["soft purge of entry:cms/a tag:x", "hard purge of entry:cms/b"]


def test_it_has_no_options() -> None:
    with pytest.raises(EdgeError, match="colour: unknown option"):
        build({"colour": "red"}, Runtime.system())
