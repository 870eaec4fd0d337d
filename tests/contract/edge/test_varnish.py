"""What is particular to Varnish: the shipped VCL, several caches at once, restarts. Against the real one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from importlib.resources import files

import pytest
import requests

from adapters.edge.port import EdgeAuthError, EdgeError, EdgeUnavailable, State
from adapters.edge.varnish import VarnishPurger, build
from adapters.runtime import Runtime
from tests.contract.edge.varnish_site import INCLUDES, SECRET, Edge, edge, vcl
from tests.contract.http_server import Reply, serve
from tests.docs.pages import DOCS, examples
from tests.servers import free_port, varnish

pytestmark = pytest.mark.server
GOOD = {"Tessera-Purge-Secret": SECRET, "Tessera-Purge-Mode": "hard", "Tessera-Purge-Keys": "tag:x"}


def opened(*urls: str, secret: str = SECRET, **options: object) -> VarnishPurger:
    return build({"urls": list(urls), "secret": secret, **options}, Runtime.system())


def sent(where: Edge, **changed: str | None) -> tuple[int, str]:
    """A purge with some headers changed or, None, left out: the status, and the word that says why."""
    wanted = GOOD | {name.replace("_", "-"): value for name, value in changed.items()}
    headers = {name: value for name, value in wanted.items() if value is not None}
    answer = requests.request("TESSERAPURGE", where.cache.url, headers=headers, timeout=60)
    return answer.status_code, answer.headers["Tessera-Purge"]


@pytest.fixture(params=sorted(INCLUDES))
def running(request: pytest.FixtureRequest) -> Edge:
    found: Edge = request.getfixturevalue(f"{request.param}_edge")
    return found


def test_who_has_another_secret_purges_nothing(running: Edge, numbers: Callable[[], int]) -> None:
    page = f"/{numbers()}"
    running.store(page, "tag:guarded")
    guess = opened(running.cache.url, secret="not-the-shared-secret")
    with closing(guess), pytest.raises(EdgeAuthError, match="not that of tessera_purge_secret") as caught:
        guess.purge(["tag:guarded"], hard=True)
    assert "not-the-shared-secret" not in str(caught.value)
    assert running.look(page) == "fresh"


@pytest.mark.parametrize(
    ("changed", "answer"),
    [
        ({}, (200, "done")),
        ({"Tessera_Purge_Secret": None}, (403, "secret")),
        ({"Tessera_Purge_Secret": ""}, (403, "secret")),
        ({"Tessera_Purge_Secret": SECRET[:-1]}, (403, "secret")),
        ({"Tessera_Purge_Secret": SECRET.upper()}, (403, "secret")),
        ({"Tessera_Purge_Secret": "guessed", "Tessera_Purge_Expected": "guessed"}, (403, "secret")),
        ({"Tessera_Purge_Keys": None}, (400, "request")),
        ({"Tessera_Purge_Keys": "a,b"}, (400, "request")),
        ({"Tessera_Purge_Keys": "a  b"}, (400, "request")),
        ({"Tessera_Purge_Keys": "a\tb"}, (400, "request")),
        ({"Tessera_Purge_Keys": "a é"}, (400, "request")),
        ({"Tessera_Purge_Mode": None}, (400, "request")),
        ({"Tessera_Purge_Mode": "harder"}, (400, "request")),
        ({"Tessera_Purge_Said": "done", "Tessera_Purge_Secret": "x"}, (403, "secret")),
    ],
)
def test_the_shipped_vcl_takes_what_is_documented(
    running: Edge, changed: dict[str, str | None], answer: tuple[int, str]
) -> None:
    assert sent(running, **changed) == answer


def test_other_requests_pass_by_the_shipped_vcl(running: Edge, numbers: Callable[[], int]) -> None:
    """Its headers do nothing in a request of another method, and an answer carries none of them."""
    page = f"/{numbers()}"
    running.store(page, "tag:x")
    answer = requests.get(f"{running.cache.url}{page}", headers=GOOD, timeout=60)
    assert answer.headers["X-State"] == "fresh"
    assert not [name for name in answer.headers if name.lower().startswith("tessera")]


@pytest.mark.parametrize("include", sorted(INCLUDES))
def test_other_addresses_are_refused_whatever_they_know(include: str) -> None:
    with edge(include, acl="192.0.2.1") as running:
        assert sent(running) == (403, "address")
        with closing(opened(running.cache.url)) as purger, pytest.raises(EdgeAuthError, match="ACL tessera_purgers"):
            purger.purge(["tag:x"], hard=True)


@pytest.mark.parametrize("include", sorted(INCLUDES))
@pytest.mark.parametrize("secret", ["", None], ids=["empty", "never set"])
def test_without_a_secret_nobody_purges(include: str, secret: str | None) -> None:
    with edge(include, secret=secret) as running:
        for tried in (None, "", "x", SECRET):
            assert sent(running, Tessera_Purge_Secret=tried, Tessera_Purge_Expected=tried) == (403, "unset")
        with closing(opened(running.cache.url)) as purger, pytest.raises(EdgeAuthError, match="sets no secret"):
            purger.purge(["tag:x"], hard=True)


def test_keys_in_several_headers_and_behind_commas_are_found(bans_edge: Edge, numbers: Callable[[], int]) -> None:
    """xkey reads them so, and bans must as well."""
    page = f"/{numbers()}"
    bans_edge.store(page, "tag:p,tag:q", "tag:r")
    with closing(opened(bans_edge.cache.url)) as purger:
        purger.purge(["tag:q"], hard=True)
        assert bans_edge.look(page) == "gone"
        purger.purge(["tag:r"], hard=True)
        assert bans_edge.look(page) == "gone"


def test_an_answer_made_before_a_purge_and_stored_after_it_goes_with_the_second(xkey_edge: Edge) -> None:
    """Why purges are sent twice: what is stored later is purged like anything else."""
    with closing(opened(xkey_edge.cache.url)) as purger:
        purger.purge(["tag:late"], hard=True)
        xkey_edge.store("/late", "tag:late")
        purger.purge(["tag:late"], hard=True)
        assert xkey_edge.look("/late") == "gone"


OLDER = ["7.30", "6.99", "7.9", "7.3", "6.31", "0.0", "7.031", "7.31x", "x7.31", "-7.31", "8.30", "7", "", "x"]
NEWER = ["7.31", "7.32", "7.40", "7.100", "8.31", "10.31", "70.310", "8.1000"]


@pytest.mark.parametrize("hard", [True, False], ids=["hard", "soft"])
def test_the_second_purge_spares_what_is_made_of_a_state_that_holds_the_change(
    running: Edge, numbers: Callable[[], int], hard: bool
) -> None:
    """Whatever says nothing of its state, or more than one, or another key, is purged as ever, or not at all."""
    tag = f"tag:late-{numbers()}"
    told = {f"/{numbers()}": [state] for state in (*OLDER, *NEWER)}
    several, silent, other = (f"/{numbers()}" for _ in range(3))
    told |= {several: ["7.31", "7.30"], silent: []}
    for path, states in told.items():
        running.store(path, "tag:first", tag, "tag:last", states=states)
    running.store(other, f"{tag}er", f"x{tag}", states=["7.30"])
    with closing(opened(running.cache.url)) as purger:
        purger.purge_late(["tag:nobody-has-it", tag], hard=hard, state=State(7, 31))
    looks = {path: running.look(path) for path in told}
    kept = [states for path, states in told.items() if looks[path] == "fresh"]
    assert kept == [[state] for state in NEWER]
    if running.include == "xkey" and not hard:
        assert {looks[several], looks[silent]} == {"stale"}
    else:
        assert {looks[several], looks[silent]} == {"gone"}
    assert running.look(other) == "fresh"


def test_what_is_stale_since_a_soft_purge_stays_so(xkey_edge: Edge, numbers: Callable[[], int]) -> None:
    for path, states in ((f"/{numbers()}", ["7.30"]), (f"/{numbers()}", [])):
        tag = f"tag:soft{path}"
        xkey_edge.store(path, tag, states=states)
        with closing(opened(xkey_edge.cache.url)) as purger:
            purger.purge([tag], hard=False)
            purger.purge_late([tag], hard=False, state=State(7, 31))
            assert xkey_edge.look(path) == "stale"
            purger.purge_late([tag], hard=True, state=State(7, 32))


@pytest.mark.parametrize("states", [[], ["7.30"]], ids=["silent", "older"])
@pytest.mark.parametrize("keys", ["{0} again:{0} {1}", "again:{0} {1} {0}", "{0},again:{0},{1}", "{0}\t{1}"])
def test_the_second_purge_finds_every_key_of_an_answer(
    running: Edge, numbers: Callable[[], int], keys: str, states: list[str]
) -> None:
    """Also of one that came by another cache, whose keys for the second purge are there, and that has more since."""
    for place in (0, 1):
        page, names = f"/{numbers()}", (f"tag:a-{numbers()}", f"tag:b-{numbers()}")
        running.store(page, keys.format(*names), states=states)
        with closing(opened(running.cache.url)) as purger:
            purger.purge_late([names[place]], hard=True, state=State(7, 31))
        assert running.look(page) == "gone"


@pytest.mark.parametrize("hard", [True, False], ids=["hard", "soft"])
def test_a_second_purge_of_many_long_keys_is_taken(running: Edge, numbers: Callable[[], int], hard: bool) -> None:
    """Whatever characters are in them, and however long the headers may be."""
    page, keys = f"/{numbers()}", [f"tag:{'%' * 900}{numbers()}" for _ in range(20)]
    running.store(page, keys[-1], states=["7.30"])
    with closing(opened(running.cache.url, header_bytes=7_900)) as purger:
        purger.purge_late(keys, hard=hard, state=State(7, 31))
    assert running.look(page) == "gone"


def test_a_first_purge_spares_no_state(running: Edge, numbers: Callable[[], int]) -> None:
    page = f"/{numbers()}"
    running.store(page, "tag:first-of-all", states=["9.99"])
    with closing(opened(running.cache.url)) as purger:
        purger.purge(["tag:first-of-all"], hard=True)
    assert running.look(page) == "gone"


@pytest.mark.parametrize(
    "spared", ["", "^", "^$", "^(7)[.](31)$ || obj.status == 200", '^(7)"$', "7", "^(a)$", "^(7)$x"]
)
def test_what_is_spared_is_said_in_one_form(running: Edge, spared: str) -> None:
    assert sent(running, Tessera_Purge_Spared=spared) == (400, "request")


def test_each_of_several_caches_is_told_and_says_how_it_went(
    xkey_edge: Edge, bans_edge: Edge, numbers: Callable[[], int]
) -> None:
    page = f"/{numbers()}"
    for one in (xkey_edge, bans_edge):
        one.store(page, "tag:both")
    down = f"http://127.0.0.1:{free_port()}"
    with serve(lambda _: Reply(200, b"a site, not a cache")) as site:
        purger = opened(down, xkey_edge.cache.url, site, bans_edge.cache.url)
        with pytest.raises(EdgeError) as caught:
            purger.purge(["tag:both"], hard=True)
        told = purger.tell(["tag:none"], hard=True)
        purger.close()
    assert f"{down}: no connection" in str(caught.value)
    assert f"{site}: status 200, and not from tessera_purge.vcl" in str(caught.value)
    assert xkey_edge.cache.url not in str(caught.value)
    assert [one.look(page) for one in (xkey_edge, bans_edge)] == ["gone", "gone"]
    assert [(one.url, one.fault is None) for one in told] == [
        (down, False),
        (xkey_edge.cache.url, True),
        (site, False),
        (bans_edge.cache.url, True),
    ]


def test_a_cache_that_is_restarted_is_told_again(xkey_edge: Edge) -> None:
    port = free_port()
    with closing(opened(f"http://127.0.0.1:{port}")) as purger:
        for _ in range(2):
            with varnish(vcl(xkey_edge.backend, "xkey"), port) as cache:
                again = Edge(xkey_edge.site, xkey_edge.backend, cache, "xkey")
                again.store("/restarted", "tag:restarted")
                purger.purge(["tag:restarted"], hard=True)
                assert again.look("/restarted") == "gone"
            with pytest.raises(EdgeUnavailable, match="no connection"):
                purger.purge(["tag:restarted"], hard=True)


def test_the_configuration_in_the_documentation_runs(xkey_edge: Edge) -> None:
    [example] = [one for one in examples(DOCS / "purging.md") if one.language == "vcl"]
    shipped = str(files("adapters.edge.varnish").joinpath("tessera_purge.vcl"))
    shown = example.text.replace('"tessera_purge.vcl"', f'"{shipped}"').replace('"8000"', f'"{free_port()}"')
    assert shown.count(shipped) == 1
    with varnish(shown) as cache, closing(opened(cache.url, secret="0123456789-0123456789")) as purger:
        purger.purge(["tag:x"], hard=False)


def test_keys_are_cut_to_what_a_header_of_varnish_takes(xkey_edge: Edge) -> None:
    keys = [f"long:{number}/{'x' * 1000}" for number in range(20)]
    with closing(opened(xkey_edge.cache.url)) as purger:
        purger.purge(keys, hard=True)
    with closing(opened(xkey_edge.cache.url, header_bytes=20_000)) as purger, pytest.raises(EdgeError):
        purger.purge(keys, hard=True)
