"""Whatever is sent: never an exception, always JSON, always of the catalogue's types."""

from __future__ import annotations

import json
import math

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.device.port import Device
from adapters.geo.port import Place
from plugin.flow.context import ContextPolicy, RawRequest, derive
from plugin.flow.signals.notes import MOST_NOTES
from rules.attributes import BUILT_IN
from tests.unit.plugin.flow.signals.support import PROXY, AtlasGeo, OneDevice

_NAMES = """
user-agent accept-language x-forwarded-for forwarded save-data ect downlink rtt sec-ch-ua sec-ch-ua-mobile
sec-ch-ua-platform sec-ch-ua-platform-version sec-ch-ua-model sec-ch-ua-full-version-list sec-ch-ua-form-factors
cf-ipcountry cf-ipcity cf-region-code cf-timezone cf-iplatitude cf-iplongitude cloudfront-viewer-country
cloudfront-viewer-city cloudfront-is-tablet-viewer client-geo-country client-geo-latitude x-vercel-ip-country
x-vercel-ip-city sec-gpc dnt sec-purpose referer x-plan x-groups x-level
"""
HEADERS = _NAMES.split()

_SAMPLES = """
    fr FR XX T1 on 1 ?1 ?0 1e400 NaN -1 "Android" "Windows" "15.0.0" 48.85 Europe/Paris prefetch true unknown
    203.0.113.9 for=unknown 10.0.0.1,::1 %FF S%C3%A3o https://www.google.com/search?q=x android-app://com.twitter.android
    https://shop.example/a?utm_source=x&q=y&&=&%=%ZZ fr-CA,fr;q=0.9,*;q=0 "Chromium";v="1","X\\";v=" 9007199254740993
"""
REAL = st.sampled_from(_SAMPLES.split())
TEXT = st.one_of(
    REAL,
    st.text(st.characters(exclude_categories=()), max_size=40),
    st.integers(1, 9_000).map(lambda count: "x," * count),
    st.sampled_from(["", "\x00", "\ud800", "\r\nA: b", "%", "=", "&" * 500, "١", "-" * 50, '"' * 99]),
)
JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.just(10**400),
        st.floats(allow_nan=True, allow_infinity=True),
        TEXT,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=6,
)
_KEYS = "url referrer locale timezone custom consent device network user_agent ip geo visitor.id"
BODY_KEYS = _KEYS.split()
BODY = st.dictionaries(st.one_of(st.sampled_from(BODY_KEYS), TEXT), JSON, max_size=8)
NESTED = st.fixed_dictionaries(
    {},
    optional={
        "custom": st.dictionaries(st.one_of(st.sampled_from(["a", "b", "tags"]), TEXT), JSON, max_size=5),
        "consent": st.dictionaries(TEXT, JSON, max_size=5),
        "device": st.dictionaries(st.sampled_from(["type", "os", "browser"]), JSON),
        "network": st.dictionaries(st.sampled_from(["save_data", "effective_type", "rtt_ms"]), JSON),
        "geo": st.dictionaries(st.sampled_from(["country", "city", "latitude", "longitude", "eu"]), JSON),
        "url": TEXT,
        "referrer": TEXT,
    },
)
QUERY_KEYS = st.one_of(
    st.sampled_from(["url", "referrer", "locale", "timezone", "custom.a", "custom.tags", "consent.a", "visitor.id"]),
    TEXT,
)
REQUESTS = st.builds(
    RawRequest,
    headers=st.dictionaries(st.sampled_from(HEADERS), st.lists(TEXT, min_size=1, max_size=3), max_size=10),
    cookies=st.dictionaries(st.sampled_from(["tessera_consent", "lang", "vid", "theme"]), TEXT),
    query=st.dictionaries(QUERY_KEYS, st.lists(TEXT, max_size=3), max_size=4),
    body=st.one_of(BODY, NESTED),
    visitor=st.dictionaries(st.just("id"), JSON),
    remote_addr=st.one_of(st.none(), st.just(PROXY), TEXT),
    url=st.one_of(st.none(), TEXT),
    trusted_body=st.booleans(),
)
TYPES = {
    "custom.a": "number",
    "custom.tags": "string_list",
    "request.header.x-groups": "string_list",
    "request.header.x-level": "number",
}
EVERYTHING = ContextPolicy(
    trusted_proxies=("10.0.0.0/8",),
    allowed_cookies=frozenset({"theme"}),
    allowed_headers=frozenset({"x-plan", "x-groups", "x-level"}),
    locales=("fr", "en"),
    locale_cookie="lang",
    locale_query="hl",
    own_hosts=frozenset({"shop.example"}),
    own_url=True,
    visitor_cookie="vid",
    types=TYPES,
)
DEVICES = OneDevice(Device("mobile", "Android", "14", "Chrome", "124.0.0"))
GEO = AtlasGeo({"203.0.113.9": Place("EU", "FR", "IDF", "Paris", "Europe/Paris", 48.8, 2.3, True)})


def is_of(kind: str, value: object) -> bool:
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "location":
        return isinstance(value, dict) and set(value) == {"lat", "lon"}
    if kind == "string_list":
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    return isinstance(value, str)


@settings(max_examples=300, deadline=None)
@given(REQUESTS)
def test_no_request_raises_and_every_attribute_is_json_of_its_type(request: RawRequest) -> None:
    found = derive(request, EVERYTHING, DEVICES, GEO)
    text = json.dumps(found.attributes, allow_nan=False, ensure_ascii=False).encode("utf-8")
    assert json.loads(text) == found.attributes
    assert b"\\u0000" not in text
    for name, value in found.attributes.items():
        assert value is not None
        if name.startswith("custom."):
            continue  # body values keep their type whatever was declared; the rules judge it
        declared = BUILT_IN[name]
        assert is_of(TYPES.get(name, declared.type), value), name
        assert declared.values is None or value in declared.values, name
    assert len(found.notes) <= MOST_NOTES
    assert "request.ip" not in found.storable()


@settings(max_examples=150, deadline=None)
@given(REQUESTS, st.sets(st.sampled_from(sorted(BUILT_IN)), max_size=4))
def test_a_policy_that_wants_less_gives_the_same_values_of_what_it_wants(request: RawRequest, wanted: set[str]) -> None:
    whole = derive(request, EVERYTHING, DEVICES, GEO).attributes
    part = derive(request, EVERYTHING.wanting(frozenset(wanted), TYPES), DEVICES, GEO).attributes
    assert part.items() <= whole.items()
    families = tuple(name[:-1] for name in wanted if name.endswith(".*"))
    missing = {name for name in whole.keys() - part.keys() if name in wanted or name.startswith(families)}
    assert not missing


@settings(max_examples=100, deadline=None)
@given(REQUESTS)
def test_deriving_twice_gives_the_same(request: RawRequest) -> None:
    assert derive(request, EVERYTHING, DEVICES, GEO) == derive(request, EVERYTHING, DEVICES, GEO)
