"""Which values of an edge's inputs are alike to some slots: an edge that knows asks for one key in place of many.

Of countries it is said which are alike, for there are no others. Campaigns can be called anything: of them it is said
which the rules name, for all others are alike. What cannot be said shortly is left out, and then every value counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import NamedTuple

from plugin.flow.signals.countries import CONTINENT_OF
from plugin.flow.signals.edge import from_edge, header_of
from rules.conditions import Percent, Ref, Test
from rules.facts import Facts
from rules.footprint.inputs import UTM, carrier_of, input_of
from rules.index import Index
from rules.keeping import keep
from rules.outcome_text import names_read
from rules.ruleset import Ruleset
from rules.schedule import ALWAYS_ON
from rules.shared_slots import SharedSlots

OTHER = "~"
"""What an edge says in place of a campaign that the rules do not name."""
MOST_CHARS = 3_000
"""Of all that is said: it goes in one header beside the keys."""
_EXACT = frozenset({"eq", "ne", "in", "not_in", "exists", "bare", "bare_list"})
_CAMPAIGNS = tuple(sorted(f"request.utm.{name}" for name in UTM))
_COUNTRY = "geo.country"
_MOST_KEPT = 1_024
_SOME_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)  # no test of an input reads the clock


class Alike(NamedTuple):
    """What an edge is told of some slots.

    Attributes:
        digest: names what is told apart, by which an edge says what it went by; 16 hexadecimal digits.
        text: the header's: the digest, `country /AD/AE/…/` with all countries that are alike, and for each campaign
            parameter `T-Utm-Campaign; T-Utm-Campaign=summer; …` with the values that count.
    """

    digest: str
    text: str


NOTHING = Alike("none", "none")
"""Every value counts."""


class AlikeValues:
    """Works out what is alike, once for each published state and the slots that are asked for together.

    In any order: it takes longer than to find the keys, and who asks may name them as they like. Safe to share between
    threads.
    """

    def __init__(self) -> None:
        self._of: tuple[object, dict[frozenset[str], Alike]] = (None, {})

    def of(self, ruleset: Ruleset, shared: SharedSlots, slots: Sequence[str]) -> Alike:
        """What of the inputs is alike to slots that there are."""
        state, known = self._of
        if state is not shared.reads:
            known = {}
            self._of = (shared.reads, known)
        names = frozenset(slots)
        found = known.get(names)
        if found is None:
            found = alike(ruleset, shared, names)
            keep(known, names, found, _MOST_KEPT)
        return found


def alike(ruleset: Ruleset, shared: SharedSlots, slots: Iterable[str]) -> Alike:
    """Work it out."""
    tests: dict[str, Test] = {}
    whole: set[str] = set()
    for slot in slots:
        tests.update((test.key, test) for test in shared.reads[slot].tests)
        whole.update(names_read(ruleset.compiled(slot)))
    plain = []
    for test in tests.values():
        if isinstance(test.operand, Ref):
            whole.update(test.names)
        elif not isinstance(test.operand, Percent) and carrier_of(test.attribute) == "input":
            plain.append(test)
    said = [*_countries(ruleset, plain, whole), *_campaigns(plain, whole)]
    text = " ".join(said)
    if not said or len(text) > MOST_CHARS:
        return NOTHING
    digest = blake2b(text.encode(), digest_size=8).hexdigest()
    return Alike(digest, f"{digest} {text}")


def _countries(ruleset: Ruleset, tests: Sequence[Test], whole: Collection[str]) -> Iterator[str]:
    """The countries, two at least, for most of which the tests say the same as for each other."""
    ours = [test for test in tests if input_of(test.attribute) == "country"]
    if not ours or any(input_of(name) == "country" for name in whole):
        return
    document = ruleset.document
    index = Index([(test, ALWAYS_ON) for test in ours], document.catalogue, document.zone)
    kinds: dict[int, list[str]] = {}
    for code in sorted(CONTINENT_OF):
        headers: Mapping[str, Sequence[str]] = {header_of("country").lower(): (code,)}
        attributes = from_edge(headers, ["country"], gpc_purposes=())
        holding = index.alive(Facts(attributes, _SOME_MOMENT, document.zone, document.catalogue))
        kinds.setdefault(holding, []).append(code)
    codes = max(kinds.values(), key=len)
    if len(codes) > 1:
        yield f"country /{'/'.join(codes)}/"


def _campaigns(tests: Sequence[Test], whole: Collection[str]) -> Iterator[str]:
    """Each campaign parameter of which nothing but whole values is asked, with these."""
    for attribute in _CAMPAIGNS:
        ours = [test for test in tests if test.attribute == attribute]
        if not ours or attribute in whole or not all(test.op in _EXACT and not test.any_case for test in ours):
            continue
        values = {value for test in ours for value in _texts(test.operand)}
        input_ = input_of(attribute)
        if input_ is None or OTHER in values:
            continue
        name = header_of(input_)
        # What no edge tells as it is need not be named.
        carried = sorted(value for value in values if _told(input_, value))
        yield " ".join([f"{name};", *(f"{name}={value};" for value in carried)])


def _texts(operand: object) -> Iterator[str]:
    for one in operand if isinstance(operand, tuple) else (operand,):
        if isinstance(one, str):
            yield one


def _told(input_: str, value: str) -> bool:
    return bool(from_edge({header_of(input_).lower(): (value,)}, [input_], gpc_purposes=()))
