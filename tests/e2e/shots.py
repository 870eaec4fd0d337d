"""Pictures of the storefront and of the editors' pages: `python -m tests.e2e.shots docs/images`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from tests.e2e.browser import chromium
from tests.e2e.demo import Demo, running

SHOTS = (
    ("storefront-camille.png", "Camille", {"width": 1280, "height": 1200}, False),
    ("storefront-luc-why.png", "Luc", {"width": 1280, "height": 1470}, True),
    ("storefront-phone.png", "Camille", {"width": 375, "height": 1100}, False),
)
VISITOR = "a.geo.country=BE&a.visitor.new=no&a.request.locale=en&date=2026-11-24&time=14:00"


def shoot(browser: Browser, demo: Demo, name: str, size: dict[str, int], *, why: bool) -> bytes:
    """The home page of one of the panel's visitors, perhaps with the reason for its opening."""
    while True:
        page = browser.new_page(viewport=size, java_script_enabled=False, locale="en-GB")  # type: ignore[arg-type]
        page.goto(f"{demo.url}/?panel=open")
        page.get_by_role("link", name=name).click()
        page.wait_for_load_state("networkidle")
        if not page.get_by_text("without any rule").count():  # one in twenty
            break
        page.close()
    if why:
        page.locator('[data-slot="home.hero"] .why > summary').click()
        page.mouse.move(0, 0)
    picture = page.screenshot(animations="disabled")
    page.close()
    return picture


def shoot_live(browser: Browser, demo: Demo) -> bytes:
    """The home page of somebody who has read three articles about mountains, with what is known of them."""
    while True:
        context = browser.new_context(base_url=demo.url, viewport={"width": 1280, "height": 1240}, locale="en-GB")
        page = context.new_page()
        page.goto("/")
        for slug in ("brenner-at-dawn", "twelve-tunnels", "towards-narvik"):
            page.goto(f"/articles/{slug}")
            title = page.locator(".story__head h1").inner_text()
            page.locator("#live [data-live=events] li", has_text=f"opened {title}").wait_for(state="attached")
            page.wait_for_timeout(1_200)  # long enough to have stayed
        page.locator("#live > summary").click()
        page.goto("/")
        if not page.get_by_text("without any rule").count():  # one in twenty
            break
        context.close()
    page.locator("#live [data-live=shown] li").first.wait_for()
    picture = page.screenshot(animations="disabled")
    context.close()
    return picture


def shoot_editor(browser: Browser, demo: Demo, target: Path) -> None:
    """A rule in the form, conditions in a group, what a visitor would get of it, and the page that publishes it."""
    context = browser.new_context(base_url=demo.url, viewport={"width": 1280, "height": 1800}, locale="en-GB")
    page = context.new_page()
    page.goto("/editor/")
    page.get_by_label("Management key").fill(demo.management_key)
    page.get_by_role("button", name="Log in").click()
    page.goto("/editor/new/rules?slot=home.banner")
    page.get_by_label("What is it for?").fill("Belgium and Luxembourg hear from the readers")
    page.get_by_label("More about it").fill("Until the stations there have the magazine.")
    page.get_by_label("This entry").select_option("banner-readers")
    page.get_by_label("In the country").fill("BE, LU")
    page.get_by_label("Last day").fill("2027-02-28")
    page.get_by_label("It goes before").select_option("banner-first-night")
    page.get_by_role("button", name="Add to the draft").first.click()
    page.get_by_role("status").first.wait_for()
    page.goto(page.url.partition("?")[0])
    (target / "editor-rule.png").write_bytes(page.screenshot(animations="disabled"))
    page.goto("/editor/items/rules/related-search-for-sleep")
    conditions = page.get_by_role("group", name="To whom").locator(".make__more")
    (target / "editor-conditions.png").write_bytes(conditions.screenshot(animations="disabled"))
    page.set_viewport_size({"width": 1280, "height": 960})
    page.goto(f"/editor/preview?slot=home.banner&{VISITOR}")
    page.wait_for_load_state("networkidle")
    (target / "editor-preview.png").write_bytes(page.screenshot(animations="disabled"))
    page.set_viewport_size({"width": 1280, "height": 760})
    page.goto("/editor/publish")
    page.get_by_label("What changes, in a few words").fill("The readers’ line for Belgium and Luxembourg")
    (target / "editor-publish.png").write_bytes(page.screenshot(animations="disabled"))
    context.close()


def main(target: Path) -> None:
    """Write all of them."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, running(Path(place), workers=1) as demo, chromium() as browser:
        for file, name, size, why in SHOTS:
            (target / file).write_bytes(shoot(browser, demo, name, size, why=why))
        shoot_editor(browser, demo, target)
        (target / "storefront-live.png").write_bytes(shoot_live(browser, demo))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
