"""The progress bar of commands that read a whole CMS."""

from __future__ import annotations

import io
import sys

import pytest

from plugin.cli.progress import reading


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_each_answer_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with reading() as runtime:
        for _ in range(3):
            runtime.progress()
    assert "reading" in terminal.getvalue()
    assert "3" in terminal.getvalue()


def test_what_is_piped_on_has_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    piped = io.StringIO()
    monkeypatch.setattr(sys, "stderr", piped)
    with reading() as runtime:
        runtime.progress()
    assert piped.getvalue() == ""
