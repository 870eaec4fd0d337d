"""Nothing that one client sends bears on what another gets: unkeyed headers, hosts, methods, bodies, spellings.

The stand-in shows every header that it got, so that each which got through is seen in what is stored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.integration.edge.conftest import Played
from tests.integration.edge.operator import edge, shipped

pytestmark = pytest.mark.server
MARK = "evil.example"
HEADERS = (Path(__file__).parents[2] / "fixtures" / "edge" / "headers.txt").read_text().split()
"""What some server, framework or proxy heeds, or something of ours."""
AS_IT_IS, UNDERSCORES = str, lambda name: name.replace("-", "_")
_UNSET = re.compile(r"unset bereq\.http\.([A-Za-z-]+);")


@pytest.fixture
def page(numbers: Callable[[], int]) -> str:
    return f"/p/x{numbers()}"


def poison(played: Played, names: Iterable[str], numbers: Callable[[], int]) -> list[str]:
    """The headers that bear on what another client gets, each sent to a page of its own."""
    clean = f"/p/clean-{numbers()}"
    wanted = played.get(clean).text.replace(clean, "PAGE")
    through = []
    for name in names:
        page = f"/p/poison-{numbers()}"
        played.get(page, raw={name: MARK})
        if played.get(page).text.replace(page, "PAGE") != wanted:
            through.append(name)
    return through


@pytest.mark.parametrize("spell", [AS_IT_IS, str.upper, UNDERSCORES], ids=["as it is", "upper", "underscores"])
def test_no_header_of_one_client_bears_on_what_another_gets(
    played: Played, numbers: Callable[[], int], spell: Callable[[str], str]
) -> None:
    assert not poison(played, map(spell, HEADERS), numbers)


def test_without_the_strict_list_that_holds_for_the_headers_that_are_named(
    played: Played, numbers: Callable[[], int]
) -> None:
    """A frontend that heeds others needs tessera_strict.vcl, as the documentation says."""
    named = _UNSET.findall(Path(shipped("tessera_edge.vcl")).read_text())
    assert len(named) > 50
    with edge(played.port, strict=False) as cache:
        plain = Played(played.origin, played.port, cache)
        assert not poison(plain, named, numbers)
        assert poison(plain, ["X-Heeded-By-Nobody-Else"], numbers), "what the strict list is for"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:1", "localhost", "evil.example:80", "EVIL.example."])
def test_what_is_stored_for_another_host_is_shown_to_no_other(played: Played, page: str, host: str) -> None:
    assert played.get(page, Host=host).status_code == 200
    assert "evil" not in played.get(page).text.lower()
    fragment = "/v1/personalize?render=html&slots=home.hero&key=k" + page.rpartition("x")[2]
    assert played.get(fragment, Host=host).text == played.get(fragment).text
    assert "evil" not in played.get(fragment).text.lower()


@pytest.mark.parametrize("host", ["", "a b", "a/b", "a@b", "evil.example\\@", "x" * 300, "[::1", "a:b", "a,b", "é"])
def test_what_is_no_host_is_refused(played: Played, page: str, host: str) -> None:
    assert played.raw(f"GET {page} HTTP/1.1\r\nHost: {host}\r\n\r\n") == 400
    assert not played.origin.asked


def test_an_address_with_another_host_in_it_is_that_hosts(played: Played, page: str) -> None:
    played.raw(f"GET http://evil.example{page} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert "evil" not in played.get(page, Host="127.0.0.1").text


def test_a_body_of_a_get_goes_to_nobody(played: Played, page: str) -> None:
    played.raw(f"GET {page} HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 12\r\n\r\nslots=evil&x")
    assert "evil" not in played.get(page, Host="shop.example").text
    assert "body=b''" in played.get(page, Host="shop.example").text


@pytest.mark.parametrize(
    "override",
    [{"X_HTTP_Method_Override": "POST"}, {"X_Method_Override": "DELETE"}, {"X_Original_URL": "/admin"}],
)
def test_methods_and_addresses_are_those_of_the_first_line(played: Played, page: str, override: dict[str, str]) -> None:
    assert played.get(page, **override).text == played.get(page).text
    assert len(played.origin.asked) == 2


@pytest.mark.parametrize(
    "query",
    [
        "slots=home.hero&visitor.id=1",
        "slots=home.hero&explain=true",
        "slots=home.hero&custom.a=b",
        "slots=home.hero&slots=home.cart",
        "slots=home.hero&format=html&format=html",
        "slots=home.hero&unique=true&key=a&unique=true",
        "slots=home.hero&exclude=a-7",
        "exclude=&slots=home.hero",
        "slots=home.hero:06",
        "slots=home.hero:100",
        "slots=home.hero,",
        "slots=,home.hero",
        "slots=home.hero&url=https://a.example/",
        "slots=",
        "slots=home.hero%0d%0aT-Key:x",
        "SLOTS=home.hero",
        "slots=home.hero&",
    ],
)
def test_fragments_whose_address_says_more_have_no_key(played: Played, query: str) -> None:
    assert "key=None" in played.get(f"/v1/personalize?{query}", Cookie="visitor=1").text
    assert "/v1/audience" not in played.origin.paths()


def test_fragments_that_pages_of_other_origins_ask_for_have_no_key(played: Played) -> None:
    assert "key=None" in played.get("/v1/personalize?slots=home.hero", Origin="https://evil.example").text


def test_nobody_asks_for_the_keys_of_others(played: Played) -> None:
    """What comes from a client is answered as a client, not as an edge."""
    spoofed = {"T_Country": "FR", "T_Edge": "1", "T_Class": "a.0123456789ab.AbCdEfGhIjKlMnOpQrSt-_"}
    assert played.get("/v1/audience?slots=home.hero", **spoofed).status_code == 401
    [asked] = played.origin.asked
    assert not [name for name in asked.headers if name.startswith("t-")]


SMUGGLED = "GET /p/smuggled HTTP/1.1\r\nHost: shop.example\r\n\r\n"
SHAPES = {
    "length and chunks": "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "two lengths": "Content-Length: 0\r\nContent-Length: 60\r\n\r\n" + SMUGGLED,
    "a list of lengths": "Content-Length: 0, 60\r\n\r\n" + SMUGGLED,
    "a length with a sign": "Content-Length: +0\r\n\r\n" + SMUGGLED,
    "a negative length": "Content-Length: -1\r\n\r\n" + SMUGGLED,
    "chunks that are not": "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "two encodings": "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a space before the colon": "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a vertical tab": "Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a folded encoding": "Transfer-Encoding:\r\n chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a bare carriage return": "X-A: b\rT-Key: home.hero=7.x\r\n\r\n",
    "a NUL": "X-A: b\x00c\r\n\r\n",
    "no name": ": x\r\n\r\n",
    "a name with spaces": "T-Key x: y\r\n\r\n",
    "no colon": "T-Key\r\n\r\n",
    "a cookie bomb": f"Cookie: {'a=b; ' * 10_000}\r\n\r\n",
    "many headers": "".join(f"X-{number}: 1\r\n" for number in range(500)) + "\r\n",
}


@pytest.mark.parametrize("shape", sorted(SHAPES))
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_requests_that_two_servers_read_differently_are_refused_or_do_no_harm(
    played: Played, page: str, shape: str, method: str
) -> None:
    status = played.raw(f"{method} {page} HTTP/1.1\r\nHost: shop.example\r\n{SHAPES[shape]}")
    assert status is None or status == 200 or 400 <= status < 500, status
    assert "/p/smuggled" not in played.origin.paths()
    clean = f"{page}-clean"
    assert played.get(page, Host="shop.example").text.replace(page, "PAGE") == played.get(
        clean, Host="shop.example"
    ).text.replace(clean, "PAGE")


@pytest.mark.parametrize(
    "sent",
    [
        "T-Country: FR\r\n",
        "T-Country\t: FR\r\n",
        "X-A: b\r\n T-Country: FR\r\n",
        "T-Country:\r\n\tFR\r\n",
        "Connection: T-Country, T-Key, Host\r\nT-Country: FR\r\n",
        "Connection: CF-IPCountry, User-Agent, Cookie\r\n",
        "Connection: X-Tessera-Key, T-Edge, T-Device, Vary\r\n",
        "Keep-Alive: T-Key\r\nT-Key: home.hero=7.x\r\n",
    ],
)
def test_inputs_are_the_edges_whatever_the_connection_says(played: Played, page: str, sent: str) -> None:
    status = played.raw(f"GET {page} HTTP/1.1\r\nHost: shop.example\r\n{sent}\r\n")
    assert status in (200, 400)
    for one in played.origin.asked:
        if one.path == "/v1/audience":
            assert (one.headers.get("t-country"), one.headers["t-device"], one.headers["t-edge"]) == (
                None,
                "other",
                "1",
            )
        else:
            assert one.headers["t-key"] == f"home.hero={played.origin.version}.--other--"


@pytest.mark.parametrize("value", ["a%0d%0aSet-Cookie:x=y", "a\u0085b", "%00", "<script>", "a;b", "a,b", '"a"'])
def test_no_input_carries_another_header_in_it(played: Played, page: str, value: str) -> None:
    cookies = f"tessera_class={value}; tessera_consent={value}".encode().decode("latin-1")
    played.get(f"{page}?utm_source={quote(value)}&utm_campaign={quote(value)}", raw={"Cookie": cookies})
    for one in played.origin.asked:
        assert {"set-cookie", "t-class", "t-utm-source", "t-utm-campaign"}.isdisjoint(one.headers)


def test_a_cookie_that_fills_the_headers_is_refused_and_the_page_is_whole_for_others(played: Played, page: str) -> None:
    for size in (4_000, 7_900, 9_000, 40_000):
        assert played.raw(f"GET {page} HTTP/1.1\r\nHost: a\r\nCookie: a={'x' * size}\r\n\r\n") in (200, 400, None)
    assert "xxx" not in played.get(page, Host="a").text


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "FOO", "get", "PRI"])
def test_methods_that_nobody_needs_are_refused(played: Played, page: str, method: str) -> None:
    """Varnish would pipe them, and with them whatever comes after on the connection."""
    sent = f"{method} {page} HTTP/1.1\r\nHost: shop.example\r\n\r\nGET /v1/audience?slots=home.hero HTTP/1.1\r\n"
    assert played.raw(f"{sent}Host: shop.example\r\nT-Edge: 1\r\nT-Country: FR\r\n\r\n") in (400, 405)
    assert not played.origin.asked


def test_what_is_piped_says_nothing_for_an_edge(played: Played, page: str) -> None:
    """A method of the operator's own that their configuration does not answer."""
    second = "GET /v1/audience?slots=home.hero HTTP/1.1\r\nHost: a\r\nT-Edge: 1\r\n\r\n"
    played.raw(f"BAN {page} HTTP/1.1\r\nHost: a\r\nT-Edge: 1\r\nT-Country: FR\r\n\r\n{second}")
    [asked] = played.origin.asked
    assert (asked.method, asked.path) == ("BAN", page)
    assert {"t-edge", "t-country"}.isdisjoint(asked.headers)
