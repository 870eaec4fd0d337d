"""What the visitor allows: nothing is made, stored or sent without it, and a change holds at once."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from plugin.flow.signals.consent import derive_consent
from plugin.flow.signals.notes import Draft
from plugin.web.script import script
from tests.e2e.script.pages import SLOT, nothing_stored, pause, settle, started, until
from tests.e2e.script.site import CLASS, EVENTS, IDENTIFY, PERSONALIZE, Site

pytestmark = [pytest.mark.server, pytest.mark.browser]

DENY = "denyByDefault: true, contentId: 'a-3'"
TALL = SLOT + '<div style="height: 5000px"></div>'
DO_ALL = """async () => {
  await Tessera.init();
  for (const type of ["click", "dismiss", "purchase", "scroll"]) Tessera.track(type, { content_id: "a-3", value: 1 });
  await Tessera.identify({});
  await Tessera.flush();
}"""


def cookies(context: BrowserContext) -> dict[str, Any]:
    return {one["name"]: one for one in context.cookies()}  # type: ignore[typeddict-item]


def as_the_server_reads(value: str) -> dict[str, object]:
    draft = Draft()
    derive_consent({}, value, {}, None, gpc_purposes=(), draft=draft)
    assert not draft.notes
    return dict(draft.attributes)


def test_denied_by_default_nobody_has_an_id_and_nothing_is_kept_or_sent(site: Site, page: Page) -> None:
    """The slots are filled all the same, as for anybody."""
    page.goto(site.html(started(TALL, DENY)))
    expect(page.locator("#slot > [data-tessera-block]")).to_have_count(1)
    settle(page)
    page.clock.run_for(3_000)
    page.evaluate(DO_ALL)
    page.evaluate("scrollTo(0, 4000)")
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    [asked] = site.to(PERSONALIZE)
    assert "visitor" not in asked.body
    assert asked.body["context"]["consent"] == {"personalization": False, "analytics": False}
    assert "cookie" not in asked.headers
    assert not site.to(EVENTS)
    assert not site.to(IDENTIFY)
    assert nothing_stored(page)
    assert page.evaluate("Tessera.visitorId") is None
    assert page.evaluate("Tessera.consent()") == {"personalization": False, "analytics": False}


def test_what_is_allowed_later_holds_at_once(site: Site, page: Page, context: BrowserContext) -> None:
    """What is in view then is seen from then on; the cookies are those that the server reads."""
    page.goto(site.html(started(SLOT, DENY)))
    page.evaluate("Tessera.init()")
    settle(page)
    page.clock.run_for(3_000)
    page.evaluate("Tessera.consent({ personalization: true, analytics: false })")
    until(page, lambda: site.events("impression"))
    kept = cookies(context)
    assert as_the_server_reads(kept["tessera_consent"]["value"]) == {
        "consent.personalization": True,
        "consent.analytics": False,
    }
    assert kept["tessera_visitor"]["value"] == site.events()[0]["visitor_id"] == page.evaluate("Tessera.visitorId")
    assert {one["sameSite"] for one in kept.values()} == {"Lax"}
    assert site.to(EVENTS)[-1].body["consent"] == {"personalization": True, "analytics": False}
    page.goto(site.html(started(SLOT, DENY), path="/next"))
    page.evaluate("Tessera.init()")
    asked = site.to(PERSONALIZE)[-1]
    assert asked.answer["visitor"]["id"] == kept["tessera_visitor"]["value"]
    assert asked.body["context"]["consent"] == {"personalization": True, "analytics": False}


def test_taken_back_the_id_is_forgotten_and_what_waits_never_leaves(
    site: Site, page: Page, context: BrowserContext
) -> None:
    pause(page)
    page.goto(site.html(started(TALL, "contentId: 'a-3'")))
    first = page.evaluate("Tessera.init().then(() => Tessera.visitorId)")
    assert page.evaluate("Tessera.track('signup')")
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    until(page, lambda: site.to(EVENTS))
    site.sent.clear()
    page.evaluate("Tessera.track('signup'); Tessera.consent({ personalization: false, analytics: false })")
    page.evaluate(DO_ALL)
    page.goto("about:blank")
    assert not site.to(EVENTS)
    assert set(cookies(context)) == {"tessera_consent"}
    page.goto(site.html(started(SLOT), path="/next"))
    page.evaluate("Tessera.init()")
    assert "visitor" not in site.to(PERSONALIZE)[-1].body
    assert page.evaluate("[Tessera.visitorId, sessionStorage.length]") == [None, 0]
    assert page.evaluate("Tessera.consent({ personalization: true }).personalization") is True
    assert page.evaluate("Tessera.track('signup')")
    assert page.evaluate("Tessera.visitorId") != first


def test_each_purpose_lets_through_its_own_events(site: Site, page: Page) -> None:
    """Scroll depth is analytics; whoever allows that alone is not personalized by it."""
    page.goto(site.html(started(TALL, "consent: { personalization: false, analytics: true }")))
    page.evaluate(DO_ALL)
    assert [event["type"] for event in site.events()] == ["scroll"]
    assert "visitor" not in site.to(PERSONALIZE)[0].body
    assert not site.to(IDENTIFY)
    page.evaluate("Tessera.consent({ personalization: true, analytics: false })")
    site.sent.clear()
    page.evaluate(DO_ALL)
    assert {event["type"] for event in site.events()} == {"click", "dismiss", "purchase"}


def test_types_of_the_site_have_the_purpose_that_it_names(site: Site, page: Page) -> None:
    options = "auto: [], denyByDefault: true, purposes: { quiz: 'research' }, consent: { research: true }"
    page.goto(site.html(started("", options)))
    assert page.evaluate("Tessera.track('quiz')")
    assert page.evaluate("Tessera.track('signup')") is None
    assert page.evaluate("Tessera.consent()") == {"personalization": False, "analytics": False, "research": True}


@pytest.mark.parametrize("said", ["", "consent: { personalization: true }"])
def test_global_privacy_control_refuses_what_the_server_refuses_by_it(site: Site, page: Page, said: str) -> None:
    """Whatever else says yes; the counting of visits goes on."""
    page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', { value: true })")
    page.goto(site.html(started(TALL, said)))
    page.evaluate("Tessera.consent({ personalization: true })")
    page.evaluate(DO_ALL)
    assert {event["type"] for event in site.events()} == {"scroll"}
    [asked] = site.to(PERSONALIZE)
    assert asked.body["context"]["consent"]["personalization"] is False
    assert "visitor" not in asked.body
    assert page.evaluate("Tessera.consent().personalization") is False
    assert not site.to(IDENTIFY)


@pytest.mark.parametrize(("given", "wanted"), [("visitorId: 'v-17',", "v-17"), ("", None)])
def test_it_works_without_storing_anything(site: Site, page: Page, given: str, wanted: str | None) -> None:
    """With an id of the site's, or one that lives as long as the page."""
    page.goto(site.html(started(TALL, f"{given} cookies: 'none', contentId: 'a-3'")))
    page.evaluate("Tessera.init()")
    visitor = page.evaluate("Tessera.visitorId")
    assert wanted in (None, visitor)
    assert site.to(PERSONALIZE)[0].body["visitor"] == {"id": visitor}
    page.evaluate("Tessera.consent({ analytics: true })")
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    assert nothing_stored(page)
    page.goto(site.html(started("", f"{given} cookies: 'none'"), path="/next"))
    page.evaluate("Tessera.track('signup')")
    assert (page.evaluate("Tessera.visitorId") == visitor) is (wanted is not None)


