"""The steps of a request through the shipped VCL, against an origin that follows the letter of the protocol."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from adapters.edge.port import State
from adapters.edge.varnish import build
from adapters.runtime import Runtime
from tests.contract.http_server import Reply, Request
from tests.integration.edge.conftest import Played
from tests.integration.edge.operator import KEY, SECRET, edge
from tests.waiting import allowed

pytestmark = pytest.mark.server
PHONE = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
)
CLASS = "abc.0123456789ab.AbCdEfGhIjKlMnOpQrSt-_"


def keys_of(played: Played) -> list[Request]:
    return [one for one in played.origin.asked if one.path == "/v1/audience"]


def failing(path: str, status: int = 503) -> Callable[[Request], Reply | None]:
    return lambda request: Reply(status, b"broken") if request.path.startswith(path) else None


@pytest.fixture
def page(numbers: Callable[[], int]) -> str:
    return f"/p/{numbers()}"


def test_the_second_visitor_of_an_audience_gets_what_the_first_had_made(played: Played) -> None:
    first = played.get("/", CF_IPCountry="FR", Cookie="visitor=1", Accept_Language="fr-CH")
    assert played.origin.paths() == ["/v1/audience", "/"]
    second = played.get("/?utm_source=somewhere", CF_IPCountry="FR", Cookie="visitor=2", Accept_Language="fr")
    assert played.origin.paths() == ["/v1/audience", "/"]
    assert second.content == first.content
    assert first.headers["Cache-Status"] == "tessera; fwd=miss, varnish; fwd=miss"
    assert second.headers["Cache-Status"].startswith("tessera; fwd=miss, varnish; hit; ttl=5")


def test_visitors_who_differ_in_what_the_rules_read_share_nothing(played: Played, page: str) -> None:
    told = [
        {"CF_IPCountry": "FR"},
        {"CF_IPCountry": "DE"},
        {"User_Agent": PHONE},
        {"User_Agent": PHONE, "CF_IPCountry": "FR"},
        {"User_Agent": PHONE, "Cookie": f"tessera_class={CLASS}"},
    ]
    bodies = [played.get(page, **one).text for one in told]
    assert len(set(bodies)) == len(told)
    assert [played.get(page, **one).text for one in told] == bodies
    assert len(played.origin.asked) == 2 * len(told)


def test_what_the_rules_do_not_read_makes_no_difference(played: Played, page: str) -> None:
    played.get(page, Referer="https://www.google.com/", ECT="2g", CF_Timezone="Asia/Tokyo", Accept_Language="fr")
    played.get(f"{page}?utm_campaign=x", Save_Data="on", Accept_Language="fr")
    assert played.origin.paths() == ["/v1/audience", page]


def test_key_lookups_carry_the_inputs_and_nothing_of_the_visitor(played: Played, page: str) -> None:
    played.get(
        f"{page}?utm_source=a",
        Cookie=f"visitor=1; tessera_class={CLASS}; tessera_consent=personalization=1",
        Referer="https://www.google.com/search?q=secret",
        User_Agent=PHONE,
        CF_IPCountry="FR",
        CF_Timezone="Europe/Paris",
        Accept_Language="fr-FR",
        ECT="4g",
    )
    [asked] = keys_of(played)
    given = {name: value for name, value in asked.headers.items() if name.startswith("t-")}
    assert given == {
        "t-edge": "1",
        "t-country": "FR",
        "t-zone": "Europe/Paris",
        "t-device": "mobile",
        "t-locale": "fr",
        "t-network": "4g",
        "t-referrer": "search",
        "t-utm-source": "a",
        "t-consent": "personalization=1",
        "t-class": CLASS,
    }
    assert asked.headers["host"] == "tessera"
    assert {"cookie", "referer", "x-forwarded-for", "accept-language"}.isdisjoint(asked.headers)
    assert asked.headers["user-agent"] == "Varnish"


def test_browsers_are_told_to_ask_again_and_nothing_of_the_cache(played: Played, page: str) -> None:
    answer = played.get(page)
    assert answer.headers["Cache-Control"] == "private, no-cache"
    hidden = {"xkey", "surrogate-key", "cache-tag", "cdn-cache-control", "vary", "tessera-stale", "set-cookie"}
    assert hidden.isdisjoint(name.lower() for name in answer.headers)
    assert not [name for name in answer.headers if name.lower().startswith("t-")]
    again = played.get(page, If_None_Match=answer.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert int(again.headers["Age"]) < 5


def test_browsers_are_not_told_what_an_older_configuration_stored_with_a_page(played: Played, page: str) -> None:
    """It kept with each page for how long it is shown stale; what it stored stays when another is loaded."""
    played.origin.headers = {"Tessera-Stale": "60"}
    assert "Tessera-Stale" not in played.get(page).headers
    stored = 'sub vcl_deliver { if (obj.hits > 0) { set resp.http.Tessera-Stale = "60"; } }'
    with edge(played.port, before=stored) as cache:
        reloaded = Played(played.origin, played.port, cache)
        told = [reloaded.get(page).headers for _ in range(2)]
    assert "hit" in told[1]["Cache-Status"]
    assert not [one for one in told if "Tessera-Stale" in one]


def test_age_is_that_of_what_is_stored(played: Played, page: str) -> None:
    played.origin.headers = {"Age": "40"}
    assert int(played.get(page).headers["Age"]) >= 40
    found = played.get(page)
    assert 40 <= int(found.headers["Age"]) < 50
    assert int(found.headers["Cache-Status"].rpartition("ttl=")[2]) <= 20


def test_other_headers_of_vary_stay(played: Played, page: str) -> None:
    played.origin.headers = {"Vary": "Accept-Encoding, T-Key, Cookie, X-Theme"}
    assert played.get(page).headers["Vary"] == "Accept-Encoding, X-Theme"
    played.get(page, Cookie="a=b")
    assert played.origin.paths() == ["/v1/audience", page]


def test_a_frontend_that_forgets_vary_shows_nobody_the_page_of_another(played: Played, page: str) -> None:
    played.origin.headers = {"Vary": ""}
    first, second = (played.get(page, CF_IPCountry=one).text for one in ("FR", "DE"))
    assert first != second
    assert played.get(page, CF_IPCountry="FR").text == first


def test_private_slots_pass_with_everything_that_the_visitor_sent(played: Played) -> None:
    sent = {"Cookie": "visitor=1", "Referer": "https://a.example/", "Accept_Language": "fr", "X_Forwarded_Host": "x"}
    for number in range(2):
        answer = played.get(f"/cart?utm_source=a&n={number}", **sent)
        assert "key=None" in answer.text
        assert "('utm_source', 'a')" in answer.text
        assert all(f"{value!r}" in answer.text for value in sent.values())
        assert "('t-" not in answer.text
        assert answer.headers["Set-Cookie"] == "seen=1"
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert answer.headers["Cache-Status"] == "varnish; fwd=bypass"
    assert played.origin.paths() == ["/v1/audience", "/cart", "/cart"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_pass(played: Played, page: str, method: str) -> None:
    for _ in range(2):
        assert f"{method} {page}" in played.get(page, method=method, Cookie="a=b").text
    assert played.origin.paths() == [page, page]


def test_head_is_answered_from_what_is_stored(played: Played, page: str) -> None:
    found = played.get(page)
    head = played.get(page, method="HEAD")
    assert (head.content, head.headers["ETag"]) == (b"", found.headers["ETag"])
    assert played.origin.paths() == ["/v1/audience", page]


def test_ranges_of_shared_pages_are_answered_whole(played: Played, page: str) -> None:
    for _ in range(2):
        answer = played.get(page, Range="bytes=0-3")
        assert (answer.status_code, len(answer.content) > 4) == (200, True)
    assert "range" not in played.origin.asked[-1].headers


def test_authorization_passes(played: Played, page: str) -> None:
    played.get(page)
    assert "('authorization', 'Bearer x')" in played.get(page, Authorization="Bearer x").text
    assert "key=None" in played.get(page, Authorization="Bearer x").text


def test_a_key_that_is_not_known_is_asked_for_again_once(played: Played, page: str) -> None:
    played.get(page)
    played.origin.version += 1
    played.origin.asked.clear()
    assert f"={played.origin.version}." in played.get(f"{page}/more").text
    assert played.origin.paths() == [f"{page}/more", "/v1/audience", f"{page}/more"]


def test_a_key_that_stays_unknown_passes(played: Played, page: str) -> None:
    played.origin.fault = lambda request: Reply(409) if "t-key" in request.headers else None
    answer = played.get(page, Cookie="visitor=1")
    assert "key=None" in answer.text
    assert "visitor=1" in answer.text
    assert played.origin.paths() == ["/v1/audience", page, "/v1/audience", page, page]


@pytest.mark.parametrize("word", ["untrusted", "version"])
def test_an_edge_that_is_not_believed_shows_each_visitor_their_own(played: Played, page: str, word: str) -> None:
    """The key that it is given is that of the edge itself, as Tessera sees it, and not of the visitor."""

    def refuse(request: Request) -> Reply | None:
        if request.path == "/v1/audience":
            told = {"T-Error": word, "T-Key": f"home.hero={played.origin.version}.ofTheEdge"}
            return Reply(200, b"", {"Cache-Control": "private, no-store", **told})
        return None

    played.origin.fault = refuse
    for visitor in ("visitor=1", "visitor=2"):
        answer = played.get(page, Cookie=visitor)
        assert "key=None" in answer.text
        assert visitor in answer.text


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
def test_without_a_key_the_visitor_passes(played: Played, page: str, status: int) -> None:
    played.origin.fault = failing("/v1/audience", status)
    answer = played.get(page, Cookie="visitor=1", CF_IPCountry=f"Q{chr(ord('A') + status % 26)}")
    assert answer.status_code == 200
    assert "visitor=1" in answer.text


@pytest.mark.parametrize("bad", ["", "home.hero=\xe9", "home.hero=a b", "x" * 8_001])
def test_a_key_that_is_not_of_its_form_is_none(played: Played, page: str, bad: str) -> None:
    told = {"T-Key": bad, "Cache-Control": "public, s-maxage=1", "Vary": "T-Country"}
    played.origin.fault = lambda request: Reply(200, b"", told) if request.path == "/v1/audience" else None
    assert "key=None" in played.get(page, CF_IPCountry="US").text


def test_a_slow_key_lookup_is_not_waited_for(played: Played, page: str) -> None:
    slow_s = allowed(2.0)
    slow = Reply(200, b"", {"Cache-Control": "public, s-maxage=60"}, before=lambda: time.sleep(slow_s))
    played.origin.fault = lambda request: slow if request.path == "/v1/audience" else None
    began = time.monotonic()
    assert "key=None" in played.get(page, CF_IPCountry="ZA").text
    assert time.monotonic() - began < slow_s * 0.95
    assert "key=None" in played.get(page, CF_IPCountry="ZA").text, "and not again by the next one"
    assert len(keys_of(played)) == 1
    played.origin.fault = lambda _request: None
    assert "key=home.hero" in played.get(page, CF_IPCountry="ZB").text, "others are not held up"


def test_a_forged_class_is_stored_for_nobody(played: Played, page: str) -> None:
    def refuse(request: Request) -> Reply | None:
        if request.path == "/v1/audience" and "t-class" in request.headers:
            return Reply(
                200, b"", {"Cache-Control": "private, no-store", "T-Key": f"home.hero={played.origin.version}.anybody"}
            )
        return None

    played.origin.fault = refuse
    forged = {"User_Agent": PHONE, "Cookie": f"tessera_class={CLASS}"}
    for _ in range(2):
        assert ".anybody" in played.get(page, **forged).text
    assert ".anybody" not in played.get(page, User_Agent=PHONE).text
    assert ".anybody" not in played.get(page, User_Agent=PHONE).text
    assert len(keys_of(played)) <= 3


@pytest.mark.parametrize(
    "headers",
    [
        {"Set-Cookie": "session=1"},
        {"Cache-Control": "private"},
        {"Cache-Control": "no-store"},
        {"Cache-Control": "s-maxage=60, no-cache"},
        {"Cache-Control": "max-age=60"},
        {"Cache-Control": ""},
        {"Vary": "*"},
    ],
)
def test_a_page_that_is_personal_is_the_visitors_own(played: Played, page: str, headers: dict[str, str]) -> None:
    played.origin.headers = headers
    for visitor in ("1", "2", "1"):
        assert f"visitor={visitor}" in played.get(page, Cookie=f"visitor={visitor}").text


def test_pages_that_are_the_same_for_all_need_no_key(played: Played, numbers: Callable[[], int]) -> None:
    path = f"/same/{numbers()}"
    assert played.get(path, Cookie="visitor=1").content == played.get(path, CF_IPCountry="FR").content
    assert played.origin.paths() == [path]


def test_who_is_logged_in_is_the_operators_to_say(played: Played) -> None:
    assert "login=1" in played.get("/", Cookie="login=1").text
    assert played.origin.paths() == ["/"]


def test_persisted_queries_of_which_the_slots_are_told_have_keys(played: Played, numbers: Callable[[], int]) -> None:
    query = f"/graphql?id=hero&variables={numbers()}"
    found = played.get(query, Cookie="visitor=1")
    assert "key=home.hero=" in found.text
    assert played.get(query, Cookie="visitor=2").text == found.text
    asked = played.origin.asked[-1]
    assert (asked.headers["accept"], asked.headers["x-tessera-key"]) == ("application/json", KEY)
    assert "visitor=1" in played.get("/graphql?id=another", Cookie="visitor=1").text
    assert "key=None" in played.get(query, Origin="https://a.example").text


def test_https_and_http_are_apart(played: Played, page: str) -> None:
    first = played.get(page, X_Forwarded_Proto="https")
    assert "('x-forwarded-proto', 'https')" in first.text
    assert "x-forwarded-proto" not in played.get(page).text
    assert "x-forwarded-proto" not in played.get(page, X_Forwarded_Proto="gopher").text


def test_a_hard_purge_takes_pages_away(played: Played, page: str) -> None:
    first = played.get(page).headers["X-Made"]
    with closing(build({"urls": [played.cache.url], "secret": SECRET}, Runtime.system())) as purger:
        purger.purge(["entry:x/1"], hard=True)
        second = played.get(page).headers["X-Made"]
        assert second != first
        purger.purge(["entry:y/1"], hard=True)
        assert played.get(page).headers["X-Made"] == second
        asked = len(keys_of(played))
        purger.purge(["audience"], hard=True)
        assert played.get(page).headers["X-Made"] == second
        assert len(keys_of(played)) == asked + 1


@pytest.mark.parametrize("purge", ["tessera_purge.vcl", "tessera_purge_bans.vcl"])
@pytest.mark.parametrize("what", ["page", "key"])
def test_what_is_stored_after_a_purge_goes_with_the_second_and_what_is_made_anew_stays(
    played: Played, page: str, purge: str, what: str
) -> None:
    """An answer of the old state that is on its way while a change is purged, and one of the new that is stored too."""
    asked, go_on, old, new = threading.Event(), threading.Event(), "7.31", "7.32"
    played.origin.state = old

    def late(request: Request) -> Reply | None:
        if request.path != (page if what == "page" else "/v1/audience"):
            return None
        played.origin.fault = lambda _request: None
        found = played.origin.answer(request)
        asked.set()
        assert go_on.wait(60)
        return found

    with edge(played.port, purge=purge) as cache:
        there = Played(played.origin, played.port, cache)
        there.get(page if what == "key" else f"{page}-other")  # the other of the two is there
        with closing(build({"urls": [cache.url], "secret": SECRET}, Runtime.system())) as purger:
            keys = ["entry:x/1"] if what == "page" else ["audience"]
            purger.purge(keys, hard=True)
            played.origin.fault = late
            with ThreadPoolExecutor(1) as pool:
                waits = pool.submit(there.get, page)
                assert asked.wait(60)
                played.origin.state = new
                purger.purge(keys, hard=True)
                go_on.set()
                waits.result()
            there.get(f"{page}-new", CF_IPCountry="IT")
            played.origin.asked.clear()
            there.get(page)
            assert not played.origin.asked, "it was stored after the purge"
            purger.purge_late(keys, hard=True, state=State(7, 32))
            assert "T-State" not in there.get(f"{page}-new", CF_IPCountry="IT").headers
            assert not played.origin.asked, "of the new state"
            there.get(page)
            assert played.origin.paths() == [page if what == "page" else "/v1/audience"]


def test_purges_by_bans_do_the_same(played: Played, page: str) -> None:
    with edge(played.port, purge="tessera_purge_bans.vcl", strict=False) as cache:
        banned = Played(played.origin, played.port, cache)
        first = banned.get(page).headers["X-Made"]
        assert banned.get(page).headers["X-Made"] == first
        with closing(build({"urls": [cache.url], "secret": SECRET}, Runtime.system())) as purger:
            purger.purge(["entry:x/1"], hard=True)
            assert banned.get(page).headers["X-Made"] != first
            purger.purge(["audience"], hard=True)
        banned.get(page)
        assert len(keys_of(banned)) == 2


def test_cookies_in_several_headers_are_one(played: Played, page: str) -> None:
    sent = f"Cookie: a=b\r\nCookie: tessera_class={CLASS}\r\nUser-Agent: {PHONE}\r\n"
    assert played.raw(f"GET {page} HTTP/1.1\r\nHost: shop.example\r\n{sent}\r\n") == 200
    [asked] = keys_of(played)
    assert asked.headers["t-class"] == CLASS
