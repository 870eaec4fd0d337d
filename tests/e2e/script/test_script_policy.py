"""Strict pages: a content policy without exceptions, integrity, trusted types; and what the types and the page say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from plugin.web import script as script_
from plugin.web.script import script
from tests.docs.pages import DOCS, examples
from tests.e2e.script.pages import SLOT, started, until
from tests.e2e.script.site import KEY, PERSONALIZE, Site

pytestmark = [pytest.mark.server, pytest.mark.browser]

POLICY = (
    "default-src 'none'; script-src {scripts}; connect-src {tessera}; img-src 'self' {tessera}; base-uri 'none';"
    " require-trusted-types-for 'script'; trusted-types tessera"
)
TAG = '<script src="{src}" integrity="{integrity}" crossorigin data-key="{key}" data-timeout="20000" defer></script>'
MARKUP = [example for example in examples(DOCS / "browser.md") if example.language == "html"]


@pytest.mark.parametrize("crosses", [False, True], ids=["same origin", "another origin"])
def test_it_runs_under_a_strict_policy_with_its_integrity_checked(site: Site, page: Page, *, crosses: bool) -> None:
    """Nothing is refused: the page fixture fails at the first word of the browser."""
    tessera = site.other if crosses else site.url
    about = page.request.get(f"{tessera}/tessera.json").json()
    tag = TAG.format(src=tessera + about["path"], integrity=about["integrity"], key=KEY)
    policy = POLICY.format(scripts=tessera if crosses else "'self'", tessera=tessera)
    page.goto(site.html(SLOT, head=tag, **{"Content-Security-Policy": policy}))
    expect(page.locator("#slot > [data-tessera-block]")).to_have_count(1)
    until(page, lambda: site.events("impression"))
    if crosses:
        assert not [one for one in site.sent if one.method == "OPTIONS"]


def test_a_script_that_was_changed_does_not_run(site: Site, browser: Browser) -> None:
    """So the policy test above can fail; the page stands with its defaults."""
    with browser.new_context() as context:
        page = context.new_page()
        site.pages["/changed.js"] = ("text/javascript", script().source.decode() + "// more", {})
        page.goto(site.html(SLOT, head=TAG.format(src="/changed.js", integrity=script().integrity, key=KEY)))
        assert page.evaluate("typeof Tessera") == "undefined"
        expect(page.get_by_text("The default")).to_be_visible()


def test_the_types_name_what_there_is(site: Site, page: Page) -> None:
    """The compiler checks the rest, where there is one: see the unit tests."""
    types = (Path(script_.__file__).parent / "static" / "tessera.d.ts").read_text("utf-8")
    api = types.partition("interface TesseraApi {")[2].partition("\n}")[0]
    named = set(re.findall(r"^  (?:readonly )?(\w+)[(:]", api, re.MULTILINE))
    page.goto(site.html(started("", "auto: []")))
    assert set(page.evaluate("Object.keys(Tessera)")) == named
    assert page.evaluate("Object.isFrozen(Tessera)")
    source = (Path(script_.__file__).parent / "static" / "tessera.js").read_text("utf-8")
    options = types.partition("interface Options {")[2].partition("\n}")[0]
    known = set(re.findall(r"^  (\w+)\??[(:]", options, re.MULTILINE))
    assert set(re.findall(r"\boptions\.(\w+)", source)) | {"cookieDomain"} == known


def test_loaded_twice_it_runs_once(site: Site, page: Page) -> None:
    page.goto(site.html(started(SLOT) + '<script src="/tessera.js" data-key="other"></script>'))
    expect(page.locator("#slot > [data-tessera-block]")).to_have_count(1)
    assert len(site.to(PERSONALIZE)) == 1


@pytest.mark.parametrize("example", MARKUP, ids=lambda example: str(example.line))
def test_the_markup_of_the_documentation_works(site: Site, page: Page, example: object) -> None:
    """As it stands there, but for the address and the key."""
    text = str(getattr(example, "text", ""))
    text = text.replace("https://tessera.example.com", site.url).replace("YOUR-DELIVERY-KEY", KEY)
    text = text.replace("data-key=", 'data-timeout="20000" data-key=')  # for a machine that is busy
    text = re.sub(r"tessera\.[0-9a-f.]+…?\.js", script().name, text)
    text = re.sub(r'integrity="[^"]*"', f'integrity="{script().integrity}"', text)
    site.pages["/app.js"] = ("text/javascript", _scripts(site), {})
    page.goto(site.html(text))
    until(page, lambda: site.events("view"))
    if "/app.js" in text:
        until(page, lambda: site.events("purchase") and site.events("rating"))
    if "data-tessera-slot" in text and "data-tessera-token" not in text:
        until(page, lambda: page.locator("[data-tessera-slot] [data-tessera-block]").count())


def _scripts(site: Site) -> str:
    """The calls of the page, one example after the other, each by itself."""
    found = [example.text for example in examples(DOCS / "browser.md") if example.language == "js"]
    return (
        "\n".join(f"(async () => {{\n{text}\n}})();" for text in found)
        .replace("https://tessera.example.com", site.url)
        .replace("YOUR-DELIVERY-KEY", KEY)
    )
