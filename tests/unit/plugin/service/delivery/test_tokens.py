"""Decision tokens: the same for a whole audience, and not to be made up."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from plugin.service.delivery.tokens import LONGEST, BadTokenError, DecisionTokens

TOKENS = DecisionTokens("k" * 32)
ARMS = {"hero-copy": "bold"}


def test_a_token_tells_what_the_answer_was_made_of() -> None:
    token = TOKENS.make(7, "home.hero", "k-1", ARMS)
    assert TOKENS.read(token) == {"version": 7, "slot": "home.hero", "key": "k-1", "arms": {"hero-copy": "bold"}}


def test_a_token_is_the_same_in_every_process_and_for_everyone() -> None:
    assert TOKENS.make(7, "home.hero", "k-1", ARMS) == DecisionTokens("k" * 32).make(7, "home.hero", "k-1", ARMS)


def test_tokens_of_another_key_are_refused() -> None:
    with pytest.raises(BadTokenError):
        DecisionTokens("x" * 32).read(TOKENS.make(7, "home.hero", "k-1", ARMS))


@given(st.data())
def test_a_token_with_one_character_changed_is_refused(data: st.DataObject) -> None:
    token = TOKENS.make(7, "home.hero", "k-1", ARMS)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("ABab01-_.=é"))
    assume(other != token[place])
    with pytest.raises(BadTokenError):
        TOKENS.read(token[:place] + other + token[place + 1 :])


@given(st.text() | st.from_regex(r"d1\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*", fullmatch=True))
def test_whatever_is_sent_is_refused_and_never_an_error(text: str) -> None:
    with pytest.raises(BadTokenError):
        TOKENS.read(text)


def test_a_body_cannot_be_put_under_another_signature() -> None:
    form, payload, mac = TOKENS.make(7, "home.hero", "k-1", {}).split(".")
    body = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    other = urlsafe_b64encode(json.dumps({**body, "v": 8}).encode()).rstrip(b"=").decode()
    with pytest.raises(BadTokenError):
        TOKENS.read(f"{form}.{other}.{mac}")


def test_signatures_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A comparison that stops at the first difference tells how much of a guess is right."""
    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda one, other: compared.append((one, other)) or real(one, other))
    token = TOKENS.make(7, "home.hero", "k-1", ARMS)
    TOKENS.read(token)
    assert compared == [(token.rpartition(".")[2], token.rpartition(".")[2])]


def test_a_token_of_many_arms_with_long_names_can_be_read() -> None:
    arms = {f"{number:03}" + "é" * 125: "ü" * 128 for number in range(20)}
    token = TOKENS.make(10**9, "s" * 128, "k-" + "0" * 64, arms)
    assert TOKENS.read(token)["arms"] == arms


def test_an_endless_token_is_refused_unread() -> None:
    with pytest.raises(BadTokenError):
        TOKENS.read("d1." + "A" * LONGEST + ".A")


def test_a_token_names_no_visitor_and_its_maker_shows_no_key() -> None:
    tokens = DecisionTokens("a-very-secret-key-of-32-characters")
    _form, payload, _mac = tokens.make(1, "hero", "k", {}).split(".")
    assert set(json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))) == {"v", "s", "k", "a"}
    assert "secret" not in repr(tokens)
