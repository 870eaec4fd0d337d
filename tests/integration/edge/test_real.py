"""A real Tessera behind the shipped VCL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
import yaml

from tests.integration.edge.operator import KEY
from tests.integration.edge.real import RULES, Real, real
from tests.waiting import until

pytestmark = pytest.mark.server
HERO = "/v1/personalize?slots=home.hero"
PHONE = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    with real(tmp_path_factory.mktemp("real")) as running:
        yield running


def shown(answer: requests.Response, slot: str = "home.hero") -> list[str]:
    assert answer.status_code == 200, answer.text
    return [block["fields"]["title"] for block in answer.json()["slots"][slot]["blocks"]]


def status(answer: requests.Response) -> str:
    """What the edge did."""
    return answer.headers["Cache-Status"].rpartition(", ")[2].removeprefix("varnish; ").partition(";")[0]


def looked_up(site: Real) -> float:
    """How many keys the origin was asked for."""
    lines = site.managed("GET", "/metrics").text.splitlines()
    counted = [line for line in lines if line.startswith("tessera_http_requests_total{") and "/v1/audience" in line]
    return sum(float(line.rpartition(" ")[2]) for line in counted)


def test_each_audience_gets_its_own_and_shares_it(site: Real) -> None:
    assert shown(site.get(HERO, CF_IPCountry="DE", Cookie="tessera_visitor=v-1")) == ["Welcome"]
    again = site.get(HERO, CF_IPCountry="CH", Cookie="tessera_visitor=v-2")
    assert (shown(again), status(again)) == (["Welcome"], "hit")
    french = site.get(HERO, CF_IPCountry="FR")
    assert (shown(french), status(french)) == (["Bonjour"], "fwd=miss")
    assert site.get(HERO, CF_IPCountry="FR", User_Agent=PHONE).json()["slots"]["home.hero"]["presentation"] == {
        "images": "small"
    }
    assert shown(site.get(f"{HERO},home.feed"), "home.feed") == ["First", "Second"]


def test_what_is_shared_says_so_to_the_edge_alone(site: Real) -> None:
    found = site.get(HERO)
    assert found.headers["Cache-Control"] == "private, no-cache"
    assert {"surrogate-key", "xkey", "cache-tag", "cdn-cache-control", "set-cookie"}.isdisjoint(found.headers.keys())
    assert "T-Key" not in found.headers.get("Vary", "")
    assert "decision_id" not in found.json()
    assert site.get(HERO, If_None_Match=found.headers["ETag"]).status_code == 304


def test_a_slot_of_which_an_edge_cannot_know_is_each_visitors_own(site: Real) -> None:
    for _ in range(2):
        answer = site.get(f"/v1/personalize?slots=home.hero,home.cart&key={KEY}", CF_IPCountry="FR")
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert status(answer) == "fwd=bypass"
        assert answer.json()["decision_id"]


def test_a_forged_class_is_nobodys(site: Real) -> None:
    forged = site.get(HERO, Cookie="tessera_class=e30.0123456789ab.AbCdEfGhIjKlMnOpQrSt-_", User_Agent=PHONE)
    assert shown(forged) == ["Welcome"]
    assert shown(site.get(HERO, User_Agent=PHONE)) == ["Welcome"]


def test_a_publication_is_seen_at_once(site: Real) -> None:
    assert shown(site.get(HERO, CF_IPCountry="IT")) == ["Welcome"]
    document = yaml.safe_load(RULES.replace("geo.country: FR", "geo.country: [FR, IT]"))
    site.managed("POST", "/v1/rulesets", json={"document": document, "publish": True})
    until(lambda: shown(site.get(HERO, CF_IPCountry="IT")) == ["Bonjour"])
    site.managed("POST", "/v1/rulesets/1/rollback", json={})
    until(lambda: shown(site.get(HERO, CF_IPCountry="IT")) == ["Welcome"])


def test_a_publication_of_one_slot_leaves_the_keys_of_others(site: Real) -> None:
    feed = "/v1/personalize?slots=home.feed"

    def is_known(path: str) -> bool:
        """Whether the edge has the key."""
        before = looked_up(site)
        site.get(path, CF_IPCountry="PT")
        return looked_up(site) == before

    for path in (HERO, feed, f"{HERO},home.feed"):
        until(lambda path=path: is_known(path))  # type: ignore[misc]
    document = yaml.safe_load(RULES)
    document["rules"].append({"id": "third", "slot": "home.feed", "then": [{"pin": {"id": "c"}}]})
    site.managed("POST", "/v1/rulesets", json={"document": document, "publish": True})
    until(lambda: shown(site.get(feed, CF_IPCountry="PT"), "home.feed")[0] == "Third")
    assert is_known(HERO)
    assert not is_known(f"{HERO},home.feed")
    site.managed("POST", "/v1/rulesets/1/rollback", json={})
    until(lambda: shown(site.get(feed, CF_IPCountry="PT"), "home.feed")[0] == "First")
    assert is_known(HERO)


def test_a_change_of_content_is_seen_and_what_is_not_of_it_stays(site: Real) -> None:
    assert shown(site.get("/v1/personalize?slots=home.feed"), "home.feed") == ["First", "Second"]
    site.get(HERO)
    (site.content / "news" / "a.yaml").write_text("title: Changed\n")
    until(lambda: shown(site.get("/v1/personalize?slots=home.feed"), "home.feed") == ["Changed", "Second"])
    assert status(site.get(HERO)) == "hit"


def test_one_slot_as_markup(site: Real) -> None:
    answer = site.get(f"{HERO}&format=html", CF_IPCountry="FR")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Bonjour" in answer.text
    assert answer.text.startswith('<div data-tessera-slot="home.hero" data-tessera-token="')
    assert '<div data-tessera-block="france">' in answer.text
    again = site.get(f"{HERO}&format=html", CF_IPCountry="FR")
    assert (again.text, status(again)) == (answer.text, "hit")
    assert site.get(f"{HERO}&format=html", CF_IPCountry="FR", If_None_Match=answer.headers["ETag"]).status_code == 304
    assert answer.headers["ETag"] != site.get(HERO, CF_IPCountry="FR").headers["ETag"]


@pytest.mark.parametrize(
    ("query", "refused"),
    [
        ("slots=home.hero,home.feed", 422),
        ("slots=", 422),
        ("", 422),
        ("slots=home.hero&explain=true", 422),
        ("slots=nothing", 404),
        ("slots=home.hero&exclude=%ff", 400),
        (f"slots=home.hero{'&a=b' * 300}", 422),
    ],
)
def test_markup_that_is_refused_is_empty(site: Real, query: str, refused: int) -> None:
    answer = requests.get(f"{site.url}/v1/personalize?{query}&format=html", headers={"X-Tessera-Key": KEY}, timeout=60)
    assert (answer.status_code, answer.text) == (refused, "")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "public" not in answer.headers.get("Cache-Control", "")


def test_markup_without_a_key_is_refused_and_head_has_no_body(site: Real) -> None:
    assert requests.get(f"{site.url}{HERO}&format=html", timeout=60).status_code == 401
    head = requests.head(f"{site.url}{HERO}&format=html", headers={"X-Tessera-Key": KEY}, timeout=60)
    assert (head.status_code, head.content) == (200, b"")
