"""User tokens: only those that the site signed, of a user, and not over, are worth anything."""

from __future__ import annotations

import pytest

from plugin.errors import Forbidden
from plugin.service.visitors.user_tokens import UserTokens
from tests.unit.plugin.service.knowing import USER_KEY, user_token

NOW_S = 1_795_262_400
RIGHT = {"sub": "user-7", "exp": NOW_S + 60}


def tokens(key: bytes | None = USER_KEY) -> UserTokens:
    return UserTokens(key, now_ms=lambda: NOW_S * 1_000)


def test_a_right_token_says_who_it_is() -> None:
    assert tokens().user(user_token(RIGHT)) == "user-7"
    assert tokens().user(user_token({**RIGHT, "nbf": NOW_S, "iat": NOW_S, "name": "Ann"})) == "user-7"


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (None, "a user token is needed"),
        ("", "not a compact JWS"),
        ("a.b", "not a compact JWS"),
        ("ä.b.c", "not a compact JWS"),
        ("a" * 4_000 + "." + "b" * 200 + ".c", "not a compact JWS"),
        (user_token(RIGHT) + "A", "not signed"),
        (user_token(RIGHT, key=b"x" * 32), "not signed"),
        (user_token(RIGHT, header={"alg": "none"}).rpartition(".")[0] + ".", "not signed"),
        (user_token(RIGHT, header={"alg": "none"}), "HS256"),
        (user_token(RIGHT, header={"alg": "HS512"}), "HS256"),
        (user_token(RIGHT, header={"alg": "HS256", "crit": ["b64"]}), "HS256"),
        (user_token(RIGHT, header=["HS256"]), "HS256"),
        (user_token({"exp": NOW_S + 60}), "'sub'"),
        (user_token({**RIGHT, "sub": "a\nb"}), "'sub'"),
        (user_token({**RIGHT, "sub": 7}), "'sub'"),
        (user_token({"sub": "user-7"}), "'exp'"),
        (user_token({**RIGHT, "exp": True}), "'exp'"),
        (user_token({**RIGHT, "exp": "2030"}), "'exp'"),
        (user_token({**RIGHT, "exp": NOW_S}), "over"),
        (user_token({**RIGHT, "nbf": NOW_S + 1}), "not hold yet"),
        (user_token("user-7"), "'sub'"),
    ],
)
def test_any_other_is_refused(token: str | None, why: str) -> None:
    with pytest.raises(Forbidden, match=why):
        tokens().user(token)


def test_a_token_that_was_changed_in_one_place_is_refused() -> None:
    """Whichever character it is; of the last one of a signature two bits stand for nothing."""
    token = user_token(RIGHT)
    for place in range(len(token) - 1):
        if token[place] == ".":
            continue
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(Forbidden):
            tokens().user(changed)


def test_without_a_key_no_token_is_any_good() -> None:
    with pytest.raises(Forbidden, match="user_token_key"):
        tokens(None).user(user_token(RIGHT, key=b""))


def test_no_key_is_shown() -> None:
    assert USER_KEY.decode() not in repr(tokens())
