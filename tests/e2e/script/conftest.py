"""A site before the demo, and windows of new visitors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.e2e.demo import Demo
from tests.e2e.script.site import IDENTIFY, Site, site_before


@pytest.fixture
def site(demo: Demo) -> Iterator[Site]:
    """A server of its own for each test: what a page of the one before sends when it ends comes to nobody."""
    with site_before(demo.url) as found:
        yield found


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A new visitor."""
    found = browser.new_context(locale="en-GB", viewport={"width": 1000, "height": 800})
    yield found
    found.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A window whose clock can be moved on. What the browser complains of fails the test."""
    found = context.new_page()
    found.clock.install()
    complaints: list[str] = []

    def hear(said: ConsoleMessage) -> None:
        # That nobody is identified without a token of the site's is what the browser tells, and the script.
        of_identify = IDENTIFY in said.location["url"] or "user_token_key" in said.text
        if said.type in {"error", "warning"} and not of_identify:
            complaints.append(said.text)

    found.on("console", hear)
    found.on("pageerror", lambda error: complaints.append(str(error)))
    yield found
    assert complaints == []
