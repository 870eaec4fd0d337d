"""Slots in plain HTML: pages that include one fragment each, put together by Varnish."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from plugin.edge.audience_keys import AudienceKeys
from tests.contract.http_server import Reply, Request
from tests.integration.edge.conftest import Played
from tests.integration.edge.operator import KEY

pytestmark = pytest.mark.server
HERO = "/v1/personalize?slots=home.hero&format=html"
FEED = "/v1/personalize?slots=home.feed&format=html"
CART = "/v1/personalize?slots=home.cart&format=html"
CLASS = AudienceKeys("a key").cookie("0123456789ab", "a class", 7) or ""
MODIFIED = "Sun, 22 Nov 2026 00:00:00 GMT"
SHARED = {
    "Cache-Control": "public, max-age=0, s-maxage=60",
    "ETag": '"page"',
    "Last-Modified": "Sun, 22 Nov 2026 00:00:00 GMT",
}


@pytest.fixture
def page(numbers: Callable[[], int]) -> str:
    """Of pages that are the same for all but for what they include."""
    return f"/same/i{numbers()}"


def including(*addresses: str, **headers: str) -> Callable[[Request], Reply | None]:
    """A frontend whose pages include these."""
    text = "".join(f'[<esi:include src="{one.replace("&", "&amp;")}"/>]' for one in addresses)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    found = {**SHARED, "Surrogate-Control": 'content="ESI/1.0"', "Vary": "T-Key", **named}

    def answer(request: Request) -> Reply | None:
        if request.path.startswith("/v1/"):
            return None
        return Reply(200, f"<html>{text}</html>".encode(), found)

    return answer


def test_each_slot_is_looked_up_under_its_own_key(played: Played, page: str) -> None:
    played.origin.fault = including(HERO, FEED)
    first = played.get(page, CF_IPCountry="FR", Accept_Language="fr")
    assert first.text.count("key=home.hero=") == first.text.count("key=home.feed=") == 1
    assert "FR" in first.text
    asked = played.origin.paths()
    assert asked.count("/v1/audience") == asked.count("/v1/personalize") == 2
    second = played.get(page, CF_IPCountry="DE", Accept_Language="fr")
    assert "DE" in second.text
    assert played.origin.paths().count("/v1/personalize") == 3, "the feed is the same"
    assert played.get(page, CF_IPCountry="FR", Accept_Language="fr").text == first.text
    assert played.origin.paths().count(page) == 1


def test_fragments_know_the_campaign_of_their_page(played: Played, page: str) -> None:
    played.origin.fault = including(FEED)
    assert "7.snow-en".removeprefix("7") in played.get(f"{page}?utm_campaign=snow").text
    assert "snow" not in played.get(page).text
    assert played.origin.paths().count(page) == 1


def test_a_private_fragment_is_asked_for_with_what_the_visitor_sent(played: Played, page: str) -> None:
    played.origin.fault = including(HERO, CART)
    for visitor in ("1", "2"):
        text = played.get(page, Cookie=f"visitor={visitor}").text
        assert f"visitor={visitor}" in text
        assert "key=home.hero=" in text
    assert played.origin.paths().count(page) == 1


def test_a_private_fragment_needs_no_key_in_its_address_and_is_in_the_language_of_the_page(
    played: Played, page: str
) -> None:
    played.origin.fault = including(CART)
    played.get(page, Accept_Language="fr")
    [asked] = [request for request in played.origin.asked if request.path == "/v1/personalize"]
    assert asked.headers["x-tessera-key"]
    assert asked.query["locale"] == "fr"
    played.origin.reset()
    played.get(f"{CART}&key=own&locale=en")
    [asked] = [request for request in played.origin.asked if request.path == "/v1/personalize"]
    assert "x-tessera-key" not in asked.headers
    assert asked.query["locale"] == "en"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_private_fragment_knows_the_page_around_it_and_what_led_there(played: Played, page: str, scheme: str) -> None:
    """It has no key that would tell of the campaign."""
    played.origin.fault = including(CART)
    came, path = "https://mail.example/?q=a+b&c=%26#d", f"{page}?utm_campaign=50%25%20off+now&n=1"
    sent = {"X_Forwarded_Proto": "https"} if scheme == "https" else {}
    for _ in range(2):
        played.get(path, Host="shop.example", Referer=came, **sent)
    asked = [request for request in played.origin.asked if request.path == "/v1/personalize"]
    assert len(asked) == 2
    for request in asked:
        assert request.query["url"] == f"{scheme}://shop.example{path}"
        assert request.query["referrer"] == came
        assert request.query["slots"] == "home.cart"
    assert "tessera-page" not in asked[0].headers
    played.origin.asked.clear()
    played.get(f"{page}?{'x' * 2_000}", Referer=f"https://a.example/{'x' * 2_000}")
    [asked] = [request for request in played.origin.asked if request.path == "/v1/personalize"]
    assert {"url", "referrer"}.isdisjoint(asked.query), "longer than any origin reads"
    for odd in ('"', "<", ">", "\xe9"):
        played.origin.asked.clear()
        headers = f"Host: a.example\r\nReferer: https://a.example/?q={odd}\r\nConnection: close"
        assert played.raw(f"GET {page}?q={odd} HTTP/1.1\r\n{headers}\r\n\r\n") == 200
        [asked] = [request for request in played.origin.asked if request.path == "/v1/personalize"]
        assert {"url", "referrer"}.isdisjoint(asked.query), "refused as no address, with all that it asks for"
    played.origin.asked.clear()
    played.get(CART, Referer=came)
    [asked] = [request for request in played.origin.asked if request.path == "/v1/personalize"]
    assert {"url", "referrer"}.isdisjoint(asked.query), "a script that asks for it says so itself"


def test_what_is_left_out_of_a_fragment_is_nobodys_copy(played: Played, page: str) -> None:
    """Anybody may leave out anything: there would be copies without end."""
    played.origin.fault = including(f"{HERO}&exclude=a-7")
    for visitor in ("1", "2"):
        text = played.get(page, Cookie=f"visitor={visitor}", Accept_Language="fr").text
        assert f"visitor={visitor}" in text
        assert "key=None" in text
    asked = [request for request in played.origin.asked if request.path == "/v1/personalize"]
    assert [(one.query["exclude"], one.query["locale"], one.headers["x-tessera-key"]) for one in asked] == [
        ("a-7", "fr", KEY)
    ] * 2
    assert "/v1/audience" not in played.origin.paths()


def test_the_key_in_the_address_of_a_fragment_is_the_one_that_counts(played: Played, page: str) -> None:
    """Who has no key of their own is not let in by that of the edge."""

    def answer(request: Request) -> Reply | None:
        if request.path != "/v1/personalize" or request.headers.get("x-tessera-key", request.query.get("key")) == KEY:
            return None
        return Reply(401, b"who?", {"Cache-Control": "private, no-store"})

    played.origin.fault = answer
    fragment = "/v1/personalize?slots=home.hero:17"
    kept = played.get(f"{fragment}&key={KEY}")
    assert "key=home.hero=" in kept.text
    assert played.get(f"{fragment}&key={KEY}", Cookie="visitor=2").text == kept.text
    for _ in range(2):
        assert played.get(f"{fragment}&key=wrong").status_code == 401
    assert played.get(f"{fragment}&key={KEY}").text == kept.text
    assert "key=home.hero=" in played.get(fragment).text, "a page's fragments need none"


@pytest.mark.parametrize("status", [404, 409, 422, 500, 503])
def test_a_fragment_that_fails_leaves_the_rest_of_the_page(played: Played, page: str, status: int) -> None:
    include = including(HERO, FEED)

    def answer(request: Request) -> Reply | None:
        if request.path == "/v1/personalize" and "home.hero" in request.query["slots"]:
            return Reply(status, b"a problem that nobody shall see")
        return include(request)

    played.origin.fault = answer
    found = played.get(page)
    assert found.status_code == 200
    assert found.text.startswith("<html>[][")
    assert "key=home.feed=" in found.text
    assert "problem" not in found.text


def test_where_tessera_is_down_the_page_is_whole(played: Played, page: str) -> None:
    include = including(HERO, FEED)
    played.origin.fault = lambda request: Reply(503, b"down") if request.path.startswith("/v1/") else include(request)
    assert played.get(page, CF_IPCountry="GB").text == "<html>[][]</html>"


def test_browsers_do_not_keep_a_page_by_the_marks_of_its_frame(played: Played, page: str) -> None:
    """A 304 for the frame would show the fragments of another hour."""
    played.origin.fault = including(HERO)
    found = played.get(page)
    assert {"ETag", "Last-Modified", "Surrogate-Control"}.isdisjoint(found.headers)
    assert found.headers["Cache-Control"] == "private, no-cache"
    assert played.get(page, If_None_Match='"page"').status_code == 200
    assert played.get(page, If_Modified_Since="Mon, 23 Nov 2026 00:00:00 GMT").status_code == 200


def test_a_page_of_ones_own_has_no_marks_of_its_frame_either(played: Played, page: str) -> None:
    """The fragments in it are the visitor's, and change while the frame does not."""
    played.origin.fault = including(CART, Cache_Control="private, no-cache")
    found = played.get(page, Authorization="Basic abc")
    assert "<esi:" not in found.text
    assert {"ETag", "Last-Modified"}.isdisjoint(found.headers)
    assert played.get(page, Authorization="Basic abc", If_None_Match='"page"').status_code == 200


