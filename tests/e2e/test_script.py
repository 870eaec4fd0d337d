"""`tessera.js` in Chromium, before a real Tessera: slots, blocks that are seen and followed, events that arrive."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.demo import Demo
from tests.e2e.script_site import EVENTS, IDENTIFY, KEY, PERSONALIZE, Site, site_before

pytestmark = [pytest.mark.server, pytest.mark.browser, pytest.mark.xdist_group("demo")]

TRIES = 60
STEP_MS = 250
SLOT = '<div id="slot" data-tessera-slot="home.hero"><p>The default</p></div>'
START = "Tessera.init({{key: '{key}', {options}}})"


@pytest.fixture(scope="module")
def running(demo: Demo) -> Iterator[Site]:
    with site_before(demo.url) as found:
        yield found


@pytest.fixture
def site(running: Site) -> Iterator[Site]:
    running.clear()
    yield running
    running.clear()


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
    found.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    found.on("pageerror", lambda error: complaints.append(str(error)))
    yield found
    assert complaints == []


def started(body: str, options: str = "", src: str = "/tessera.js") -> str:
    """A body that begins by a call."""
    return f'{body}<script src="{src}"></script><script>{START.format(key=KEY, options=options)}</script>'


def until(page: Page, holds: Callable[[], object]) -> None:
    """Until something holds, while the page's clock is moved on."""
    for _try in range(TRIES):
        if holds():
            return
        page.clock.run_for(STEP_MS)
    raise AssertionError("it did not come to hold")


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


# --- slots


@pytest.mark.parametrize("crosses", [False, True], ids=["same origin", "another origin"])
def test_a_slot_is_filled_with_the_blocks_of_the_service(site: Site, page: Page, *, crosses: bool) -> None:
    """From another origin too, and without a preflight."""
    endpoint = site.other if crosses else site.url
    page.goto(site.html(started(SLOT, src=f"{endpoint}/tessera.js")))
    block = page.locator("#slot > [data-tessera-block]")
    expect(block).to_have_count(1)
    [asked] = site.to(PERSONALIZE)
    assert block.get_attribute("data-tessera-block") == asked.answer["slots"]["home.hero"]["blocks"][0]["id"]
    assert asked.body["context"]["url"] == f"{site.url}/page"
    assert asked.body["context"]["locale"] == "en"
    assert asked.body["visitor"]["id"] == page.evaluate("Tessera.visitorId")
    assert asked.answer["visitor"]["id"] == asked.body["visitor"]["id"]
    expect(page.get_by_text("The default")).to_have_count(0)
    until(page, lambda: site.events("view"))
    assert not [one for one in site.sent if one.method == "OPTIONS"]


def test_slots_share_one_request_and_a_limit_is_kept(site: Site, page: Page) -> None:
    slots = SLOT + '<ul data-tessera-slot="home.feed" data-tessera-limit="2"></ul>'
    page.goto(site.html(started(slots, "unique: true")))
    expect(page.locator("ul > [data-tessera-block]")).to_have_count(2)
    [asked] = site.to(PERSONALIZE)
    assert asked.body["slots"] == [{"id": "home.hero"}, {"id": "home.feed", "limit": 2}]
    assert asked.body["unique"] is True


def test_the_default_stays_where_nothing_comes(site: Site, page: Page) -> None:
    """A slot that there is not, beside one that there is."""
    page.goto(site.html(started(SLOT + '<p data-tessera-slot="home.heroo">Stays</p>')))
    expect(page.locator("#slot > [data-tessera-block]")).to_have_count(1)
    expect(page.get_by_text("Stays")).to_be_visible()


def test_the_default_stays_where_the_service_fails(site: Site, browser: Browser) -> None:
    """The browser logs the failure; the page does not."""
    site.broken = True
    with browser.new_context() as context:
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(site.html(started(SLOT)))
        assert page.evaluate("Tessera.init()") is None
        expect(page.get_by_text("The default")).to_be_visible()
        page.evaluate("Tessera.track('signup')")
        page.evaluate("Tessera.flush()")
        assert site.events("signup")
        assert not errors


def test_the_default_stays_when_it_takes_too_long_and_a_late_answer_changes_nothing(site: Site, page: Page) -> None:
    site.hold.clear()
    page.goto(site.html(started(SLOT, "timeout: 50")))
    assert page.evaluate("Tessera.init()") is None
    expect(page.get_by_text("The default")).to_be_visible()
    site.hold.set()
    until(page, lambda: site.to(PERSONALIZE))
    settle(page)
    expect(page.get_by_text("The default")).to_be_visible()
    assert page.locator("[data-tessera-block]").count() == 0


def test_what_nobody_has_seen_is_hidden_until_it_is_right_and_keeps_its_space(site: Site, page: Page) -> None:
    """The default is never seen; what stands below does not move, though the block is lower."""
    tall = (
        '<div id="slot" data-tessera-slot="home.hero" style="height: auto"><div style="height: 500px">Old</div></div>'
    )
    options = """render: (block) => {
      const slot = document.querySelector("#slot");
      window.then = [getComputedStyle(slot).visibility, slot.offsetHeight];
      return "<b>New</b>";
    }"""
    site.pages["/init.js"] = ("text/javascript", START.format(key=KEY, options=options), {})
    head = '<script src="/tessera.js"></script><script src="/init.js" defer></script>'
    page.goto(site.html(tall + '<p id="below">Below</p>', head=head))
    expect(page.get_by_text("New")).to_be_visible()
    assert page.evaluate("then") == ["hidden", 500]
    assert page.evaluate("getComputedStyle(document.querySelector('#slot')).visibility") == "visible"
    assert page.evaluate("document.querySelector('#slot').offsetHeight") == 500
    page.set_viewport_size({"width": 900, "height": 800})
    page.wait_for_function("document.querySelector('#slot').offsetHeight < 100")


