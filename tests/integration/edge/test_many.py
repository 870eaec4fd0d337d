"""Thousands of kinds of visitors: a key is found as fast, and is still that of the visitor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from adapters.edge.varnish import build
from adapters.runtime import Runtime
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