@pytest.mark.parametrize("word", ["personalization=0,", "Personalization:no"])
def test_a_consent_that_only_the_origin_can_read_is_read_for_fragments_too(
    played: Played, page: str, word: str
) -> None:
    played.origin.fault = including(HERO)
    cookie = f"tessera_consent={word}; tessera_class={CLASS}"
    played.get(page, Cookie=cookie)
    asked = [request for request in played.origin.asked if request.path.startswith("/v1/")]
    assert [request.path for request in asked] == ["/v1/personalize"], "nobody asked for a key without it"
    assert cookie in asked[0].headers["cookie"]
    assert "t-class" not in asked[0].headers


def test_only_a_page_that_says_so_is_read_for_includes(played: Played, page: str) -> None:
    """What an editor or a visitor wrote is text."""
    played.origin.fault = including(HERO, Surrogate_Control="")
    assert "<esi:include" in played.get(page).text
    injected = b'<esi:include src="/same/other"/>'
    told = {**SHARED, "Surrogate-Control": 'content="ESI/1.0"', "Vary": "T-Key"}
    played.origin.fault = lambda request: Reply(200, injected, told) if request.path == "/v1/personalize" else None
    assert played.get(HERO).content == injected


def test_pages_with_keys_and_pages_that_pass_include_too(played: Played, numbers: Callable[[], int]) -> None:
    played.origin.fault = including(HERO)
    assert "key=home.hero=" in played.get(f"/p/i{numbers()}").text
    assert "key=home.hero=" in played.get(f"/cart/{numbers()}", Cookie="visitor=1").text
