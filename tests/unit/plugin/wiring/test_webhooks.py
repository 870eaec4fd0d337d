"""The webhooks that the settings configure."""

from __future__ import annotations

import pytest

from adapters.cms.signed import SignedHook
from adapters.runtime import Runtime
from plugin.errors import SettingsError
from plugin.settings import Plugged
from plugin.wiring.webhooks import locales_of, open_hooks

SECRET = "a-secret-of-the-cms"


def opened(adapter: str, **options: object) -> object:
    plugged = Plugged("shop", adapter, options)  # type: ignore[arg-type]
    return open_hooks({"shop": plugged}, Runtime.system()).get("shop")


def test_a_source_has_the_webhook_of_its_adapter() -> None:
    assert isinstance(opened("wordpress", webhook={"secret": SECRET}), SignedHook)


def test_a_source_may_have_another_webhook() -> None:
    assert isinstance(opened("strapi", webhook={"adapter": "generic", "secret": SECRET}), SignedHook)


def test_a_source_without_the_table_has_none() -> None:
    assert opened("strapi", url="https://cms.example") is None


@pytest.mark.parametrize(
    ("adapter", "webhook", "problem"),
    [
        ("generic", {}, "sources.shop.webhook.secret: required"),
        ("generic", {"secret": "short"}, "sources.shop.webhook.secret: want at least"),
        ("generic", {"adapter": 3, "secret": SECRET}, "sources.shop.webhook.adapter: want the name"),
        ("null", {"secret": SECRET}, "sources.shop.webhook.adapter: no hooks adapter 'null'"),
        ("generic", {"adapter": "genric", "secret": SECRET}, "did you mean 'generic'"),
        ("generic", "on", "sources.shop.webhook: want a table"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_without_the_secret(
    adapter: str, webhook: object, problem: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        opened(adapter, webhook=webhook)
    assert problem in str(caught.value)
    assert SECRET not in str(caught.value)


def test_languages_are_those_of_the_options() -> None:
    assert locales_of(Plugged("shop", "x", {"locales": ["fr", "en"]})) == ("fr", "en")
    assert locales_of(Plugged("shop", "x", {})) == ()