def test_an_id_of_the_site_is_not_written_to_a_cookie(site: Site, page: Page, context: BrowserContext) -> None:
    page.goto(site.html(started(SLOT, "visitorId: 'v-17'")))
    page.evaluate("Tessera.init()")
    assert page.evaluate("Tessera.visitorId") == "v-17"
    assert "tessera_visitor" not in cookies(context)


def test_where_the_browser_forbids_cookies_it_goes_on(site: Site, page: Page) -> None:
    """In a sandbox without an origin of its own."""
    site.html(started(SLOT, "timeout: 20000", src=f"{site.other}/tessera.js"), path="/inner")
    page.goto(site.html('<iframe sandbox="allow-scripts" src="/inner"></iframe>'))
    expect(page.frame_locator("iframe").locator("#slot > [data-tessera-block]")).to_have_count(1)
    until(page, lambda: site.events("view"))


@pytest.mark.parametrize(
    "value",
    [
        "analytics=1,personalization=0",
        "analytics%3Dgranted%2C%20personalization%3Dperhaps",
        "analytics=yes, personalization",
    ],
)
def test_the_cookie_of_a_banner_is_read_as_the_server_reads_it(
    site: Site, page: Page, context: BrowserContext, value: str
) -> None:
    context.add_cookies([{"name": "tessera_consent", "value": value, "url": site.url}])
    page.goto(site.html(started("", "auto: []")))
    assert page.evaluate("Tessera.consent()") == {"personalization": False, "analytics": True}


def test_what_was_said_before_it_began_holds(site: Site, page: Page, context: BrowserContext) -> None:
    """And is written down."""
    page.goto(site.html('<script src="/tessera.js"></script>'))
    assert page.evaluate("Tessera.consent({ analytics: false })") == {"analytics": False}
    assert nothing_stored(page)
    page.evaluate("Tessera.init({ key: 'demo-delivery-key', consent: { analytics: true } })")
    assert page.evaluate("Tessera.consent().analytics") is False
    assert cookies(context)["tessera_consent"]["value"] == "analytics%3D0"


def test_attributes_of_the_script_say_the_same(site: Site, page: Page) -> None:
    tag = f"""<script src="{script().name}" data-key="demo-delivery-key" data-consent="personalization=1"
      data-deny-by-default data-content-id="a-3" data-timeout="20000" data-auto="view scroll" data-cookies="none"
      data-visitor-id="v-9" data-hide="false"></script>"""
    page.goto(site.html(SLOT + tag))
    expect(page.locator("#slot > [data-tessera-block]")).to_have_count(1)
    until(page, site.events)
    [event] = site.events()
    assert (event["type"], event["content_id"], event["visitor_id"]) == ("view", "a-3", "v-9")
    assert page.evaluate("Tessera.consent()") == {"personalization": True, "analytics": False}
    assert nothing_stored(page)


def test_for_an_edge_it_asks_for_the_class_and_again_where_consent_changes(
    site: Site, page: Page, context: BrowserContext
) -> None:
    """Without an id where none is allowed, so that the cookie goes; and where no edge is there nobody asks."""
    page.goto(site.html(started(SLOT, "edge: true")))
    page.evaluate("Tessera.init()")
    until(page, lambda: site.to(CLASS))
    assert site.to(CLASS)[0].body == {"visitor": {"id": cookies(context)["tessera_visitor"]["value"]}, "consent": {}}
    page.evaluate("Tessera.consent({ personalization: false, analytics: false })")
    until(page, lambda: len(site.to(CLASS)) > 1)
    assert site.to(CLASS)[1].body == {"consent": {"personalization": False, "analytics": False}}
    assert [one.status for one in site.to(CLASS)] == [204, 204]
    page.goto(site.html(started(SLOT, ""), path="/next"))
    page.evaluate("Tessera.init()")
    settle(page)
    assert len(site.to(CLASS)) == 2
