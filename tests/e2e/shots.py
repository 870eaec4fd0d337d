"""Pictures of the storefront for the README: `python -m tests.e2e.shots FOLDER` with nothing else running."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.e2e.demo import running
from tests.servers import program

DESKTOP, PHONE = {"width": 1280, "height": 1500}, {"width": 375, "height": 1500}


def main(target: Path) -> None:
    """Two visitors, on a desktop and on a phone; one with the reasons open."""
    target.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as place,
        running(Path(place), workers=1) as demo,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=program("chromium"), args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        for who in ("Camille", "Jonas"):
            for name, size in (("desktop", DESKTOP), ("phone", PHONE)):
                page = browser.new_page(viewport=size, java_script_enabled=False, locale="en-GB")
                page.goto(f"{demo.url}/?panel=open")
                page.get_by_role("link", name=who).click()
                page.wait_for_load_state("networkidle")
                page.screenshot(path=target / f"{who.lower()}-{name}.png")
                page.locator(".why > summary").first.click()
                page.locator(".bonnet > summary").first.click()
                page.screenshot(path=target / f"{who.lower()}-{name}-why.png", full_page=True)
                page.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
