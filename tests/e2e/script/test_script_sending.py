"""Events on their way: in batches, again where they are refused for now, and from pages that are left."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.script.pages import SLOT, nothing_stored, pause, started, until, until_sent
from tests.e2e.script.site import EVENTS, IDENTIFY, KEY, PERSONALIZE, Site

pytestmark = [pytest.mark.server, pytest.mark.browser]


def test_events_wait_two_seconds_for_others_and_fifty_go_at_once(site: Site, page: Page) -> None:
    pause(page)
    page.goto(site.html(started("", "auto: []")))
    page.evaluate("Tessera.track('signup')")
    page.clock.run_for(1_900)
    assert not site.to(EVENTS)
    until(page, lambda: site.to(EVENTS))
    page.evaluate("for (let n = 0; n < 120; n++) Tessera.track('signup')")
    until(page, lambda: len(site.events()) == 121)
    assert [len(batch.body["events"]) for batch in site.to(EVENTS)] == [1, 50, 50, 20]
    assert len({event["id"] for event in site.events()}) == 121


def test_an_event_carries_what_it_was_given(site: Site, page: Page) -> None:
    page.goto(site.html(started("", "auto: []")))
    given = {"id": "order-of-this-test", "value": 80, "properties": {"currency": "EUR"}}
    assert page.evaluate("(given) => Tessera.track('purchase', given)", given) == "order-of-this-test"
    assert page.evaluate("Tessera.track('search', {properties: {query: 'x'.repeat(20000)}})") is None
    page.evaluate("Tessera.flush()")
    [event] = site.events()
    assert {name: event[name] for name in given} == given


def test_batches_stay_below_what_a_beacon_carries(site: Site, page: Page) -> None:
    """Umlauts count twice."""
    page.goto(site.html(started("", "auto: []")))
    page.evaluate("for (let n = 0; n < 20; n++) Tessera.track('signup', {properties: {more: 'ü'.repeat(1900)}})")
    page.goto("about:blank")
    page.goto(site.html(started("", "auto: []")))  # what no beacon took is sent from the next page
    until(page, lambda: len({event["id"] for event in site.events()}) == 20)
    assert all(int(batch.headers["content-length"]) < 65_536 for batch in site.to(EVENTS))


@pytest.mark.parametrize("status", [429, 503, 500])
def test_refused_for_now_they_are_sent_again_under_the_same_ids(site: Site, browser: Browser, status: int) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.clock.install()
        pause(page)
        site.replies.extend([(status, {"Retry-After": "5"}), (status, {})])
        page.goto(site.html(started("", "auto: []", f"{site.other}/tessera.js")))
        page.evaluate("for (let n = 0; n < 60; n++) Tessera.track('signup')")
        until_sent(page, site, 1)
        page.evaluate("Tessera.track('signup')")
        page.clock.run_for(5_400)
        assert len(site.to(EVENTS)) == 1, "earlier than it was asked to"
        until(page, lambda: len(site.events()) == 61)
        first, second, third, *_rest = site.to(EVENTS)
        assert [batch.status for batch in (first, second)] == [status] * 2
        ids = [[event["id"] for event in batch.body["events"]] for batch in (first, second, third)]
        assert ids[0] == ids[1] == ids[2]
        assert len({event["id"] for event in site.events()}) == 61


def test_refused_for_good_they_are_let_go(site: Site, browser: Browser) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        site.replies.append((422, {}))
        page.goto(site.html(started("", "auto: []")))
        page.evaluate("Tessera.track('signup')")
        page.evaluate("Tessera.flush()")
        page.evaluate("Tessera.track('signup')")
        page.evaluate("Tessera.flush()")
        first, second = site.to(EVENTS)
        assert first.body["events"][0]["id"] != second.body["events"][0]["id"]
        assert len(second.body["events"]) == 1


def test_what_could_not_be_sent_is_sent_by_the_next_page(site: Site, browser: Browser) -> None:
    """A server that asked for time gets it; so the beacon is not tried."""
    with browser.new_context() as context:
        page = context.new_page()
        site.replies.append((503, {"Retry-After": "100"}))
        page.goto(site.html(started("", "auto: []")))
        sent = page.evaluate("Tessera.track('signup')")
        page.evaluate("Tessera.flush()")
        page.goto(site.html(started("", "auto: []"), path="/next"))
        page.evaluate("Tessera.flush()")
        assert [event["id"] for event in site.events()] == [sent]
        page.goto(site.html(started("", "auto: []")))
        assert page.evaluate("sessionStorage.length") == 0


def test_the_queue_is_bounded_and_the_newest_stay(site: Site, browser: Browser) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.clock.install()
        site.replies.append((503, {}))
        page.goto(site.html(started("", "auto: []")))
        page.evaluate("Tessera.track('signup')")
        page.evaluate("Tessera.flush()")
        page.evaluate("for (let n = 0; n < 700; n++) Tessera.track('search', {id: `s-${n}`, properties: {query: 'x'}})")
        until(page, lambda: len(site.events()) >= 500)
        assert [event["id"] for event in site.events()] == [f"s-{n}" for n in range(200, 700)]


def test_who_it_is_is_told_to_identify(site: Site, page: Page) -> None:
    page.goto(site.html(started("", "auto: []")))
    page.evaluate("Tessera.identify({user_token: 'signed', attributes: {plan: 'pro'}})")
    [asked] = site.to(IDENTIFY)
    assert asked.body["visitor_id"] == page.evaluate("Tessera.visitorId")
    assert asked.headers["x-tessera-key"] == KEY


def test_what_is_called_before_the_page_begins_is_done_when_it_does(site: Site, page: Page) -> None:
    """A prerendered page is looked at by nobody until it is shown."""
    page.add_init_script("Object.defineProperty(document, 'prerendering', {configurable: true, value: true})")
    page.goto(site.html(started(SLOT, "auto: ['view']")))
    page.evaluate("Tessera.track('signup')")
    page.clock.run_for(10_000)
    assert not site.to(PERSONALIZE)
    assert not site.to(EVENTS)
    assert nothing_stored(page)
    page.evaluate(
        """() => {
          Object.defineProperty(document, "prerendering", { configurable: true, value: false });
          document.dispatchEvent(new Event("prerenderingchange"));
        }"""
    )
    expect(page.locator("#slot > [data-tessera-block]")).to_have_count(1)
    until(page, lambda: len(site.events()) == 2)
    assert [event["type"] for event in site.events()] == ["view", "signup"]
