"""Thousands of kinds of visitors: a key is found as fast, and is still that of the visitor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from adapters.edge.varnish import build
from adapters.runtime import Runtime
from tests.contract.http_server import Reply
from tests.integration.edge.conftest import Played
from tests.integration.edge.operator import SECRET, edge

pytestmark = pytest.mark.server
PHONE = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
)
VISITORS: list[dict[str, str]] = [
    {"CF_IPCountry": country, "User_Agent": agent, **({"Cookie": f"tessera_class={cookie}"} if cookie else {})}
    for country in ("FR", "DE", "US")
    for agent in (PHONE, "Mozilla/5.0 (X11; Linux x86_64)")
    for cookie in ("", "abc.0123456789ab.AbCdEfGhIjKlMnOpQrSt-_", "abd.0123456789ab.AbCdEfGhIjKlMnOpQrSt-_")
]


@pytest.fixture(scope="module")
def many(running: Played) -> Iterator[Played]:
    with edge(running.port, many=True) as cache:
        yield Played(running.origin, running.port, cache)


def test_each_gets_their_own_and_the_second_one_costs_nothing(
    many: Played, played: Played, numbers: Callable[[], int]
) -> None:
    page = f"/p/many-{numbers()}"
    bodies = [many.get(page, **one).text for one in VISITORS]
    assert len(set(bodies)) == len(VISITORS)
    lookups = many.origin.paths().count("/v1/audience")
    assert lookups in (len(VISITORS), len(VISITORS) + 1), "the first was stored before it was known what counts"
    assert [many.get(page, **one).text for one in VISITORS] == bodies
    assert many.origin.paths().count("/v1/audience") <= len(VISITORS) + 1
    assert played.origin is many.origin


def test_what_the_rules_read_may_change(many: Played, played: Played, numbers: Callable[[], int]) -> None:
    """Publications purge the keys; nobody gets one of before, whatever is remembered of what counts."""
    page = f"/p/many-{numbers()}"
    for reads in (("t-country",), ("t-device",), ("t-utm-campaign", "t-class")):
        many.origin.version += 1
        with closing(build({"urls": [many.cache.url], "secret": SECRET}, Runtime.system())) as purger:
            purger.purge(["audience"], hard=True)
        many.origin.reads = {"home.hero": reads}
        asked = [{**one, "path": f"{page}?utm_campaign={name}"} for one in VISITORS for name in ("a", "b")]
        for _ in range(2):
            for one in asked:
                headers = {name: value for name, value in one.items() if name != "path"}
                text = many.get(one["path"], **headers).text
                country, device = one["CF_IPCountry"], "mobile" if one["User_Agent"] == PHONE else "desktop"
                said = {"t-country": country, "t-device": device, "t-utm-campaign": one["path"][-1]}
                assert all(
                    said[name] in text.split("key=home.hero=")[1].split(" ")[0] for name in reads if name in said
                )
    assert played.origin is many.origin


def lookups(many: Played) -> list[dict[str, str]]:
    """What the origin was told with each key lookup since this was asked last."""
    found = [dict(one.headers) for one in many.origin.asked if one.path == "/v1/audience"]
    many.origin.asked.clear()
    return found


@pytest.fixture
def fresh(many: Played, played: Played) -> Played:
    """No key is stored in this cache either."""
    with closing(build({"urls": [many.cache.url], "secret": SECRET}, Runtime.system())) as purger:
        purger.purge(["audience"], hard=True)
    assert played.origin is many.origin
    return many


def test_values_that_are_alike_ask_for_one_key(fresh: Played, numbers: Callable[[], int]) -> None:
    page = f"/p/many-{numbers()}"
    fresh.origin.reads = {"home.hero": ("t-country", "t-utm-campaign")}
    fresh.origin.alike = "00a1 country /BE/DE/FR/ T-Utm-Campaign; T-Utm-Campaign=sale; T-Utm-Campaign=new;"
    fresh.get(page, CF_IPCountry="IT")
    lookups(fresh)
    keys = {}
    for country in ("FR", "DE", "US", "XX", None):
        for campaign in ("sale", "other", "sal", "", "new", "newer"):
            headers = {} if country is None else {"CF_IPCountry": country}
            text = fresh.get(f"{page}?utm_campaign={campaign}", **headers).text
            keys[country, campaign] = text.split("key=home.hero=")[1].split(" ")[0].split(".")[1]
    assert keys["FR", "other"] == keys["DE", "sal"] == keys["DE", "newer"] == "BE--"
    assert keys["FR", "sale"] == "BE-sale"
    assert keys["US", "new"] == "US-new"
    assert keys["XX", ""] == "XX--"
    assert keys[None, "sale"] == "--sale"
    asked = lookups(fresh)
    assert len(asked) == len({(one.get("t-country"), one.get("t-utm-campaign")) for one in asked}) == 16
    assert {one.get("t-values") for one in asked} == {"00a1"}


def test_what_is_alike_no_more_is_asked_for_apart_at_once(fresh: Played, numbers: Callable[[], int]) -> None:
    """Also where keys by the old words are still stored, and where every value counts again."""
    page = f"/p/many-{numbers()}"
    fresh.origin.reads = {"home.hero": ("t-country",)}
    fresh.origin.alike = "00b1 country /BE/DE/FR/"
    for country in ("BE", "DE"):
        fresh.get(page, CF_IPCountry=country)
    assert "BE" in fresh.get(page, CF_IPCountry="FR").text.split("key=")[1].split(" ")[0]
    lookups(fresh)
    for alike, fr in (("00b2 country /BE/DE/", "FR"), ("", "FR"), ("00b3 country /DE/FR/", "DE")):
        fresh.origin.alike = alike
        fresh.origin.version += 1
        with closing(build({"urls": [fresh.cache.url], "secret": SECRET}, Runtime.system())) as purger:
            purger.purge(["audience"], hard=True)
        # The first is told of it, and asks again by what the visitor has; nobody passes.
        for _ in range(2):
            found = fresh.get(page, CF_IPCountry="FR")
            assert found.headers["Cache-Control"] == "private, no-cache"
            assert found.text.split("key=home.hero=")[1].split(" ")[0] == f"{fresh.origin.version}.{fr}" or (
                fr == "DE" and f"{fresh.origin.version}.FR" in found.text
            )
    assert [one.get("t-values") for one in lookups(fresh)] == ["00b1", None, "00b2", "00b2", None, None, "00b3"]


def test_what_a_client_says_of_it_is_not_heard(fresh: Played, numbers: Callable[[], int]) -> None:
    page = f"/p/many-{numbers()}"
    fresh.origin.reads = {"home.hero": ("t-country",)}
    fresh.origin.alike = "00c1 country /BE/DE/FR/"
    fresh.get(page, CF_IPCountry="BE")
    lookups(fresh)
    said = {"T-Values": "00c1", "T_Values": "x", "Tessera-Country": "BE", "Tessera-Exactly": "1", "Tessera-Alike": "x"}
    said |= {"Tessera-Campaign": "1", "Tessera-Utm-Source": "x"}
    assert "key=home.hero" in fresh.get(page, CF_IPCountry="US", raw=said).text
    (asked,) = lookups(fresh)
    assert (asked["t-country"], asked["t-values"]) == ("US", "00c1")
    assert not {"t_values", *(name.lower() for name in said if name.startswith("Tessera-"))} & set(asked)


def test_a_campaign_of_which_a_client_speaks_is_not_told(fresh: Played, numbers: Callable[[], int]) -> None:
    """Also where another of its campaign's values is asked for as one that is alike, and then asked for once more."""
    page = f"/p/many-{numbers()}"
    fresh.origin.reads = {"home.hero": ("t-utm-medium", "t-utm-source")}
    fresh.origin.alike = "00f1 T-Utm-Medium; T-Utm-Medium=mail;"
    fresh.get(page, CF_IPCountry="BE")
    lookups(fresh)
    fresh.origin.alike = "00f2 T-Utm-Medium; T-Utm-Medium=post;"
    said = {"Tessera-Campaign": "1", "Tessera-Utm-Source": "x", "Tessera-Utm-Medium": "x"}
    assert fresh.get(f"{page}?utm_medium=other", raw=said).ok
    told = [(one.get("t-values"), one.get("t-utm-medium"), one.get("t-utm-source")) for one in lookups(fresh)]
    assert told == [("00f1", "~", None), (None, "other", None)]


