"""Blocks that are seen and followed, and pages that are read."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page

from tests.e2e.script.pages import SLOT, hide, pause, settle, started, until
from tests.e2e.script.site import EVENTS, KEY, PERSONALIZE, Site

pytestmark = [pytest.mark.server, pytest.mark.browser]


def test_a_block_half_in_view_for_a_second_is_seen_once(site: Site, page: Page) -> None:
    """With what the service needs to know whose decision it was."""
    page.goto(site.html(started(SLOT)))
    until(page, lambda: site.events("impression"))
    page.evaluate("scrollTo(0, 5000)")
    page.evaluate("scrollTo(0, 0)")
    hide(page)
    hide(page, hidden=False)
    settle(page)
    page.clock.run_for(5_000)
    page.evaluate("Tessera.flush()")
    [seen] = site.events("impression")
    [asked] = site.to(PERSONALIZE)
    hero = asked.answer["slots"]["home.hero"]
    assert seen["content_id"] == hero["blocks"][0]["id"]
    assert seen["slot"] == "home.hero"
    assert seen["decision_token"] == hero["decision_token"]
    assert seen["decision_id"] == asked.answer["decision_id"]
    assert seen["visitor_id"] == asked.body["visitor"]["id"]
    assert re.fullmatch(r"[0-9a-f]{32}", seen["id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", seen["time"])


RENDERED = """<div style="height: {above}px"></div>
<div data-tessera-slot="home.hero" data-tessera-token="d1.x.y" data-tessera-decision="01X">
  <article data-tessera-block="hero-a" style="height: {height}px"><a href="#there">Read</a></article>
</div><div style="height: 3000px" id="outside">Outside</div>"""


@pytest.mark.parametrize(
    ("above", "height", "seen"), [(650, 200, 1), (720, 200, 0), (0, 5_000, 1), (500, 5_000, 0), (900, 100, 0)]
)
def test_half_of_a_block_or_of_the_window_counts(site: Site, page: Page, above: int, height: int, seen: int) -> None:
    """What the server rendered is watched, and asked for no more."""
    page.goto(site.html(started(RENDERED.format(above=above, height=height))))
    page.evaluate("Tessera.init()")
    settle(page)
    page.clock.run_for(3_000)
    page.evaluate("Tessera.flush()")
    assert [event["content_id"] for event in site.events("impression")] == ["hero-a"] * seen
    assert not site.to(PERSONALIZE)


def test_a_shorter_look_and_a_hidden_page_do_not_count(site: Site, page: Page) -> None:
    pause(page)
    page.goto(site.html(started(RENDERED.format(above=0, height=100))))
    settle(page)
    page.clock.run_for(900)
    hide(page)
    page.clock.run_for(60_000)
    hide(page, hidden=False)
    page.clock.run_for(900)
    page.evaluate("document.body.firstElementChild.style.height = '2000px'")
    settle(page)
    page.clock.run_for(60_000)
    page.evaluate("Tessera.flush()")
    until(page, lambda: site.events("view"))
    assert not site.events("impression")
    page.evaluate("document.body.firstElementChild.style.height = '0'")
    settle(page)
    page.clock.run_for(1_000)
    page.evaluate("Tessera.flush()")
    assert len(site.events("impression")) == 1


def test_clicks_inside_a_block_are_told_and_others_are_not(site: Site, page: Page) -> None:
    page.goto(site.html(started(RENDERED.format(above=0, height=100))))
    page.get_by_text("Outside").click()
    page.get_by_text("Read").click()
    page.get_by_text("Read").click(button="right")
    page.evaluate("Tessera.flush()")
    [click] = site.events("click")
    told = {name: click[name] for name in ("content_id", "slot", "decision_id", "decision_token")}
    assert told == {"content_id": "hero-a", "slot": "home.hero", "decision_id": "01X", "decision_token": "d1.x.y"}


def test_a_click_that_leaves_the_page_arrives(site: Site, page: Page) -> None:
    """By a beacon: the page is gone before its batch is due."""
    site.html("<p>There</p>", path="/there")
    pause(page)
    page.goto(site.html(started(RENDERED.format(above=0, height=100).replace("#there", "/there"))))
    page.get_by_text("Read").click()
    page.wait_for_url("**/there")
    until(page, lambda: site.events("click"))
    [batch] = site.to(EVENTS)
    assert batch.is_beacon
    assert batch.headers["content-type"].startswith("text/plain")
    assert batch.query == {"key": [KEY]}


def test_dwell_is_the_time_that_the_page_was_visible(site: Site, page: Page) -> None:
    pause(page)
    page.goto(site.html(started("<p>Text</p>", "contentId: 'a-3'")))
    page.clock.run_for(7_000)
    hide(page)
    until(page, lambda: site.events("dwell"))
    page.clock.run_for(100_000)
    hide(page, hidden=False)
    page.clock.run_for(4_000)
    page.evaluate("Tessera.page('a-4')")
    page.clock.run_for(500)
    page.goto(site.html(started("", "auto: []"), path="/next"))
    until(page, lambda: len(site.events("view")) == 2)
    assert [(event["content_id"], event["value"]) for event in site.events("dwell")] == [("a-3", 7), ("a-3", 4)]
    assert [event["content_id"] for event in site.events("view")] == ["a-3", "a-4"]


def test_scroll_depth_is_told_by_quarters_each_once(site: Site, page: Page) -> None:
    page.goto(site.html(started('<div style="height: 4000px">Long</div>', "auto: ['scroll']")))
    for top in (100, 1_300, 1_200, 0, 9_999, 0, 9_999):
        page.evaluate(
            """(top) => new Promise((done) => {
              if (scrollY === Math.min(top, document.documentElement.scrollHeight - innerHeight)) return done();
              addEventListener("scroll", done, { once: true });
              scrollTo(0, top);
            })""",
            top,
        )
        if top == 1_300:
            page.evaluate("Tessera.flush()")
            assert [event["value"] for event in site.events()] == [25, 50]
    page.evaluate("Tessera.flush()")
    assert [event["value"] for event in site.events()] == [25, 50, 75, 100]
