"""An editor's day in Chromium: a rule in the draft, looked at with a visitor's eyes, published, and taken back."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.e2e.demo import Demo, running

pytestmark = [pytest.mark.server, pytest.mark.browser]

RULE = """\
id: hero-of-the-letter
name: Readers of the letter see the winter box
slot: home.hero
priority: 500
when: {request.utm.campaign: letter}
then:
  - {pin: {id: hero-winter}, position: 1}
"""
VISITOR = "/editor/preview?slot=home.hero&a.request.utm.campaign=letter&date=2026-11-24&time=14:00"
PUBLISHED_WITHIN_S = 90
PHONE = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Mobile Safari/537.36"
)
"""What `requests` says of itself makes it a robot, and robots see no rule."""


@pytest.fixture(scope="module")
def own_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo that may be changed."""
    with running(tmp_path_factory.mktemp("editor-demo")) as found:
        yield found


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def context(request: pytest.FixtureRequest, browser: Browser, own_demo: Demo) -> Iterator[BrowserContext]:
    found = browser.new_context(base_url=own_demo.url, java_script_enabled=request.param, locale="en-GB")
    yield found
    found.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A window in which nothing that the content policy refuses, and no script that fails, goes unseen."""
    found = context.new_page()
    complaints: list[str] = []
    found.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    found.on("pageerror", lambda error: complaints.append(str(error)))
    yield found
    assert [said for said in complaints if "status of 422" not in said] == []  # how a browser tells of a refused form


def served(demo: Demo) -> str:
    """The opening that the API gives to a reader of the letter."""
    answer = requests.post(
        f"{demo.url}/v1/personalize",
        headers={"X-Tessera-Key": "demo-delivery-key", "User-Agent": PHONE},
        json={"slots": [{"id": "home.hero"}], "context": {"url": f"{demo.url}/?utm_campaign=letter"}},
        timeout=60,
    )
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return str(found["slots"]["home.hero"]["blocks"][0]["id"])


def wait_until(demo: Demo, *, is_winter: bool) -> None:
    """Until every worker serves it: a few answers in a row agree."""
    until = time.monotonic() + PUBLISHED_WITHIN_S
    in_a_row = 0
    while in_a_row < 6:
        in_a_row = in_a_row + 1 if (served(demo) == "hero-winter") is is_winter else 0
        assert time.monotonic() < until, "the publication did not reach the API"
        time.sleep(0.05)


def log_in(page: Page, key: str) -> None:
    page.goto("/editor/")
    page.get_by_label("Management key").fill(key)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def block_of(page: Page, rules: str) -> str:
    return page.locator(f'[data-rules="{rules}"] [data-block]').first.get_attribute("data-block") or ""


def test_a_rule_is_written_previewed_published_and_rolled_back(page: Page, own_demo: Demo) -> None:
    log_in(page, own_demo.management_key)
    before = int(page.locator(".card .big").first.inner_text().removeprefix("Version "))
    assert served(own_demo) != "hero-winter"

    page.goto("/editor/new/rules")
    page.get_by_text("Or write it yourself, as YAML").click()
    page.get_by_label("The rule as YAML").fill(RULE)
    page.get_by_role("button", name="Add this text to the draft").click()
    expect(page.get_by_role("status")).to_contain_text("Added to the draft")
    expect(page.locator(".facts").first).to_contain_text("the link’s “campaign” (utm) is letter")

    page.goto(VISITOR)
    expect(page.get_by_role("status")).to_contain_text("would get something else")
    assert block_of(page, "draft") == "hero-winter"
    assert block_of(page, "published") not in {"", "hero-winter"}
    draft = page.locator('[data-rules="draft"]')
    expect(draft.locator(".block__why")).to_have_text("pinned by Readers of the letter see the winter box")
    expect(draft.frame_locator("iframe").locator(".b-hero")).to_be_visible()
    assert served(own_demo) != "hero-winter", "a draft is nobody's business yet"

    page.get_by_role("link", name="Publish", exact=True).click()
    expect(page.locator(".changes")).to_contain_text("Readers of the letter see the winter box")
    page.get_by_label("What changes, in a few words").fill("The letter leads to the winter box")
    page.get_by_role("button", name="Publish for all visitors").click()
    expect(page.get_by_role("status")).to_contain_text("Published")
    expect(page.locator(".card").first).to_contain_text("The letter leads to the winter box")
    wait_until(own_demo, is_winter=True)

    page.get_by_role("link", name="History", exact=True).first.click()
    row = page.locator(".row").filter(has=page.get_by_role("link", name=f"Version {before}", exact=True)).first
    row.get_by_text("Roll back to this…").click()
    row.get_by_label("Why, in a few words").fill("The letter is late")
    row.get_by_role("button", name=f"Roll back to version {before}").click()
    expect(page.get_by_role("status")).to_contain_text("Rolled back")
    wait_until(own_demo, is_winter=False)

    # The draft follows what is published, so that the next run begins where this one did.
    expect(page.locator(".card").nth(1)).to_contain_text("No changes")
    page.get_by_role("button", name="Log out").click()
    page.goto("/editor/slots")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def test_a_rule_is_made_by_choosing_looked_at_and_moved(page: Page, own_demo: Demo) -> None:
    """Without a line of YAML, and what does not do what is meant is told before anybody publishes it."""
    log_in(page, own_demo.management_key)
    page.goto("/editor/slots/home.hero")
    page.get_by_role("link", name="New rule").click()
    page.get_by_label("What is it for?").fill("Who comes back in the evening")
    page.get_by_label("This entry").select_option("hero-quiet")
    page.get_by_label("Visitors", exact=True).select_option(label="who have been here before")
    page.get_by_label("From", exact=True).fill("18:00")
    page.get_by_label("to", exact=True).fill("23:00")
    page.get_by_role("button", name="Show it in words first").click()
    said = page.locator(".facts").first
    expect(said).to_contain_text("the visitor has been here before and it is between 18:00 and 23:00")
    page.get_by_role("button", name="Add to the draft").click()

    # The entry belongs to an experiment: that is told here, and not found out by visitors.
    doubt = page.get_by_role("status").filter(has_text="may not do what you mean")
    expect(doubt).to_contain_text("shown by the experiment 'hero-voice' to one of its arms alone")
    entry = page.get_by_label("This entry")
    assert entry.input_value() == "hero-quiet"
    entry.select_option("hero-winter")
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_role("status")).to_contain_text("Saved in the draft")
    expect(doubt).to_have_count(0)

    page.get_by_role("link", name="Preview as a visitor whom it is for").click()
    assert page.get_by_label("First visit").input_value() == "no"
    assert block_of(page, "draft") == "hero-winter"
    assert block_of(page, "published") not in {"", "hero-winter"}

    page.goto("/editor/slots/home.hero")
    rules = page.locator(".rule")
    place = rules.filter(has_text="Who comes back in the evening")
    expect(rules.nth(2)).to_contain_text("Who comes back in the evening")
    place.get_by_label("priority").fill("45")
    place.get_by_role("button", name="Set the priority of Who comes back in the evening").click()
    expect(page.get_by_role("status")).to_contain_text("priority is changed")
    assert place.locator(".rule__place").inner_text() == "9"

    place.get_by_role("link", name="Edit").click()
    page.get_by_text("Delete this rule…").click()
    page.get_by_role("button", name="Delete “Who comes back in the evening”").click()
    expect(page.get_by_role("status")).to_contain_text("Taken out of the draft")


def test_a_rule_of_the_site_is_changed_by_choosing_and_as_text(page: Page, own_demo: Demo) -> None:
    """What is wrong is said at its field, what the form cannot say stays, and both ways change the same rule."""
    log_in(page, own_demo.management_key)
    page.goto("/editor/items/rules/hero-weekend")
    assert [page.get_by_label(day, exact=True).is_checked() for day in ("Thursday", "Friday", "Saturday")] == [
        False,
        True,
        True,
    ]
    assert page.get_by_label("From", exact=True).input_value() == "17:00"
    country = page.get_by_label("In the country")
    country.fill("France")
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_role("alert")).to_contain_text("not saved yet")
    assert country.get_attribute("aria-invalid") == "true"
    expect(page.locator(f"#{country.get_attribute('aria-describedby')}")).to_contain_text("two letters")
    page.get_by_role("alert").get_by_role("link").click()
    expect(country).to_be_focused()
    country.fill("FR, BE")
    page.get_by_role("button", name="Go on as text").click()
    text = page.get_by_label("The rule as YAML")
    assert "geo.country: [FR, BE]" in text.input_value()
    text.fill(text.input_value().replace("[FR, BE]", "[FR, CH]"))
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_role("status")).to_contain_text("Saved in the draft")
    assert country.input_value() == "FR, CH"
    country.fill("")
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.locator(".state")).to_contain_text("the draft is the same")


def test_conditions_in_groups_are_made_moved_and_taken_out(page: Page, own_demo: Demo) -> None:
    """By the keyboard, and with no line lost; where there are scripts, the sentence follows what is chosen."""
    log_in(page, own_demo.management_key)
    page.goto("/editor/items/rules/feed-regulars-long")
    to_whom = page.get_by_role("group", name="To whom")
    follow = page.get_by_role("button", name="Go on", exact=True)

    def choose(line: str, what: str, test: str) -> None:
        for field, words in (("what", what), ("test", test)):
            page.locator(f"[id='make-{line}.{field}']").select_option(label=words)
            if follow.first.is_visible():  # no scripts
                follow.first.click()
            expect(page.locator(f"[id='make-{line}.test']")).to_be_visible()
        expect(page.locator(f"[id='make-{line}.v']")).to_be_visible()

    to_whom.get_by_role("button", name="Add a condition").press("Enter")
    expect(page.locator("[id='make-if.0.what']")).to_be_focused()
    choose("if.0", "Day of the week", "is")
    to_whom.get_by_label("Saturday").check()
    to_whom.get_by_role("button", name="Add a group").press("Enter")
    expect(page.locator("[id='make-if.1.0.what']")).to_be_focused()
    choose("if.1.0", "City", "is")
    page.locator("[id='make-if.1.0.v']").fill("Paris")
    choose("if.1.1", "Region", "is the same as")
    page.locator("select[id='make-if.1.1.v']").select_option(label="the visitor’s city")
    page.locator("[id='make-if.0:down']").press("Enter")
    expect(page.locator("[id='make-if.0.0:down']")).to_be_focused()
    if not follow.first.is_visible():
        expect(page.locator("#said")).to_contain_text("it is Saturday or the visitor’s city is Paris or")
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_role("status")).to_contain_text("Saved in the draft")
    expect(page.locator(".facts").first).to_contain_text("it is Saturday or the visitor’s city is Paris or")

    for left in (2, 1, 0):
        page.locator("[id='make-if.0:remove']").press("Enter")
        expect(to_whom.locator(".line")).to_have_count(left)
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.locator(".state")).to_contain_text("the draft is the same")


@pytest.mark.parametrize("context", [True], indirect=True, ids=["with scripts"])
def test_typing_goes_on_where_it_was_when_the_form_is_drawn_again(page: Page, own_demo: Demo) -> None:
    log_in(page, own_demo.management_key)
    page.goto("/editor/new/rules?slot=home.hero")
    name = page.get_by_label("What is it for?")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/editor/new/rules", hold, times=1)
    page.get_by_label("What becomes of it").select_option("boost")
    name.press_sequentially("Readers")
    name.press("ArrowLeft")
    held[0].continue_()
    expect(page.get_by_label("How much higher")).to_be_visible()
    expect(name).to_be_focused()
    page.keyboard.type("XYZ")
    expect(name).to_have_value("ReaderXYZs")

    page.get_by_role("group", name="To whom").get_by_role("button", name="Add a condition").press("Enter")
    page.locator("[id='make-if.0.what']").select_option("request.query.*")
    own = page.locator("[id='make-if.0.own']")
    expect(own).to_be_visible()
    own.fill("ref")
    own.press("Tab")
    expect(page.locator("[id='make-if.0.test']")).to_be_focused()
    expect(own).to_have_value("ref")


def test_the_slot_is_chosen_by_the_keyboard(browser: Browser, own_demo: Demo) -> None:
    """The page follows the slot, and whoever pressed a key goes on where they were."""
    context = browser.new_context(base_url=own_demo.url, locale="en-GB")
    page = context.new_page()
    log_in(page, own_demo.management_key)
    questions: list[str] = []
    page.on("dialog", lambda asked: (questions.append(asked.type), asked.accept()))
    offered = {"Where": "This entry", "Slot": "Slot"}
    for path, name in (
        ("new/rules?slot=home.hero", "Where"),
        ("items/rules/hero-evening", "Where"),
        ("preview?slot=home.hero", "Slot"),
    ):
        page.goto(f"/editor/{path}")
        questions.clear()  # whether to leave what was chosen before, which is asked with reason
        field = page.get_by_label(name, exact=True)
        field.focus()
        page.keyboard.press("ArrowDown")
        expect(page.get_by_label(offered[name], exact=True).locator('option[value*="banner"]').first).to_be_attached()
        expect(field).to_be_focused()
        assert field.input_value() == "home.banner"
        assert questions == []
    assert "No changes" in page.goto("/editor/").text()  # type: ignore[union-attr]  # nothing was saved by looking
    context.close()


UNNAMED = """() => [
  ...[...document.querySelectorAll("input:not([type=hidden]), select, textarea")].filter((one) => !one.labels.length),
  ...[...document.querySelectorAll("button, a[href]")].filter((one) => !one.textContent.trim()),
].filter((one) => !one.hidden && !one.ariaLabel).map((one) => one.outerHTML)"""


def test_a_link_shows_a_draft_of_the_cms_on_the_storefront(page: Page, own_demo: Demo) -> None:
    file = own_demo.content / "hero" / "hero-secret.en.md"
    file.write_text("---\ntitle: Nobody knows yet\ndraft: true\n---\n", "utf-8")
    log_in(page, own_demo.management_key)
    page.goto("/editor/preview?slot=home.hero&a.geo.country=IT&a.request.locale=en")
    page.get_by_text("Show a draft from the CMS: make a preview link").click()
    assert page.locator("#link-known option").count() > 3
    page.get_by_label("Entry, by its id in the CMS").fill("hero-secret")
    page.get_by_label("Language of the draft").fill("en")
    page.get_by_role("button", name="Make the link").click()
    made = page.get_by_role("textbox", name="The link")
    expect(made).to_have_value(re.compile(re.escape(f"{own_demo.url}/?preview=p1.")))
    assert page.get_by_label("Country").input_value() == "IT", "the visitor stays"

    page.goto(made.input_value())
    strip = page.get_by_role("complementary", name="Preview")
    expect(strip).to_contain_text("nothing here is counted")
    expect(strip).to_contain_text("Nobody knows yet")
    expect(strip).to_contain_text("geo.country: IT")
    page.get_by_role("link", name="The counter").first.click()
    expect(page).to_have_url(re.compile(r"/shop\?preview=p1\."))
    expect(strip).to_be_visible()
    strip.get_by_role("link", name="Leave the preview").click()
    expect(strip).to_have_count(0)
    file.unlink()


@pytest.mark.parametrize("width", [375, 1280])
def test_no_page_is_wider_than_the_window(context: BrowserContext, own_demo: Demo, width: int) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 800})
    log_in(page, own_demo.management_key)
    for path in (
        "",
        "slots",
        "slots/home.hero",
        "list/segments",
        "list/experiments",
        "list/attributes",
        "site",
        "items/rules/hero-winter-campaign",
        "items/rules/hero-winter-campaign?as=text",
        "items/rules/shop-overseas-flat-parcels",
        "items/experiments/hero-voice",
        "new/rules",
        "new/experiments?write=yes",
        "preview?slot=home.feed",
        "publish",
        "history",
    ):
        page.goto(f"/editor/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate(UNNAMED) == [], path
    page.close()
