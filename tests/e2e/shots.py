"""Pictures of the storefront for the README: `python -m tests.e2e.shots docs/images`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from tests.e2e.browser import chromium
from tests.e2e.demo import Demo, running

SHOTS = (
    ("storefront-camille.png", "Camille", {"width": 1280, "height": 1200}, False),
    ("storefront-luc-why.png", "Luc", {"width": 1280, "height": 1425}, True),
    ("storefront-phone.png", "Camille", {"width": 375, "height": 1100}, False),
)


def shoot(browser: Browser, demo: Demo, name: str, size: dict[str, int], *, why: bool) -> bytes:
    """The home page of one of the panel's visitors, perhaps with the reason for its opening."""
    page = browser.new_page(viewport=size, java_script_enabled=False, locale="en-GB")  # type: ignore[arg-type]
    page.goto(f"{demo.url}/?panel=open")
    page.get_by_role("link", name=name).click()
    page.wait_for_load_state("networkidle")
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


def main(target: Path) -> None:
    """Write all of them."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, running(Path(place), workers=1) as demo, chromium() as browser:
        for file, name, size, why in SHOTS:
            (target / file).write_bytes(shoot(browser, demo, name, size, why=why))
        (target / "storefront-live.png").write_bytes(shoot_live(browser, demo))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