def test_what_a_page_includes_is_told_what_the_visitor_has(fresh: Played, numbers: Callable[[], int]) -> None:
    """Other values may be alike to the slots of the page and to a fragment in it."""
    slot = f"s-{numbers()}"
    include = f'<p><esi:include src="/v1/personalize?slots={slot}&amp;format=html"/>'.encode()
    fresh.origin.reads = {"home.hero": ("t-country",), slot: ("t-country",)}
    fresh.origin.alike = "00d1 country /BE/DE/FR/"
    fresh.get(f"/p/many-{numbers()}", CF_IPCountry="BE")
    lookups(fresh)
    shared = {"Cache-Control": "public, s-maxage=60", "Surrogate-Control": 'content="ESI/1.0"'}
    fresh.origin.fault = lambda request: Reply(200, include, shared) if request.path.startswith("/p/") else None
    assert f"key={slot}=" in fresh.get(f"/p/many-{numbers()}", CF_IPCountry="FR").text
    assert [(one["t-country"], one.get("t-values")) for one in lookups(fresh)] == [
        ("BE", "00d1"),
        ("FR", None),
    ]


def test_who_is_told_of_it_late_on_the_way_passes_and_is_not_refused(fresh: Played, numbers: Callable[[], int]) -> None:
    """The key was of other rules, and what is alike is another: what is left of restarts is for a page of one's own."""
    page = f"/p/many-{numbers()}"
    fresh.origin.reads = {"home.hero": ("t-country",)}
    fresh.origin.alike = "00e1 country /BE/DE/FR/"
    for country in ("IT", "BE"):
        fresh.get(f"{page}/before", CF_IPCountry=country)
    fresh.origin.alike = "00e2 country /BE/DE/"
    fresh.origin.version += 1
    fresh.origin.headers = {"Set-Cookie": "mine=1"}
    found = fresh.get(page, CF_IPCountry="FR")
    assert (found.status_code, found.headers.get("Cache-Control")) == (200, "private, no-store")
    fresh.origin.headers = {}
    found = fresh.get(f"{page}/after", CF_IPCountry="FR")
    assert f"key=home.hero={fresh.origin.version}.FR" in found.text, "the new words are known"
