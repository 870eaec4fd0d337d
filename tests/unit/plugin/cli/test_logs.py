"""What processes write to their log."""

from __future__ import annotations

import logging

import pytest

from plugin.cli.logs import OneLine


@pytest.mark.parametrize("name", ["a\nERROR plugin: all is lost", "a\r\x1b[2J", "a\u2028b", "a\x85b"])
def test_a_record_is_one_line_whatever_an_entry_is_called(name: str) -> None:
    record = logging.LogRecord("plugin", logging.WARNING, "x.py", 1, "%s: %s", ("cms", name), None)
    shown = OneLine("%(levelname)s %(message)s").format(record)
    assert len(shown.splitlines()) == 1
    assert "\x1b" not in shown
    assert shown.startswith("WARNING cms: a")


def test_a_traceback_stays_readable() -> None:
    try:
        raise ValueError("é")
    except ValueError as error:
        record = logging.LogRecord("plugin", logging.ERROR, "x.py", 1, "failed", (), (type(error), error, None))
    assert "\nValueError: é" in OneLine("%(message)s").format(record)
