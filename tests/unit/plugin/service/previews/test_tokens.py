"""Preview links: what goes in comes out, and nobody else makes or changes one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from plugin.errors import Forbidden, Unauthorized, ValidationFailed
from plugin.flow.types import SlotAsk
from plugin.service.delivery.tokens import DecisionTokens
from plugin.service.previews.tokens import LONGEST, DraftRef, Preview, PreviewTokens, bucket_of
from tests.unit.plugin.service.site_support import NOW

KEY = "k" * 32
PREVIEW = Preview(
    entries=(DraftRef("cms", "hérö", "fr", "hero"), DraftRef("cms", "b")),
    slots=(SlotAsk("home.hero", 2, ("x",)), SlotAsk("feed")),
    attributes={"geo.country": "FR", "custom.cart": 80.5, "custom.list": ["a"]},
    segments=("vip",),
    arms={"test": "b"},
    visitor_id="v-1",
    at=NOW + timedelta(days=30),
    issued_at=NOW,
    expires_at=NOW + timedelta(hours=1),
    author="ada",
)


def test_a_link_says_what_it_was_made_of() -> None:
    tokens = PreviewTokens(KEY)
    assert tokens.read(tokens.make(PREVIEW), NOW) == PREVIEW
    least = Preview(entries=(DraftRef("cms", "a"),), issued_at=NOW, expires_at=NOW + timedelta(minutes=1))
    assert tokens.read(tokens.make(least), NOW) == least


def test_a_link_goes_into_an_address_as_it_stands() -> None:
    token = PreviewTokens(KEY).make(PREVIEW)
    assert token.isascii()
    assert set("+/=&?# %") & set(token) == set()


def test_it_is_over_when_it_is_over() -> None:
    tokens = PreviewTokens(KEY)
    token = tokens.make(PREVIEW)
    assert tokens.read(token, PREVIEW.expires_at - timedelta(seconds=1))
    with pytest.raises(Forbidden, match="expired"):
        tokens.read(token, PREVIEW.expires_at)


def test_every_changed_character_is_noticed() -> None:
    tokens = PreviewTokens(KEY)
    token = tokens.make(PREVIEW)
    for place in range(len(token)):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(Unauthorized):
            tokens.read(changed, NOW)


@pytest.mark.parametrize("token", ["", "p1", "p1..", "p1.e30.", "d1.e30.x", "p1.é.x", "p1.a.b.c", "x" * 100_000])
def test_what_is_no_token_is_refused_alike(token: str) -> None:
    with pytest.raises(Unauthorized, match="not valid"):
        PreviewTokens(KEY).read(token, NOW)


def test_another_key_and_another_purpose_make_no_link() -> None:
    token = PreviewTokens("other" * 8).make(PREVIEW)
    with pytest.raises(Unauthorized):
        PreviewTokens(KEY).read(token, NOW)
    _form, payload, _mac = PreviewTokens(KEY).make(PREVIEW).split(".")
    mac = DecisionTokens(KEY).make(1, "slot", "key", ()).split(".")[2]
    with pytest.raises(Unauthorized):
        PreviewTokens(KEY).read(f"p1.{payload}.{mac}", NOW)


def test_more_than_an_address_holds_is_refused() -> None:
    with pytest.raises(ValidationFailed, match=f"{LONGEST:,} is the most"):
        PreviewTokens(KEY).make(replace(PREVIEW, attributes={"custom.text": "x" * LONGEST}))


def test_a_bucket_names_no_token_and_there_are_few() -> None:
    names = {bucket_of(str(number)) for number in range(20_000)}
    assert len(names) <= 4_096
    assert bucket_of("secret") == bucket_of("secret")
    assert "secret" not in bucket_of("secret")
