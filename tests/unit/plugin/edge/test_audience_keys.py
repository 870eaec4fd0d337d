"""Keys and class cookies: the same for the same, read by who made them, and by nobody else."""

from __future__ import annotations

import pytest

from plugin.edge.audience_keys import LONGEST_KEY, AudienceKeys, BadKeyError, joined, split

OUTCOME = '[[3,17],[],"fr>en",["vips"]]'
EPOCH = "0123456789ab"
KEYS = AudienceKeys("a secret of the site")


def test_a_key_is_the_same_for_the_same_outcome_and_tells_nothing_of_it() -> None:
    key = KEYS.make(7, "home.hero", OUTCOME)
    assert key is not None
    assert key == AudienceKeys("a secret of the site").make(7, "home.hero", OUTCOME)
    assert KEYS.read("home.hero", key) == (7, OUTCOME, None)
    assert len({key, *(KEYS.make(*one, OUTCOME) for one in ((8, "home.hero"), (7, "home.feed")))}) == 3
    assert KEYS.make(7, "home.hero", "x" * LONGEST_KEY) is None


def test_a_key_may_say_until_when_it_is_one() -> None:
    key = KEYS.make(7, "home.hero", OUTCOME, 1_795_357_541_000_000) or ""
    assert key != KEYS.make(7, "home.hero", OUTCOME)
    assert KEYS.read("home.hero", key) == (7, OUTCOME, 1_795_357_541_000_000)


def test_what_is_changed_in_a_key_is_noticed() -> None:
    key = KEYS.make(7, "home.hero", OUTCOME) or ""
    for place in range(2, len(key)):
        other = "A" if key[place] != "A" else "B"
        with pytest.raises(BadKeyError):
            KEYS.read("home.hero", key[:place] + other + key[place + 1 :])
    for slot, wrong in (("home.feed", key), ("home.hero", "8" + key[1:]), ("home.hero", ""), ("home.hero", "7.é")):
        with pytest.raises(BadKeyError):
            KEYS.read(slot, wrong)
    with pytest.raises(BadKeyError):
        AudienceKeys("another secret").read("home.hero", key)


def test_a_cookie_is_a_class_an_epoch_and_a_seal() -> None:
    cookie = KEYS.cookie(EPOCH, OUTCOME, 7) or ""
    assert cookie.count(".") == 2
    assert cookie.split(".")[1] == EPOCH
    assert KEYS.class_of(cookie, EPOCH, 7) == KEYS.class_of(cookie, EPOCH, 8) == OUTCOME
    for hour in (6, 9):
        with pytest.raises(BadKeyError):
            KEYS.class_of(cookie, EPOCH, hour)
    made, _, seal = cookie.split(".")
    for wrong in (f"{made}.{EPOCH}.{seal[::-1]}", f"{made[:-1]}.{EPOCH}.{seal}", f"{made}.{EPOCH}", "", cookie + "A"):
        with pytest.raises(BadKeyError):
            KEYS.class_of(wrong, EPOCH, 7)
    with pytest.raises(BadKeyError):
        KEYS.class_of(cookie, EPOCH[::-1], 7)
    assert KEYS.cookie(EPOCH, "x" * 1_000, 7) is None


def test_keys_are_joined_and_split_by_slot() -> None:
    keys = {"home.hero": "7.abc", "home.feed": "7.def"}
    assert split(joined(keys)) == keys
    for wrong in ("", "home.hero", "a=1,a=2", ",".join(f"s{number}=1" for number in range(51))):
        with pytest.raises(BadKeyError):
            split(wrong)
