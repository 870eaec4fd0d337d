"""Ids that come with another event are told to operators: how many, of which types, and not more often than is read."""

from __future__ import annotations

import logging

import pytest

from plugin.service.events.conflicts import EVERY_S, Conflicts


def test_they_are_told_by_type_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = [100.0]
    conflicts = Conflicts(monotonic=lambda: now[0])
    with caplog.at_level(logging.WARNING):
        conflicts.tell([])
        assert caplog.messages == []
        conflicts.tell(["view", "purchase", "view"])
        assert caplog.messages[-1].endswith(": 1 purchase, 2 view")
        conflicts.tell(["view"])
        assert len(caplog.messages) == 1
        now[0] += EVERY_S
        conflicts.tell(["click"])
        assert caplog.messages[1:] == [caplog.messages[1]]
        assert caplog.messages[1].endswith(": 1 click, 1 view")
