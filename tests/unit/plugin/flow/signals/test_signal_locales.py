"""The visitor's language."""

from __future__ import annotations

import pytest

from plugin.flow.context import ContextPolicy, RawRequest
from plugin.flow.signals.locales import looks_up, normal_tag
from tests.unit.plugin.flow.signals.support import attributes, context, reasons


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("fr", "fr"),
        ("FR-ca", "fr-CA"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("fr_FR", "fr-FR"),
        ("de-ch-1996", "de-CH-1996"),
        ("es-419", "es-419"),
        ("en-US-U-CA-Gregory", "en-US-u-ca-gregory"),
        ("sr-Latn-RS", "sr-Latn-RS"),
        (" en ", "en"),
        ("", None),
        ("*", None),
        ("x", None),
        ("-fr", None),
        ("fr-", None),
        ("français", None),
        ("fr\x00", None),
        ("\ud800", None),
        ("en-" + "a" * 9, None),
        ("en" + "-abcdefgh" * 100, None),
    ],
)
def test_a_tag_has_its_customary_case_or_is_none(text: str, tag: str | None) -> None:
    assert normal_tag(text) == tag


@pytest.mark.parametrize(
    ("tag", "found"),
    [("fr-CA", True), ("fr", True), ("zh-Hant-CN-x-private1-private2", True), ("zh-CN", False), ("en", False)],
)
def test_lookup_cuts_the_tag_from_its_end(tag: str, found: bool) -> None:
    """RFC 4647, section 3.4."""
    assert looks_up(tag, frozenset({"fr", "zh-hant"})) is found


ACCEPTED = [
    ("fr-CA,fr;q=0.9,en;q=0.8", "fr-CA"),
    ("de,en;q=0.9,fr;q=0.8", "en"),
    ("de-AT,de;q=0.9", "de-AT"),
    ("en;q=0.5,fr;q=0.9", "fr"),
    ("en;q=0,fr;q=0.1", "fr"),
    ("*", None),
    ("*,fr;q=0.2", "fr"),
    ("de;q=1.0, *;q=0.1", "de"),
    ("EN-gb", "en-GB"),
    ("fr;Q=0.7 , en ; q=0.8", "en"),
    (",,fr,", "fr"),
    ("fr;q=abc,en", "en"),
    ("fr;q=2,en;q=0.1", "en"),
    ("fr;q=-1,en;q=0.1", "en"),
    (";q=0.3", None),
    ("12345;;;===", None),
    ("", None),
]


@pytest.mark.parametrize(("header", "tag"), ACCEPTED)
def test_the_first_language_that_the_site_has_is_chosen_else_the_first(header: str, tag: str | None) -> None:
    policy = ContextPolicy(locales=("fr", "en"))
    found = attributes(RawRequest.of({"Accept-Language": header}), policy)
    assert found.get("request.locale") == tag


def test_without_locales_of_the_site_the_visitors_first_is_chosen() -> None:
    assert attributes(RawRequest.of({"Accept-Language": "de;q=0.5,ja"}))["request.locale"] == "ja"


def test_the_caller_then_the_page_then_the_cookie_then_the_browser() -> None:
    policy = ContextPolicy(locale_cookie="lang", locale_query="hl")
    headers = {"Accept-Language": "ja"}
    body: dict[str, object] = {"url": "https://shop.example/?hl=it", "locale": "fr-FR"}
    cookies = {"lang": "de"}
    assert attributes(RawRequest.of(headers, body=body, cookies=cookies), policy)["request.locale"] == "fr-FR"
    del body["locale"]
    assert attributes(RawRequest.of(headers, body=body, cookies=cookies), policy)["request.locale"] == "it"
    assert attributes(RawRequest.of(headers, cookies=cookies), policy)["request.locale"] == "de"
    assert attributes(RawRequest.of(headers), policy)["request.locale"] == "ja"
    unnamed = ContextPolicy()
    assert attributes(RawRequest.of(headers, body=body, cookies=cookies), unnamed)["request.locale"] == "ja"


def test_a_choice_that_is_no_tag_gives_way_to_the_next_with_a_note() -> None:
    found = context(RawRequest.of({"Accept-Language": "ja"}, body={"locale": "???"}))
    assert found.attributes["request.locale"] == "ja"
    assert ("request.locale", "malformed") in reasons(found)
    found = context(RawRequest.of({"Accept-Language": "ja"}, body={"locale": ["fr"]}))
    assert ("request.locale", "wrong_type") in reasons(found)


def test_absurd_headers_are_noted() -> None:
    found = context(RawRequest.of({"Accept-Language": "fr," * 400}))
    assert found.attributes["request.locale"] == "fr"
    assert ("accept-language", "malformed") in reasons(found)
    found = context(RawRequest.of({"Accept-Language": "fr," * 4_000}))
    assert "request.locale" not in found.attributes
    assert ("accept-language", "too_long") in reasons(found)
