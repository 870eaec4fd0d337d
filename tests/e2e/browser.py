"""The browser of the tests: Debian's Chromium, without the windows that nobody would see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.servers import program


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser.

    The headless shell is the same engine: for each new visitor, a whole Chromium makes the window of a desktop too,
    which takes four times as long as the page.
    """
    arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
    with sync_playwright() as playwright:
        try:
            place = program("chromium-headless-shell")
        except FileNotFoundError:  # not every system has it by itself
            place = program("chromium")
        found = playwright.chromium.launch(executable_path=place, args=arguments)
        try:
            yield found
        finally:
            found.close()
