"""The page, the campaign, and what led there."""

from __future__ import annotations

import pytest

from plugin.flow.context import ContextPolicy, Limits, RawRequest
from plugin.flow.signals.referrer import known_source
from tests.unit.plugin.flow.signals.support import attributes, context, reasons

SITE = ContextPolicy(own_hosts=frozenset({"www.shop.example", "help.other.example"}))


def page(url: object, **more: object) -> RawRequest:
    return RawRequest(body={"url": url, **more})


@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("https://shop.example", "shop.example", "/"),
        ("https://Shop.Example:8443/A/b?x#y", "shop.example", "/A/b"),
        ("https://user:pw@shop.example./caf%C3%A9", "shop.example", "/café"),
        ("https://bücher.example/", "xn--bcher-kva.example", "/"),
        ("https://[2001:db8::1]:80/x", "[2001:db8::1]", "/x"),
        ("https://shop.example/%FF", "shop.example", "/%FF"),
        ("HTTPS://shop.example?x=1", "shop.example", "/"),
        ("/a/b?x=1", None, "/a/b"),
    ],
)
def test_host_and_path_of_the_page(url: str, host: str | None, path: str) -> None:
    found = attributes(page(url))
    assert (found.get("request.host"), found.get("request.path")) == (host, path)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("javascript:alert(1)", "malformed"),
        ("data:text/html,x", "malformed"),
        ("ftp://shop.example/", "malformed"),
        ("//shop.example/x", "malformed"),
        ("https://", "malformed"),
        ("https://a b/", "malformed"),
        ("https://shop.example\\@evil.example/", "malformed"),
        ("shop.example/x", "malformed"),
        ("https://shop.example/\x00", "control"),
        ("https://shop.example/\r\nSet-Cookie: a=b", "control"),
        ("https://shop.example/\ud800", "control"),
        ("https://shop.example/" + "x" * 10_000, "too_long"),
        (17, "wrong_type"),
        (["https://shop.example/"], "wrong_type"),
    ],
)
def test_what_is_no_page_is_noted(url: object, reason: str) -> None:
    found = context(page(url))
    assert "request.path" not in found.attributes
    assert ("url", reason) in reasons(found)


def test_query_parameters_are_decoded_and_the_first_value_counts() -> None:
    found = attributes(page("https://shop.example/?tag=a&tag=b&q=red+shoes&name=Ren%C3%A9&flag&empty=&a.b=1&&=x"))
    query = {name: value for name, value in found.items() if name.startswith("request.query.")}
    assert query == {
        "request.query.tag": "a",
        "request.query.q": "red shoes",
        "request.query.name": "René",
        "request.query.flag": "",
        "request.query.empty": "",
        "request.query.a.b": "1",
    }


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("x=%FF%FE", "malformed"),
        ("%C3%28=x", "malformed"),
        ("x=%00", "control"),
        ("x=%0d%0aSet-Cookie:+a", "control"),
        ("x=" + "y" * 2_000, "too_long"),
        ("y" * 200 + "=1", "too_long"),
        ("&".join(f"a{number}=1" for number in range(500)), "too_many"),
    ],
)
def test_hostile_parameters_are_ignored_with_a_note_that_names_none(query: str, reason: str) -> None:
    found = context(page(f"https://shop.example/?{query}"))
    assert ("request.query", reason) in reasons(found)
    assert len([name for name in found.attributes if name.startswith("request.query.")]) <= 64


def test_a_broken_percent_sign_stands_for_itself() -> None:
    assert attributes(page("https://shop.example/?x=100%&y=%zz"))["request.query.x"] == "100%"


def test_a_campaign_keeps_its_values_and_takes_names_in_any_case() -> None:
    url = "https://shop.example/?UTM_Source=News&utm_medium=&utm_medium=Email&utm_campaign=Winter%20Sale&utm_=x&utm_9=x"
    found = attributes(page(url))
    assert {name: value for name, value in found.items() if name.startswith("request.utm.")} == {
        "request.utm.source": "News",
        "request.utm.medium": "Email",
        "request.utm.campaign": "Winter Sale",
    }


REFERRERS = [
    ("https://www.google.com/", "www.google.com", "search"),
    ("https://www.google.co.uk/search?q=x", "www.google.co.uk", "search"),
    ("https://google.fr/", "google.fr", "search"),
    ("https://docs.google.com/document", "docs.google.com", "other"),
    ("https://mail.google.com/", "mail.google.com", "email"),
    ("https://www.bing.com/", "www.bing.com", "search"),
    ("https://fr.search.yahoo.com/", "fr.search.yahoo.com", "search"),
    ("https://mail.yahoo.com/", "mail.yahoo.com", "email"),
    ("https://duckduckgo.com/", "duckduckgo.com", "search"),
    ("https://yandex.ru/search", "yandex.ru", "search"),
    ("https://go.mail.ru/", "go.mail.ru", "search"),
    ("https://e.mail.ru/", "e.mail.ru", "email"),
    ("https://outlook.live.com/", "outlook.live.com", "email"),
    ("https://webmail.provider.example/", "webmail.provider.example", "email"),
    ("https://l.facebook.com/", "l.facebook.com", "social"),
    ("https://lm.facebook.com/", "lm.facebook.com", "social"),
    ("https://t.co/abc", "t.co", "social"),
    ("https://www.pinterest.de/", "www.pinterest.de", "social"),
    ("https://out.reddit.com/", "out.reddit.com", "social"),
    ("https://news.ycombinator.com/", "news.ycombinator.com", "social"),
    ("https://bsky.app/", "bsky.app", "social"),
    ("android-app://com.google.android.gm/", "com.google.android.gm", "email"),
    ("android-app://com.google.android.googlequicksearchbox/", "com.google.android.googlequicksearchbox", "search"),
    ("android-app://com.linkedin.android", "com.linkedin.android", "social"),
    ("android-app://org.unknown.app", "org.unknown.app", "other"),
    ("https://shop.example/cart", "shop.example", "internal"),
    ("https://blog.shop.example/", "blog.shop.example", "internal"),
    ("https://help.other.example/", "help.other.example", "internal"),
    ("https://notshop.example/", "notshop.example", "other"),
    ("https://facebook.com.evil.example/", "facebook.com.evil.example", "other"),
    ("https://notgoogle.com/", "notgoogle.com", "other"),
    ("https://WWW.Example.ORG:8080/x", "www.example.org", "other"),
]


