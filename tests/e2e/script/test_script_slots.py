"""`tessera.js` in Chromium, before a real Tessera: slots are filled, or their defaults stay."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.script.pages import SLOT, START, settle, started, until
from tests.e2e.script.site import KEY, PERSONALIZE, Site

pytestmark = [pytest.mark.server, pytest.mark.browser]


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


def test_the_default_stays_where_nothing_comes_and_the_console_says_why(site: Site, browser: Browser) -> None:
    """A slot that there is not, beside one that there is."""
    with browser.new_context() as context:
        page = context.new_page()
        said: list[tuple[str, str]] = []
        page.on("console", lambda one: said.append((one.type, one.text)))
        page.goto(site.html(started(SLOT + '<p data-tessera-slot="home.heroo">Stays</p>')))
        expect(page.locator("#slot > [data-tessera-block]")).to_have_count(1)
        expect(page.get_by_text("Stays")).to_be_visible()
        assert said == [("warning", "there is no slot 'home.heroo'; did you mean 'home.hero'?")]


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
