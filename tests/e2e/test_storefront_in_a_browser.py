"""The storefront in Chromium with scripts off: what it shows does not need them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.demo import Demo

pytestmark = [pytest.mark.server, pytest.mark.browser]


@pytest.fixture
def page(browser: Browser, demo: Demo) -> Iterator[Page]:
    """A new visitor's window. Whatever the browser complains of, such as its content policy, fails the test."""
    context = browser.new_context(
        base_url=demo.url, java_script_enabled=False, locale="en-GB", viewport={"width": 1280, "height": 900}
    )
    found = context.new_page()
    complaints: list[str] = []
    found.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    found.on("requestfailed", lambda failed: complaints.append(failed.url))
    yield found
    context.close()
    assert complaints == []


def hero(page: Page) -> str:
    block = page.locator('[data-slot="home.hero"] [data-block]')
    return block.get_attribute("data-block") or ""


def board(page: Page, **chosen: str) -> None:
    """Open the panel, choose, submit."""
    page.goto("/")
    page.locator(".panel:not(.live) > summary").click()
    for name, value in chosen.items():
        field = page.locator(f'form [name="{name}"]')
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    page.get_by_role("button", name="Set the points").click()
    page.wait_for_load_state()


def test_two_visitors_see_different_openings_and_learn_why(page: Page) -> None:
    """Chosen in the form, without a script; the reason names the rule and what it saw."""
    board(page, plan="enterprise", place="berlin", date="2026-11-24", time="10:00")
    assert hero(page) == "hero-companies"
    expect(page.locator(".panel:not(.live) .panel__summary")).to_contain_text("Berlin")
    reason = page.locator('[data-slot="home.hero"] .why')
    expect(reason.locator(".ticket")).to_be_hidden()
    reason.locator("summary").click()
    expect(reason.locator(".ticket")).to_be_visible()
    expect(reason).to_contain_text("Companies see their counter")
    expect(reason).to_contain_text("is in Companies")

    board(page, plan="none", place="gap", date="2026-11-24", time="22:40", network="tunnel")
    assert hero(page) == "hero-evening"
    expect(page.locator('[data-slot="home.banner"]')).to_contain_text("Durance")


def test_what_was_chosen_holds_on_the_next_page(page: Page) -> None:
    """Links carry nothing: the cookie does."""
    page.goto("/")
    page.locator(".panel:not(.live) > summary").click()
    page.get_by_role("link", name="Odile").click()
    page.get_by_role("link", name="The counter").first.click()
    page.wait_for_load_state()
    assert page.url.endswith("/shop")
    expect(page.locator(".panel:not(.live) .panel__summary")).to_contain_text("Subscriber")
    assert next(one for one in page.context.cookies() if one.get("name") == "veilleuse_panel").get("httpOnly")


@pytest.mark.parametrize("path", ["/?panel=open", "/articles/upper-berth", "/shop", "/shop/night-lamp"])
def test_a_phone_needs_no_sideways_scrolling(page: Page, path: str) -> None:
    page.set_viewport_size({"width": 375, "height": 800})
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375


def test_the_page_can_be_walked_with_the_keyboard(page: Page) -> None:
    """The first stop skips to the content; a reason opens with Enter."""
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to content")
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")
    page.locator(".why > summary").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".ticket").first).to_be_visible()