@pytest.mark.parametrize(("referrer", "host", "kind"), REFERRERS)
def test_a_referrer_has_a_host_and_a_kind(referrer: str, host: str, kind: str) -> None:
    found = attributes(page("https://shop.example/", referrer=referrer), SITE)
    assert (found["request.referrer_host"], found["request.referrer_kind"]) == (host, kind)


def test_the_host_of_the_page_is_internal_without_any_setting() -> None:
    found = attributes(page("https://some.example/b", referrer="https://some.example/a"))
    assert found["request.referrer_kind"] == "internal"


@pytest.mark.parametrize(
    ("query", "referrer", "kind"),
    [
        ("", "", "direct"),
        ("", None, "direct"),
        ("?utm_medium=email", "", "email"),
        ("?utm_medium=Newsletter", "https://www.google.com/", "email"),
        ("?utm_medium=social", None, "social"),
        ("?utm_medium=cpc", "https://www.google.com/", "search"),
        ("?utm_medium=cpc", None, "direct"),
        ("?utm_medium=email", "https://shop.example/", "internal"),
        ("", "about:blank", "other"),
        ("", "\x00", "other"),
    ],
)
def test_campaign_links_say_how_they_were_sent(query: str, referrer: str | None, kind: str) -> None:
    found = attributes(page(f"https://shop.example/{query}", referrer=referrer), SITE)
    assert found["request.referrer_kind"] == kind


def test_nothing_told_is_not_a_direct_visit() -> None:
    assert "request.referrer_kind" not in attributes(RawRequest(), SITE)


@pytest.mark.parametrize(
    ("url", "referrer", "terms"),
    [
        ("https://shop.example/search?q=red++shoes", None, "red shoes"),
        ("https://shop.example/", "https://www.bing.com/search?q=winter+boots", "winter boots"),
        ("https://shop.example/", "https://yandex.ru/search/?text=%D0%BE%D0%B1%D1%83%D0%B2%D1%8C", "обувь"),
        ("https://shop.example/", "https://www.baidu.com/s?wd=%E9%9E%8B", "鞋"),
        ("https://shop.example/?q=own", "https://www.bing.com/search?q=theirs", "own"),
        ("https://shop.example/", "https://other.example/?q=private", None),
        ("https://shop.example/", "https://shop.example/search?q=before", None),
        ("https://shop.example/?q=%20%20", None, None),
    ],
)
def test_search_terms_come_from_the_site_or_a_known_engine(url: str, referrer: str | None, terms: str | None) -> None:
    found = attributes(page(url, referrer=referrer), SITE)
    assert found.get("request.search_terms") == terms


def test_a_site_names_its_own_search_parameters() -> None:
    policy = ContextPolicy(search_parameters=("s", "query"))
    assert attributes(page("https://shop.example/?query=hats&q=no"), policy)["request.search_terms"] == "hats"


def test_the_request_is_the_page_only_where_the_policy_says_so() -> None:
    request = RawRequest.of({"Referer": "https://www.google.com/"}, url="https://shop.example/a?utm_source=x")
    assert "request.path" not in attributes(request)
    own = attributes(request, ContextPolicy(own_url=True))
    assert (own["request.path"], own["request.utm.source"]) == ("/a", "x")
    assert own["request.referrer_kind"] == "search"
    told = RawRequest.of({"Referer": "https://www.google.com/"}, url="https://api.example/", body={"url": "/b"})
    assert attributes(told, ContextPolicy(own_url=True))["request.path"] == "/b"


def test_only_wanted_parameters_become_attributes() -> None:
    policy = ContextPolicy(wanted=frozenset({"request.query.a", "request.utm.source"}))
    found = attributes(page("https://shop.example/?a=1&b=2&utm_source=x&utm_term=y"), policy)
    assert found == {"request.query.a": "1", "request.utm.source": "x"}
    family = ContextPolicy(wanted=frozenset({"request.query.*"}))
    assert set(attributes(page("https://shop.example/?a=1&b=2"), family)) == {"request.query.a", "request.query.b"}


def test_limits_are_the_policys() -> None:
    policy = ContextPolicy(limits=Limits(max_parameters=2, max_text=3, max_url=40))
    found = context(page("https://shop.example/?a=1&b=1234&c=1"), policy)
    assert reasons(found) == {("request.query", "too_many"), ("request.query", "too_long")}
    assert found.attributes["request.query.a"] == "1"
    assert ("url", "too_long") in reasons(context(page("https://shop.example/" + "x" * 30), policy))


def test_no_known_host_is_listed_as_two_kinds() -> None:
    from plugin.flow.signals.sources import EMAIL, SEARCH, SOCIAL

    assert not EMAIL & SOCIAL
    assert not SOCIAL & SEARCH.keys()
    assert not EMAIL & SEARCH.keys()
    assert all(known_source(host)[0] == "email" for host in EMAIL)
