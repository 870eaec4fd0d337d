"""What is known of the visitor of a request: when it is read, what of it counts, and what happens when it cannot be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

import rules
from plugin.errors import ServiceUnavailable
from plugin.flow.types import Profile, Site
from plugin.ports import Viewed, VisitorRow
from plugin.profiles import fold
from plugin.profiles.attributes import put
from plugin.profiles.consent import record
from plugin.profiles.events import BOT, Event
from plugin.profiles.reduce import reduce
from plugin.profiles.settings import DEFAULT
from plugin.profiles.state import EMPTY, SourceState
from plugin.service.delivery.sites import site_of
from plugin.service.visitors.known import REMEMBERED_MS, Visitors
from plugin.service.visitors.stage import Staging
from rules.facts import PERSON, UNIT
from rules.patterns.windows import Entry, Window
from tests.unit.plugin.service.taking import HASHER

NOW = 1_795_000_000_000
ANNA = HASHER.identity("anna")
PURPOSE = "personalization"
DOCUMENT: dict[str, Any] = {
    "version": 1,
    "attributes": {
        "profile.plan": {"type": "string", "purpose": PURPOSE},
        "profile.view_7d": {"type": "number", "purpose": PURPOSE},
        "profile.unread": {"type": "string", "purpose": PURPOSE},
    },
    "segments": [
        {"id": "fan", "pattern": {"event": "view", "count": {"gte": 3}, "within": "1h"}, "lasts": "1d"},
        {"id": "listed", "members": ["somebody"]},
        {"id": "by-condition", "when": {"profile.plan": "pro"}},
    ],
    "slots": [{"id": "hero", "default": {"id": "a"}}],
    "rules": [
        {
            "id": "r",
            "slot": "hero",
            "when": {"profile.plan": "pro", "profile.view_7d": {"gte": 1}},
            "then": [{"stop": True}],
        },
        {"id": "f", "slot": "hero", "when": {"segment": "fan"}, "then": [{"stop": True}]},
    ],
}
PLAIN: dict[str, Any] = {"version": 1, "slots": [{"id": "hero", "default": {"id": "a"}}]}


class Stored:
    """Views as a test puts them; counts what is asked."""

    def __init__(self) -> None:
        self.views: dict[str, bytes] = {}
        self.rows: Sequence[VisitorRow] = ()
        self.asked = 0
        self.away = self.group_away = False
        self.degraded: tuple[str, ...] = ()

    def view(self, source: str) -> Viewed:
        self.asked += 1
        if self.away:
            raise ServiceUnavailable("away")
        return Viewed(self.views.get(source), self.degraded)

    def group(self, _source: str) -> Sequence[VisitorRow]:
        if self.group_away:
            raise ServiceUnavailable("away")
        return self.rows


class Bench:
    def __init__(self, document: Mapping[str, Any] = DOCUMENT, *, deny_unknown: bool = False) -> None:
        ruleset = rules.load(dict(document))
        self.site: Site = site_of(ruleset, ruleset.prepare([{"id": "a"}]), 1, "1.1")
        self.stored = Stored()
        self.seconds = 0.0
        self.visitors = Visitors(
            reads=self.stored,
            identify=HASHER.identity,
            settings=lambda: DEFAULT,
            stage=Staging(lambda: self.site, lambda _patterns: None),
            deny_unknown=deny_unknown,
            monotonic=lambda: self.seconds,
        )

    def keep(self, state: SourceState, *, known: bool = False, person: str = ANNA.source, **more: Any) -> None:
        view = fold.fold([(ANNA.source, state)], uid="u-person", known=known, person=person, **more)
        self.stored.views[ANNA.source] = fold.encode(view)

    def find(self, visitor: str = "anna", events: Sequence[Event] = (), now: int = NOW, **consent: bool) -> Profile:
        said = {f"consent.{purpose}": allowed for purpose, allowed in consent.items()}
        return self.visitors.find(visitor, self.site, wanted=self.site.wanted, consent=said, now_ms=now, events=events)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def plan(value: str = "pro") -> SourceState:
    return put(EMPTY, {"plan": value, "unread": "x"}, time_ms=NOW - 1000, identifier="i")


def view(number: int, time: int = NOW, **more: Any) -> Event:
    return Event(f"e-{number}", "view", *ANNA, time, time, b"", PURPOSE, **more)


def own(profile: Profile) -> dict[str, object]:
    return {name: value for name, value in profile.attributes.items() if not name.startswith("@")}


def test_nothing_is_read_where_no_rule_asks() -> None:
    bench = Bench(PLAIN)
    assert bench.find() == Profile()
    assert bench.stored.asked == 0


@pytest.mark.parametrize("name", ["", " ", "\n", "x" * 200])
def test_what_is_no_id_is_nobody(bench: Bench, name: str) -> None:
    assert bench.find(name) == Profile()
    assert bench.stored.asked == 0


def test_it_is_one_read_and_only_what_rules_read_of_it(bench: Bench) -> None:
    bench.keep(plan())
    found = bench.find()
    assert own(found) == {"profile.plan": "pro", "profile.view_7d": 0}
    assert bench.stored.asked == 1
    assert own(bench.find("bert")) == {"profile.view_7d": 0}


def test_buckets_hash_what_the_id_stands_for(bench: Bench) -> None:
    """An anonymous device keeps its own; the known id of a person takes that of the person."""
    assert (bench.find().attributes[UNIT], bench.find().attributes[PERSON]) == (ANNA.uid, ANNA.uid)
    bench.keep(EMPTY, known=True)
    assert (bench.find().attributes[UNIT], bench.find().attributes[PERSON]) == ("u-person", "u-person")
    bench.keep(EMPTY, known=True, person="0" * 32)
    assert (bench.find().attributes[UNIT], bench.find().attributes[PERSON]) == (ANNA.uid, "u-person")


def test_membership_is_of_segments_that_are_not_conditions_and_ends(bench: Bench) -> None:
    forever: tuple[int, int | None] = (0, None)
    bench.keep(EMPTY, segments={"fan": (NOW - 5, NOW), "listed": forever, "by-condition": forever, "gone": forever})
    assert bench.find().segments == {"listed"}
    assert bench.find(now=NOW - 1).segments == {"fan", "listed"}
    assert bench.find(now=NOW - 6).segments == {"listed"}


@pytest.mark.parametrize(("said", "seen"), [({}, False), ({PURPOSE: True}, True), ({PURPOSE: False}, False)])
def test_refused_consent_hides_everything_but_the_refusal(bench: Bench, said: dict[str, bool], seen: bool) -> None:
    state = record(EMPTY, PURPOSE, allowed=False, time_ms=NOW, identifier="i", purposes={"plan": PURPOSE})
    state = put(state, {"plan": "pro"}, time_ms=NOW + 1, identifier="i")
    bench.keep(state, segments={"fan": (0, None)})
    found = bench.find(**said)
    assert found.segments == ({"fan"} if seen else frozenset())
    assert ("profile.plan" in found.attributes) is seen
    assert found.consent == {"consent.personalization": False}, "what the request says is put over it afterwards"


def test_where_nothing_was_said_the_settings_decide() -> None:
    for deny_unknown in (False, True):
        bench = Bench(deny_unknown=deny_unknown)
        bench.keep(plan(), segments={"fan": (0, None)})
        assert bool(bench.find().segments) is not deny_unknown
        assert ("profile.plan" in bench.find().attributes) is not deny_unknown


def test_events_of_the_request_count_on_top(bench: Bench) -> None:
    bench.keep(EMPTY)
    assert own(bench.find(events=[view(1), view(2)]))["profile.view_7d"] == 2
    others = Event("e-9", "view", *HASHER.identity("bert"), NOW, NOW, b"", PURPOSE)
    assert own(bench.find(events=[others, view(3, flags=BOT), view(4, consent=False)]))["profile.view_7d"] == 0
    assert own(bench.find())["profile.view_7d"] == 0, "nothing of it is kept"


def test_events_of_the_request_complete_a_pattern(bench: Bench) -> None:
    stage = Staging(lambda: bench.site, lambda _patterns: None)()
    entries = [
        Entry(one.time, one.id, stage.letters(one, None)) for one in (view(1, NOW - 60_000), view(2, NOW - 30_000))
    ]
    window = Window().add(entries, stage.patterns.limits)
    bench.stored.rows = [VisitorRow(ANNA.source, 1, "", False, ANNA.source, 1, b"", window.encode(), b"", NOW, NOW)]
    bench.keep(EMPTY)
    assert bench.find(events=[view(3)]).segments == {"fan"}
    assert bench.find(events=[view(3, NOW + 5)]).segments == {"fan"}, "accepted after the question was asked"
    assert bench.find(events=[view(2, NOW - 30_000)]).segments == frozenset(), "it is in the window already"


def test_where_what_was_before_the_events_of_the_request_cannot_be_read_it_is_told(bench: Bench) -> None:
    bench.keep(EMPTY)
    bench.stored.group_away = True
    assert bench.find(events=[view(1)]).degraded == ("profile",)
    bench.stored.away = True
    assert bench.find(events=[view(1)]).degraded == ("profile",), "once"
    bench.stored.group_away = bench.stored.away = False
    assert bench.find(events=[view(1)]).degraded == ()


def test_a_view_that_changed_is_read_anew_and_one_that_did_not_is_as_of_now(bench: Bench) -> None:
    for value in ("pro", "team", "pro"):
        bench.keep(plan(value))
        assert own(bench.find())["profile.plan"] == value
    after = put(plan(), {}, time_ms=NOW, identifier="i")
    bench.keep(reduce(after, view(1), None, DEFAULT) or after)
    assert [own(bench.find(now=NOW + days * 86_400_000))["profile.view_7d"] for days in (0, 0, 8)] == [1, 1, 0]


def test_what_cannot_be_read_is_remembered_or_nobody_s(bench: Bench) -> None:
    bench.keep(plan())
    bench.find()
    bench.stored.away = True
    assert (own(bench.find())["profile.plan"], bench.find().degraded) == ("pro", ("profile",))
    assert ("profile.plan" in own(bench.find("bert")), bench.find("bert").degraded) == (False, ("profile",))
    bench.seconds = REMEMBERED_MS / 1_000 + 0.001
    assert "profile.plan" not in own(bench.find()), "it may have been erased elsewhere"
    bench.seconds = 0.0
    assert "profile.plan" in own(bench.find())
    bench.visitors.forget(ANNA.source)
    assert "profile.plan" not in own(bench.find())
    bench.stored.away = False
    bench.stored.views[ANNA.source] = b"\xc1"
    assert bench.find().degraded == ("profile",)


def test_whoever_goes_on_looking_at_pages_stays_remembered(bench: Bench) -> None:
    """Not only from when their view was read first: it is as it was ever since."""
    bench.keep(plan())
    step = REMEMBERED_MS / 1_000 / 4
    for _view in range(6):
        bench.find()
        bench.seconds += step
    bench.stored.away = True
    assert (own(bench.find())["profile.plan"], bench.find().degraded) == ("pro", ("profile",))


def test_whoever_was_erased_elsewhere_does_not_come_back_from_memory(bench: Bench) -> None:
    bench.keep(plan())
    bench.find()
    bench.stored.views.clear()
    assert "profile.plan" not in own(bench.find())
    bench.stored.away = True
    assert "profile.plan" not in own(bench.find())


def test_nobody_is_remembered_for_longer_than_their_view_may_be_used(bench: Bench) -> None:
    """Whoever was erased elsewhere, and is never asked for again, is in no memory after that."""
    bench.keep(plan())
    bench.find()
    (view,) = bench.stored.views.values()
    bert, carl = (HASHER.identity(name).source for name in ("bert", "carl"))
    bench.stored.views = {bert: view, carl: view}
    bench.seconds = REMEMBERED_MS / 1_000
    bench.find("bert")
    assert list(bench.visitors._last) == [ANNA.source, bert]
    bench.seconds += 0.001
    bench.find("carl")
    assert list(bench.visitors._last) == [bert, carl]


def test_an_instant_that_somebody_simulates_is_none_at_which_a_view_was_read(bench: Bench) -> None:
    bench.keep(plan())
    bench.find(now=NOW + 100 * REMEMBERED_MS)
    bench.stored.away = True
    bench.seconds = REMEMBERED_MS / 1_000 + 0.001
    assert "profile.plan" not in own(bench.find())


def test_what_the_read_went_without_is_told(bench: Bench) -> None:
    bench.keep(plan())
    bench.stored.degraded = ("redis",)
    assert (bench.find().degraded, own(bench.find())["profile.plan"]) == (("redis",), "pro")
