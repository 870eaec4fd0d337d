"""Conditions in three shapes: what an index answers easily, what it answers less easily, and half of all true."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType
from typing import TypeAlias

from plugin.bench.vocabulary import AMOUNTS, CHOICES, COUNTRY, FLAGS, LISTS, MISSING, PATHS, Amount, Choice, Several

Condition: TypeAlias = dict[str, object]
Shape: TypeAlias = Callable[[Random], Condition]

COUNTRY_SHARE = 0.3
"""The share of rules that test the country, in every shape."""
COUNTS = (1, 2, 3, 4, 5)
SEGMENTS = tuple(f"segment-{number}" for number in range(10))
_FEW_OF_SMALL = 0.2
"""How often an equality is on an attribute of few values, where it tells little apart."""
_SMALL = tuple(choice for choice in CHOICES if len(choice.values) <= 8)
_LARGE = tuple(choice for choice in CHOICES if len(choice.values) > 8)


def equalities(random: Random) -> Condition:
    """Rich in equalities and memberships; about 2% hold."""
    count = random.choices(COUNTS, (28, 28, 20, 14, 10))[0]
    leaves = [_one_of(COUNTRY, random)] if random.random() < COUNTRY_SHARE else []
    while len(leaves) < count:
        kind = random.random()
        if kind < 0.7 or not leaves:
            small = random.random() < _FEW_OF_SMALL and leaves
            leaves.append(_one_of(random.choice(_SMALL if small else _LARGE), random))
        elif kind < 0.76:
            leaves.append({"segment": random.choice(SEGMENTS)})
        elif kind < 0.80:
            flag = random.choice(FLAGS)
            leaves.append({flag.name: flag.draw(random)})
        elif kind < 0.88:
            leaves.append(_range(random.choice(AMOUNTS), random.uniform(0.2, 0.6), random))
        elif kind < 0.94:
            leaves.append(_contains(random.choice(LISTS), random))
        else:
            leaves.append(_negation(random.choice(CHOICES), random))
    return _together(leaves, random)


def ranges(random: Random) -> Condition:
    """Ranges, contains and negations only."""
    count = random.choices(COUNTS, (25, 30, 20, 15, 10))[0]
    leaves = [_negation(COUNTRY, random)] if random.random() < COUNTRY_SHARE else []
    while len(leaves) < count:
        kind = random.random()
        if kind < 0.55:
            leaves.append(_range(random.choice(AMOUNTS), random.uniform(0.02, 0.6), random))
        elif kind < 0.75:
            leaves.append(_contains(random.choice(LISTS), random))
        elif kind < 0.8:
            leaves.append({PATHS.name: {"contains": str(PATHS.draw(random))[:11]}})
        else:
            leaves.append(_negation(random.choice(CHOICES), random))
    return {"all": leaves} if len(leaves) > 1 else leaves[0]


def half(random: Random) -> Condition:
    """Every condition so wide that half of the rules hold."""
    count = random.choice(COUNTS)
    share = 0.5 ** (1 / count)
    # Where the attribute is missing, the first two kinds of test are false and the third is true.
    met, excluded = min(share / (1 - MISSING), 0.99), (1 - share) / (1 - MISSING)
    leaves: list[Condition] = []
    if random.random() < COUNTRY_SHARE:
        leaves.append({COUNTRY.name: {"in": COUNTRY.covering(random, met)}})
    while len(leaves) < count:
        if random.random() < 0.6:
            leaves.append(_range(random.choice(AMOUNTS), met, random))
        else:
            choice = random.choice(_LARGE)
            leaves.append({choice.name: {"not_in": choice.covering(random, excluded)}})
    return {"all": leaves} if len(leaves) > 1 else leaves[0]


SHAPES: Mapping[str, Shape] = MappingProxyType({"equalities": equalities, "ranges": ranges, "half": half})


def _one_of(choice: Choice, random: Random) -> Condition:
    if random.random() < 0.7:
        return {choice.name: choice.draw(random)}
    return {choice.name: {"in": choice.some(random, 3)}}


def _negation(choice: Choice, random: Random) -> Condition:
    kind = random.random()
    if kind < 0.4:
        return {choice.name: {"ne": choice.draw(random)}}
    if kind < 0.7:
        return {choice.name: {"not_in": choice.some(random, 3)}}
    return {"not": {choice.name: choice.draw(random)}}


def _contains(several: Several, random: Random) -> Condition:
    if random.random() < 0.6:
        return {several.name: {"contains": several.of.draw(random)}}
    return {several.name: {"contains_any": several.of.some(random, 3)}}


def _range(amount: Amount, share: float, random: Random) -> Condition:
    """A test that about this share of the visitors meets."""
    kind = random.random()
    if kind < 0.4:
        return {amount.name: {"gte": amount.at(1 - share)}}
    if kind < 0.8:
        return {amount.name: {"lte": amount.at(share)}}
    low = random.uniform(0, 1 - share)
    return {amount.name: {"between": [amount.at(low), amount.at(low + share)]}}


def _together(leaves: list[Condition], random: Random) -> Condition:
    """All of them; in one rule of twenty with three or more, the last two are alternatives."""
    if len(leaves) == 1:
        return leaves[0]
    if len(leaves) > 2 and random.random() < 0.05:
        return {"all": [*leaves[:-2], {"any": leaves[-2:]}]}
    return {"all": leaves}
