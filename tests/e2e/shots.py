"""Pictures of the storefront for the README: `python -m tests.e2e.shots docs/images`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.e2e.demo import Demo, running
from tests.servers import program

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


def main(target: Path) -> None:
    """Write all of them."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, running(Path(place), workers=1) as demo, sync_playwright() as player:
        browser = player.chromium.launch(
            executable_path=program("chromium"), args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        for file, name, size, why in SHOTS:
            (target / file).write_bytes(shoot(browser, demo, name, size, why=why))
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