def test_a_page_may_make_its_own_markup_or_leave_a_block_out(site: Site, page: Page) -> None:
    options = (
        """render: (block, slot, id) => block.position === 2 ? null : `<li>${id} ${block.fields.title}</li> text`"""
    )
    page.goto(site.html(started('<ul data-tessera-slot="home.feed" data-tessera-limit="3"></ul>', options)))
    expect(page.locator("ul > div[data-tessera-block]")).to_have_count(2)  # text around an element gets one of its own
    [asked] = site.to(PERSONALIZE)
    assert asked.body["options"] == {"render": "json"}
    titles = [block["fields"]["title"] for block in asked.answer["slots"]["home.feed"]["blocks"]]
    expect(page.locator("ul")).to_contain_text(f"home.feed {titles[2]}")


def test_a_page_may_take_the_data_and_have_its_blocks_watched(site: Site, page: Page) -> None:
    page.goto(site.html(started('<section id="own"><p data-tessera-block="" id="made">Mine</p></section>')))
    page.evaluate(
        """async () => {
          const answer = await Tessera.personalize(["home.banner", { id: "home.feed", limit: 1 }]);
          document.querySelector("#made").dataset.tesseraBlock = answer.slots["home.feed"].blocks[0].id;
          Tessera.watch(document.querySelector("#own"), "home.feed", answer);
        }"""
    )
    until(page, lambda: site.events("impression"))
    [asked] = site.to(PERSONALIZE)
    [seen] = site.events("impression")
    slot = asked.answer["slots"]["home.feed"]
    assert (seen["slot"], seen["content_id"]) == ("home.feed", slot["blocks"][0]["id"])
    assert (seen["decision_id"], seen["decision_token"]) == (asked.answer["decision_id"], slot["decision_token"])


# --- what was seen and followed


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
    page.clock.pause_at(2_000_000_000)
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
    assert site.events()
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
    page.clock.pause_at(2_000_000_000)
    page.goto(site.html(started(RENDERED.format(above=0, height=100).replace("#there", "/there"))))
    page.get_by_text("Read").click()
    page.wait_for_url("**/there")
    until(page, lambda: site.events("click"))
    [batch] = site.to(EVENTS)
    assert batch.is_beacon
    assert batch.headers["content-type"].startswith("text/plain")
    assert batch.query == {"key": [KEY]}


def test_dwell_is_the_time_that_the_page_was_visible(site: Site, page: Page) -> None:
    page.clock.pause_at(2_000_000_000)
    page.goto(site.html(started("<p>Text</p>", "contentId: 'a-3'")))
    page.clock.run_for(7_000)
    hide(page)
    until(page, lambda: site.events("dwell"))
    page.clock.run_for(100_000)
    hide(page, hidden=False)
    page.clock.run_for(4_000)
    page.evaluate("Tessera.page('a-4')")
    page.clock.run_for(500)
    page.goto("about:blank")
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


# --- events on their way


def test_events_wait_two_seconds_for_others_and_fifty_go_at_once(site: Site, page: Page) -> None:
    page.clock.pause_at(2_000_000_000)
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
    given = {"id": "order-17", "value": 80, "properties": {"currency": "EUR"}}
    assert page.evaluate("(given) => Tessera.track('purchase', given)", given) == "order-17"
    assert page.evaluate("Tessera.track('search', {properties: {query: 'x'.repeat(20000)}})") is None
    page.evaluate("Tessera.flush()")
    [event] = site.events()
    assert {name: event[name] for name in given} == given


def test_batches_stay_below_what_a_beacon_carries(site: Site, page: Page) -> None:
    """Umlauts count twice."""
    page.goto(site.html(started("", "auto: []")))
    page.evaluate("for (let n = 0; n < 20; n++) Tessera.track('search', {properties: {query: 'ü'.repeat(5000)}})")
    page.goto("about:blank")
    page.goto(site.html(started("", "auto: []")))  # what no beacon took is sent from the next page
    until(page, lambda: len({event["id"] for event in site.events()}) == 20)
    assert all(int(batch.headers["content-length"]) < 65_536 for batch in site.to(EVENTS))


@pytest.mark.parametrize("status", [429, 503, 500])
def test_refused_for_now_they_are_sent_again_under_the_same_ids(site: Site, browser: Browser, status: int) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.clock.install()
        page.clock.pause_at(2_000_000_000)
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


def until_sent(page: Page, site: Site, batches: int) -> None:
    """Until so many have arrived and their answers are read, while the page's clock stands still."""
    for _try in range(TRIES):
        if len(site.to(EVENTS)) >= batches:
            settle(page)
            return
        settle(page)
    raise AssertionError("nothing was sent")


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
