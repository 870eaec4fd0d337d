"""The storefront's pages: who sees what, why, and what a browser may do with them."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from plugin.demo.visitor import COOKIE

DAY = "panel=set&visitor=v-demo&date=2026-11-24&time=14:00"
PAGES = ("/", "/shop", "/shop/night-lamp", "/articles/upper-berth", "/topics/sea")


class Shape(HTMLParser):
    """What a page consists of, as far as the tests ask."""

    void = frozenset({"meta", "link", "img", "input", "br", "hr", "circle", "path"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def values(self, tag: str, name: str) -> list[str]:
        return [held for kind, attributes in self.tags if kind == tag and (held := attributes.get(name)) is not None]


def page(client: FlaskClient, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.text


def hero(text: str) -> str:
    """The id of the opening block."""
    found = re.search(r'data-slot="home.hero".*?data-block="([^"]+)"', text, re.DOTALL)
    assert found is not None
    return found[1]


def blocks(text: str, slot: str) -> list[str]:
    """The ids of a slot's blocks."""
    start = text.index(f'data-slot="{slot}"')
    end = text.find("data-slot=", start + 1)
    return re.findall(r'data-block="([^"]+)"', text[start : end if end > 0 else None])


def visible(text: str) -> str:
    """The words of a page, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


@pytest.mark.parametrize("address", [*PAGES, "/nothing-here"])
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_page_is_whole_in_both_languages(client: FlaskClient, address: str, lang: str) -> None:
    """Well nested, with one main heading, unique ids, and labels that point at something."""
    shape = Shape(page(client, f"{address}?lang={lang}", 404 if address == "/nothing-here" else 200))
    assert shape.open == []
    assert shape.values("html", "lang") == [lang]
    ids = [attributes["id"] for _tag, attributes in shape.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert set(shape.values("label", "for")) <= set(ids)
    assert [tag for tag, _attributes in shape.tags].count("h1") == 1


@pytest.mark.parametrize("address", PAGES)
def test_links_of_a_page_lead_somewhere(client: FlaskClient, address: str) -> None:
    """Every own address in a page answers: pages, pictures and style sheets."""
    shape = Shape(page(client, address))
    found = {*shape.values("a", "href"), *shape.values("img", "src"), *shape.values("link", "href")}
    for target in sorted(one for one in found if one.startswith("/")):
        with client.get(target) as answer:
            assert answer.status_code == 200, target


def test_two_visitors_see_different_openings(client: FlaskClient) -> None:
    """The same address at the same moment."""
    assert hero(page(client, f"/?{DAY}")) in {"hero-welcome", "hero-quiet"}
    assert hero(page(client, f"/?{DAY}&plan=enterprise")) == "hero-companies"


def test_the_preset_visitors_get_what_their_rules_say(client: FlaskClient) -> None:
    """Each link of the panel is a whole visitor."""
    links = re.findall(r'<li><a href="([^"]+)"[^>]*>\s*<strong>(\w+)</strong>', page(client, "/"))
    openings = {name: hero(page(client, unescape(href))) for href, name in links}
    assert openings == {
        "Camille": "hero-evening",
        "Odile": "hero-subscribers",
        "Jonas": "hero-companies",
        "Chiara": "hero-weekend",
        "Luc": "hero-tonight-paris",
        "June": "hero-winter",
    }


def test_a_block_says_which_rule_put_it_there_and_why(client: FlaskClient) -> None:
    """The rule's name, its description, its conditions with what was seen."""
    text = page(client, f"/?{DAY}&date=2026-11-27&time=18:15&place=paris")
    assert hero(text) == "hero-tonight-paris"
    ticket = visible(text[text.index('data-block="hero-tonight-paris"') :].split("</details>")[0])
    assert "Pinned" in ticket
    assert "Tonight's train, for those who can still catch it" in ticket
    assert "Within 30 km of Austerlitz" in ticket
    assert "geo.location within (km) 30 (48.842, 2.365) seen: 48.857, 2.352" in ticket
    assert "time.of_day between 17:00 – 20:30 seen: 18:15" in ticket


def test_the_parts_of_a_score_add_up(client: FlaskClient) -> None:
    """Boosts and the model, for every block that was ranked."""
    text = page(client, f"/?{DAY}&place=brest&interests=sea")
    tables = re.findall(r'<table class="score">.*?</table>', text, re.DOTALL)
    assert tables
    for table in tables:
        *parts, total = [float(cell) for cell in re.findall(r"<td>([^<]+)</td>", table)]
        assert sum(parts) == pytest.approx(total, abs=0.006 * len(parts))
    assert any("feed-linear" in table for table in tables)


def test_a_schedule_is_told_with_the_clock(client: FlaskClient) -> None:
    """A rule that is off says which part of its schedule is not met, in the language of the page."""
    text = visible(page(client, f"/?{DAY}&lang=fr"))
    assert "à partir du 1er octobre 2026 vu : mar. 24 novembre 2026, 14 h 00" in text.replace("\u00a0", " ").replace(
        "vu:", "vu :"
    )


