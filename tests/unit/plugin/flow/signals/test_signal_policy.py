"""Settings of the context step, and what a rule set makes it read."""

from __future__ import annotations

import pytest

from adapters.geo.port import Place
from plugin.flow.context import ContextPolicy, RawRequest, headers_from_environ
from tests.unit.plugin.flow.signals.support import AtlasGeo, attributes, context


def test_every_bad_setting_is_named_at_once() -> None:
    with pytest.raises(ValueError, match="trusted_proxies") as caught:
        ContextPolicy(
            trusted_proxies=("10.0.0.0/8", "10.0.0.0/99"),
            forwarded=("x-real-ip",),
            cdns=("akamai",),
            allowed_headers=frozenset({"Authorization", "X-Forwarded-For", "X-Ok"}),
            locales=("fr", "??"),
            own_hosts=frozenset({"a b"}),
        )
    text = str(caught.value)
    for word in ("10.0.0.0/99", "x-real-ip", "akamai", "Authorization", "X-Forwarded-For", "??", "a b"):
        assert word in text
    assert "X-Ok" not in text
    assert "'fr'" not in text


def test_a_policy_is_renewed_for_a_published_rule_set() -> None:
    policy = ContextPolicy(trusted_proxies=("10.0.0.0/8",), own_hosts=frozenset({"www.shop.example"}))
    renewed = policy.wanting(frozenset({"custom.a"}), {"custom.a": "number"})
    assert renewed.networks == policy.networks
    assert renewed.is_own("shop.example")
    assert renewed.reads.custom == frozenset({"a"})
    assert policy.wanted is None


def test_time_conditions_want_the_places_zone_where_the_device_names_none() -> None:
    policy = ContextPolicy(wanted=frozenset({"time.hour"}))
    atlas = AtlasGeo({"203.0.113.9": Place(country="FR", timezone="Europe/Paris")})
    silent = RawRequest(remote_addr="203.0.113.9")
    assert attributes(silent, policy, geo=atlas) == {"geo.timezone": "Europe/Paris"}
    told = RawRequest(remote_addr="203.0.113.9", body={"timezone": "Asia/Tokyo"})
    assert attributes(told, policy, geo=atlas) == {"context.timezone": "Asia/Tokyo"}
    assert atlas.asked == ["203.0.113.9"]


def test_nothing_wanted_derives_identity_consent_and_zone_alone() -> None:
    request = RawRequest.of(
        {"User-Agent": "x", "Accept-Language": "fr", "Save-Data": "on"},
        visitor={"id": "v"},
        body={"url": "/x", "locale": "fr", "timezone": "UTC", "custom": {"a": 1}, "consent": {"a": True}},
        remote_addr="203.0.113.9",
    )
    assert attributes(request, ContextPolicy(wanted=frozenset())) == {
        "visitor.id": "v",
        "consent.a": True,
        "context.timezone": "UTC",
    }


def test_header_names_match_in_any_case_and_keep_their_order() -> None:
    request = RawRequest.of([("X-A", "1"), ("x-a", "2"), ("X-B", "3")])
    assert {name: list(values) for name, values in request.headers.items()} == {"x-a": ["1", "2"], "x-b": ["3"]}
    assert RawRequest.of({"X-A": "1"}).headers == {"x-a": ["1"]}


def test_a_wsgi_environment_gives_its_headers() -> None:
    environ = {"HTTP_USER_AGENT": "x", "HTTP_CF_IPCOUNTRY": "FR", "REQUEST_METHOD": "GET", "wsgi.input": object()}
    assert headers_from_environ(environ) == {"user-agent": ("x",), "cf-ipcountry": ("FR",)}


@pytest.mark.parametrize(
    ("headers", "prefetch"),
    [
        ({"Sec-Purpose": "prefetch"}, True),
        ({"Sec-Purpose": "prefetch;prerender"}, True),
        ({"Purpose": "prefetch"}, True),
        ({"X-Purpose": "preview"}, True),
        ({"X-Moz": "prefetch"}, True),
        ({"Purpose": "shopping"}, False),
        ({}, False),
    ],
)
def test_fetching_ahead_is_noticed(headers: dict[str, str], prefetch: bool) -> None:
    assert context(RawRequest.of(headers)).prefetch is prefetch
