"""What an edge does when something behind it is down: stale answers as each allows, and never one under a wrong key."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.contract.http_server import Reply, Request
from tests.integration.edge.conftest import Played

pytestmark = pytest.mark.server
FRESH = "public, max-age=0, s-maxage=60"


def stale(played: Played, page: str, cache_control: str, age: int) -> str:
    """Have a page stored that is so many seconds old; gives its number."""
    played.origin.shared = cache_control
    played.origin.headers = {"Age": str(age)}
    made = played.get(page).headers["X-Made"]
    played.origin.headers = {}
    return made


def fail(played: Played, *paths: str, status: int = 503) -> None:
    def answer(request: Request) -> Reply | None:
        return Reply(status, b"broken", {"Connection": "close"}) if request.path.startswith(paths) else None

    played.origin.fault = answer


def waited(check: Callable[[], bool]) -> bool:
    """Whether it comes true before long."""
    deadline = time.monotonic() + 5
    while not check():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def page(numbers: Callable[[], int]) -> str:
    return f"/p/f{numbers()}"


def test_a_stale_page_is_shown_while_a_new_one_is_fetched(played: Played, page: str) -> None:
    before = stale(played, page, f"{FRESH}, stale-while-revalidate=30", 60)
    again = played.get(page)
    assert again.headers["X-Made"] == before
    assert int(again.headers["Age"]) >= 60
    assert waited(lambda: played.get(page).headers["X-Made"] != before)


def test_a_page_too_stale_for_that_is_waited_for(played: Played, page: str) -> None:
    before = stale(played, page, f"{FRESH}, stale-while-revalidate=5, stale-if-error=600", 66)
    assert played.get(page).headers["X-Made"] != before


def test_it_is_shown_after_all_where_nothing_new_is_to_be_had(played: Played, page: str) -> None:
    before = stale(played, page, f"{FRESH}, stale-while-revalidate=5, stale-if-error=600", 66)
    for status in (500, 502, 503, 504):
        fail(played, page, status=status)
        answer = played.get(page)
        assert (answer.status_code, answer.headers["X-Made"]) == (200, before)
        assert int(answer.headers["Age"]) >= 66


@pytest.mark.parametrize("allowed", ["", ", stale-while-revalidate=5, must-revalidate", ", stale-if-error=5"])
def test_no_page_is_shown_for_longer_than_it_allows(played: Played, page: str, allowed: str) -> None:
    """Rules that are strict allow nothing."""
    stale(played, page, f"{FRESH}{allowed}", 66)
    fail(played, page)
    assert played.get(page).status_code == 503


def test_a_failed_refresh_takes_no_stale_page_away(played: Played, page: str) -> None:
    before = stale(played, page, f"{FRESH}, stale-while-revalidate=30", 60)
    fail(played, page)
    for _ in range(3):
        assert played.get(page).headers["X-Made"] == before
    assert waited(lambda: played.origin.paths().count(page) > 1)
    assert played.get(page).headers["X-Made"] == before


def test_a_connection_that_breaks_is_a_failure(played: Played, page: str) -> None:
    before = stale(played, page, f"{FRESH}, stale-if-error=600", 66)
    played.origin.fault = lambda request: Reply(99, b"") if request.path == page else None
    assert played.get(page).headers["X-Made"] == before


def test_what_is_fresh_needs_no_origin(played: Played, page: str) -> None:
    before = played.get(page).headers["X-Made"]
    fail(played, "/")
    assert played.get(page).headers["X-Made"] == before


def test_keys_are_never_stale(played: Played, page: str) -> None:
    """Once its key is over, a page is shown to nobody, though it is stored: who would get it is not known any more."""
    played.origin.keys = "public, max-age=0, s-maxage=1"
    before = played.get(page).headers["X-Made"]
    assert played.get(page).headers["X-Made"] == before
    fail(played, "/v1/")

    def personal() -> bool:
        return "key=None" in played.get(page).text

    assert waited(personal)
    fail(played, "/")
    assert played.get(page).status_code == 503


def test_key_lookups_are_made_again_once_tessera_is_back(played: Played, page: str) -> None:
    fail(played, "/v1/")
    assert "key=None" in played.get(page).text
    played.origin.fault = lambda _request: None
    assert waited(lambda: "key=home.hero" in played.get(page).text)


def test_errors_are_stored_for_nobody(played: Played, page: str) -> None:
    played.get(page.replace("/p/", "/p/other"))
    fail(played, page)
    assert played.get(page).status_code == 503
    played.origin.fault = lambda _request: None
    assert played.get(page).status_code == 200