def test_what_was_left_out_is_grouped_by_the_rule_that_did_it(client: FlaskClient) -> None:
    text = visible(page(client, f"/shop?{DAY}&place=montreal"))
    assert "outside what a rule keeps (Overseas we send flat parcels only)" in text


def test_choices_are_kept_in_a_cookie_and_a_query_beats_it(client: FlaskClient) -> None:
    """So that links need no parameters."""
    answer = client.get(f"/?{DAY}&plan=enterprise")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie
    assert hero(page(client, "/")) == "hero-companies"
    assert hero(page(client, "/?plan=none&time=03:10")) == "hero-small-hours"


def test_the_cookie_is_for_https_alone_where_the_page_is(client: FlaskClient) -> None:
    answer = client.get(f"/?{DAY}", base_url="https://localhost")
    assert "Secure" in answer.headers["Set-Cookie"]


def test_a_form_without_ticks_unticks_what_the_cookie_had(client: FlaskClient) -> None:
    """Browsers send nothing for an empty box: the form says that it is whole."""
    page(client, f"/?{DAY}&interests=sea&interests=maps")
    assert Shape(page(client, "/")).tags.count(ticked("sea")) == 1
    assert Shape(page(client, f"/?{DAY}")).tags.count(ticked("sea")) == 0


def ticked(value: str) -> tuple[str, dict[str, str | None]]:
    return "input", {
        "type": "checkbox",
        "id": f"p-interests-{value}",
        "name": "interests",
        "value": value,
        "checked": None,
    }


def test_being_oneself_again_takes_the_cookie_away(client: FlaskClient) -> None:
    page(client, f"/?{DAY}&plan=enterprise")
    page(client, "/?panel=reset")
    assert client.get_cookie(COOKIE) is None
    assert "Computer" in visible(page(client, "/"))


def test_the_language_stays_when_the_visitor_is_reset(client: FlaskClient) -> None:
    page(client, f"/?{DAY}&lang=fr")
    page(client, "/?panel=reset")
    assert Shape(page(client, "/")).values("html", "lang") == ["fr"]


@pytest.mark.parametrize(
    ("accepted", "lang"),
    [("fr-CA,fr;q=0.8", "fr"), ("en-US", "en"), ("de", "fr"), ("*", "fr"), ("", "fr"), (";;", "fr")],
)
def test_the_browsers_language_decides_where_none_is_chosen(app: Flask, accepted: str, lang: str) -> None:
    text = app.test_client().get("/", headers={"Accept-Language": accepted}).text
    assert Shape(text).values("html", "lang") == [lang]


@pytest.mark.parametrize(
    "query",
    [
        "plan=emperor",
        "cart=1e999",
        "cart=-5",
        "cart=nan",
        "cart=12abc",
        "date=2026-02-31",
        "date=9999-12-31",
        "time=25:00",
        "time=10:00%2B02:00",
        "visitor=%00%01",
        "visitor=" + "x" * 500,
        "interests=%3Cscript%3E",
        "segments=friends-of-the-house",
        "lang=xx",
        "panel=nonsense",
        "&".join(f"x{number}=1" for number in range(200)),
    ],
)
def test_what_a_field_cannot_hold_is_as_if_not_sent(client: FlaskClient, query: str) -> None:
    """Never an error, and never a cookie that keeps it."""
    answer = client.get(f"/?{query}")
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("cookie", ["", "%", "plan=emperor", "a" * 4000, "&".join(["plan=free"] * 100), "\x7f=\x7f"])
def test_a_cookie_that_somebody_made_up_is_harmless(client: FlaskClient, cookie: str) -> None:
    client.set_cookie(COOKIE, cookie)
    assert "Computer" in visible(page(client, "/"))


def test_what_a_visitor_types_is_escaped(client: FlaskClient) -> None:
    """In the form and in the cookie's echo on the next page."""
    sent = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E"
    for text in (page(client, f"/?visitor={sent}"), page(client, "/")):
        assert "<script" not in text
        assert "&lt;script&gt;" in text


def test_only_the_hour_is_chosen_and_the_day_is_todays(client: FlaskClient) -> None:
    assert hero(page(client, "/?panel=set&visitor=v-demo&time=03:10")) == "hero-small-hours"


@pytest.mark.parametrize(
    "address",
    [
        "/nothing",
        "/articles/no-such",
        "/articles/night-lamp",
        "/articles/line-of-2031",
        "/articles/night-letters",
        "/topics/no-such",
        "/shop/no-such",
        "/shop/upper-berth",
        "/assets/no-such.svg",
        "/assets/../interface/fr.yaml",
        "/assets/%2e%2e/rules/00-site.yaml",
        "/static/no-such.css",
        "//evil.example/x",
        "/articles/%00",
    ],
)
def test_what_there_is_not_for_this_visitor_is_a_page_that_says_so(client: FlaskClient, address: str) -> None:
    """Unknown, of another type, not out yet, or for a group that the visitor is not in."""
    text = page(client, address, 404)
    assert "This track does not exist" in text
    shape = Shape(text)
    assert not [link for link in [*shape.values("a", "href"), *shape.values("form", "action")] if link[:2] == "//"]


