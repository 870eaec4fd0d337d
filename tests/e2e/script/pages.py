"""Pages that use the script, and what tests do with them."""

from __future__ import annotations

import time
from collections.abc import Callable

from playwright.sync_api import Page

from tests.e2e.script.site import EVENTS, KEY, Site

PATIENCE_S = 90
POLL_S = 0.02
STEP_MS = 250
SLOT = '<div id="slot" data-tessera-slot="home.hero"><p>The default</p></div>'
START = "Tessera.init({{key: '{key}', timeout: 20000, {options}}})"
"""The time-out is for a machine that is busy; those of the script are tried by themselves."""


def started(body: str, options: str = "", src: str = "/tessera.js") -> str:
    """A body that begins by a call."""
    return f'{body}<script src="{src}"></script><script>{START.format(key=KEY, options=options)}</script>'


def pause(page: Page) -> None:
    """From here on the page's clock stands still, but for `run_for`. It says about the right time: events are dated."""
    page.clock.pause_at(time.time() + 1)


def until(page: Page, holds: Callable[[], object]) -> None:
    """Until something holds, while the page's clock is moved on."""
    given_up = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < given_up, "it did not come to hold"
        page.clock.run_for(STEP_MS)
        time.sleep(POLL_S)


def settle(page: Page) -> None:
    """Until the browser has told observers what is in view."""
    page.evaluate(
        """() => new Promise((done) => {
          const observer = new IntersectionObserver(() => { observer.disconnect(); done() });
          observer.observe(document.body);
        })"""
    )


def hide(page: Page, *, hidden: bool = True) -> None:
    """As another tab in front of it does; a headless browser has none in front."""
    page.evaluate(
        """(hidden) => {
          Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def nothing_stored(page: Page) -> bool:
    return bool(page.evaluate("!document.cookie && !sessionStorage.length && !localStorage.length"))


def until_sent(page: Page, site: Site, batches: int) -> None:
    """Until so many have arrived and their answers are read, while the page's clock stands still."""
    given_up = time.monotonic() + PATIENCE_S
    while len(site.to(EVENTS)) < batches:
        assert time.monotonic() < given_up, "nothing was sent"
        settle(page)
    settle(page)