def test_what_is_for_subscribers_opens_to_a_subscriber(client: FlaskClient) -> None:
    text = page(client, f"/articles/night-letters?{DAY}&plan=subscriber")
    assert "This track does not exist" not in text
    assert "night-letters" not in blocks(text, "article.related")


def test_an_unpublished_article_opens_once_its_day_has_come(client: FlaskClient) -> None:
    page(client, "/articles/line-of-2031?panel=set&date=2032-01-02&time=12:00", 200)


def test_programs_get_problem_details_for_what_there_is_not(app: Flask) -> None:
    """The API's 404 stays the API's, whoever asks."""
    client = app.test_client()
    for address, accepted in (("/v1/nothing", "text/html"), ("/nothing", "application/json")):
        answer = client.get(address, headers={"Accept": accepted})
        assert answer.status_code == 404
        assert answer.content_type == "application/problem+json"
        assert answer.json is not None
        assert answer.json["type"] == "/problems/not-found"
    assert client.delete("/shop").status_code == 405


@pytest.mark.parametrize("address", [*PAGES, "/nothing-here"])
def test_pages_are_private_and_run_nothing(client: FlaskClient, address: str) -> None:
    """A strict policy, and pages that need no more than it allows."""
    answer = client.get(address)
    assert answer.headers["Cache-Control"] == "private, no-store"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    shape = Shape(answer.text)
    assert not [tag for tag, _attributes in shape.tags if tag in {"script", "style", "iframe"}]
    names = {name for _tag, attributes in shape.tags for name in attributes}
    assert not [name for name in names if name == "style" or name.startswith("on")]


@pytest.mark.parametrize("address", [*PAGES, "/assets/night-lamp.svg", "/static/ground.css", "/favicon.ico"])
def test_head_gives_the_headers_alone(client: FlaskClient, address: str) -> None:
    with client.head(address) as answer:
        assert answer.status_code == 200
        assert answer.data == b""
        assert int(answer.headers["Content-Length"]) > 100


def test_pictures_and_styles_are_kept_and_checked_by_their_etag(client: FlaskClient) -> None:
    """Style sheets are named by their content, so they never change under their name."""
    picture = opened(client, "/assets/night-lamp.svg")
    assert picture.content_type.startswith("image/svg+xml")
    assert picture.cache_control.max_age == 24 * 3600
    assert "sandbox" in picture.headers["Content-Security-Policy"]
    with client.get("/assets/night-lamp.svg", headers={"If-None-Match": picture.headers["ETag"]}) as again:
        assert again.status_code == 304
    named = Shape(page(client, "/")).values("link", "href")
    styles = [href for href in named if href.startswith("/static/")]
    assert len(styles) == 4
    for href in styles:
        assert opened(client, href).cache_control.immutable
    assert not opened(client, "/static/ground.css?v=another").cache_control.immutable


def opened(client: FlaskClient, address: str) -> TestResponse:
    with client.get(address) as answer:
        assert answer.status_code == 200
        return answer


def test_looking_at_the_storefront_uses_up_no_cap(client: FlaskClient) -> None:
    """The offer may be served four times a day; previews do not count."""
    first = blocks(page(client, f"/?{DAY}"), "home.promo")
    for _look in range(6):
        page(client, f"/?{DAY}")
    assert blocks(page(client, f"/?{DAY}"), "home.promo") == first


@pytest.mark.parametrize(("lang", "other"), [("en", "sleeping-car-lexicon"), ("fr", "sleeper-to-penzance")])
def test_no_article_in_another_language_leads(client: FlaskClient, lang: str, other: str) -> None:
    for panel in ("", "&panel=set&place=paris&device=desktop", "&panel=set&place=lyon&device=mobile"):
        shown = blocks(page(client, f"/?lang={lang}{panel}"), "home.feed")
        assert len(shown) == 6
        assert shown[0] != other


def test_slow_lines_get_the_simple_pictures(client: FlaskClient) -> None:
    text = page(client, f"/articles/upper-berth?{DAY}&network=tunnel")
    assert "/assets/small/upper-berth.svg" in Shape(text).values("img", "src")
    assert "/assets/upper-berth.svg" not in Shape(text).values("img", "src")


def test_a_page_shows_what_is_related_to_its_own_topic_and_never_itself(client: FlaskClient) -> None:
    text = page(client, f"/articles/upper-berth?{DAY}")
    assert "upper-berth" not in blocks(text, "article.related")
    assert "Read on about the same thing" in visible(text)


def test_a_visitor_without_an_id_is_in_no_experiment(client: FlaskClient) -> None:
    """The id can be emptied in the form."""
    text = page(client, f"/?{DAY}&visitor=")
    assert hero(text) == "hero-welcome"
    assert 'name="visitor" value=""' in text
