"""Asking models: once an audience and interval, each slot within its deadline, never at the visitor's expense."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event
from typing import Any

import pytest

from adapters.models.port import FeatureRow, ModelAdapter, ModelError, ModelSpec
from plugin.flow.plan import plan
from plugin.flow.types import Planned, Site, SlotAsk, Step, Visit
from plugin.service.delivery import last_scores, model_calls
from plugin.service.delivery.models import Scoring
from plugin.service.delivery.sites import site_of
from rules import load
from tests.unit.plugin.service.site_support import NOW, ByHand, Clock

CONTENT = [{"id": name, "type": "card", "region": region} for name, region in (("a", "FR"), ("b", "DE"))]
COUNTRY = {"id": "near", "slot": "*", "then": [{"boost": {"content.region": {"ref": "geo.country"}}, "by": 0.1}]}


def slot(
    name: str = "feed", model: str | None = "m", per: str = "audience", deadline_ms: int | None = None, **rest: Any
) -> dict[str, Any]:
    more = {} if deadline_ms is None else {"deadline_ms": deadline_ms}
    return {"id": name, "limit": 5, **more, "blend": {"model": {"name": model, "per": per, **rest}}}


def site(*slots: dict[str, Any], revision: str = "1.1") -> Site:
    ruleset = load({"version": 1, "slots": list(slots or [slot()]), "rules": [COUNTRY]})
    return site_of(ruleset, ruleset.prepare(CONTENT), 1, revision)


def planned(where: Site | None = None, *slots: str, **attributes: Any) -> Planned:
    asks = tuple(map(SlotAsk, slots or ("feed",)))
    return plan(Visit(attributes=attributes, asks=asks, now=NOW), where or site())


def scoring(clock: Clock | None = None, *, patience_s: float = 10.0, **models: ModelAdapter) -> Scoring:
    return Scoring(models, timeout_s=patience_s, monotonic=(clock or Clock()).monotonic)


def rules_alone(name: str, why: str) -> Step:
    return Step("rules", f"model:{name}", why)


class Slow:
    """A model that answers once it is let go on."""

    def __init__(self) -> None:
        self.go_on = Event()
        self.answered = Event()
        self.begun = 0
        self.timeouts: list[float] = []

    spec = ModelSpec("m", (), "probability", frozenset({"audience", "visitor"}))

    def score(self, rows: Sequence[FeatureRow], *, timeout_s: float) -> Sequence[float]:
        self.begun += 1
        self.timeouts.append(timeout_s)
        assert self.go_on.wait(90)
        return [0.75] * len(rows)

    def ping(self) -> None:
        """Never asked."""

    def close(self) -> None:
        self.go_on.set()


@contextmanager
def slow_model() -> Iterator[Slow]:
    model = Slow()
    try:
        yield model
    finally:
        model.close()


def fails(_rows: Sequence[FeatureRow]) -> Sequence[float]:
    raise ModelError("it is down")


def test_the_log_says_of_each_slot_once_a_minute_that_its_model_fails(caplog: pytest.LogCaptureFixture) -> None:
    """While a model is down it comes with every request."""
    clock = Clock()
    asked, where = scoring(clock, m=ByHand(fails)), planned(site(slot("feed"), slot("hero")), "feed", "hero")
    for _ in range(5):
        asked.scores(where)
        clock.move(10)
    assert caplog.messages == [f"model m gave no scores for the slot {name}: it is down" for name in ("feed", "hero")]
    clock.move(10)
    caplog.clear()
    asked.scores(where)
    assert caplog.messages == [
        f"model m gave no scores for the slot {name}: it is down; 4 times more since this was last said"
        for name in ("feed", "hero")
    ]
    assert asked.failures == {"m": 12}


def test_scores_come_back_by_slot_and_entry() -> None:
    model = ByHand(lambda rows: [0.9 if row["content.id"] == "b" else 0.1 for row in rows])
    found, steps = scoring(m=model).scores(planned(site(slot("feed"), slot("hero")), "feed", "hero"))
    assert found == {"feed": {"a": 0.1, "b": 0.9}, "hero": {"a": 0.1, "b": 0.9}}
    assert steps == {}


def test_an_audience_is_asked_about_once_in_an_interval() -> None:
    clock, model = Clock(), ByHand()
    asked = scoring(clock, m=model)
    first = asked.scores(planned())
    clock.move(59.9)
    assert asked.scores(planned(**{"visitor.id": "another"})) == first
    assert len(model.asked) == 1
    clock.move(0.1)
    asked.scores(planned())
    assert len(model.asked) == 2


def test_another_audience_slot_or_state_of_the_site_is_asked_about_anew() -> None:
    model = ByHand()
    asked = scoring(m=model)
    where = site(slot("feed"), slot("hero"))
    asked.scores(planned(where))
    for other in (planned(where, "hero"), planned(where, **{"geo.country": "FR"}), planned(site(revision="1.2"))):
        before = len(model.asked)
        asked.scores(other)
        assert len(model.asked) == before + 1


def test_a_model_of_visitors_is_asked_each_time() -> None:
    model = ByHand()
    asked, where = scoring(m=model), site(slot(per="visitor"))
    asked.scores(planned(where, **{"visitor.id": "v"}))
    asked.scores(planned(where, **{"visitor.id": "w"}))
    assert [rows[0]["visitor.id"] for rows in model.asked] == ["v", "w"]


@pytest.mark.parametrize(
    "one", [slot(weight=0), {"id": "feed", "limit": 5}, {**slot(), "select": {"content.type": "none"}}]
)
def test_a_model_that_cannot_matter_is_not_asked(one: dict[str, Any]) -> None:
    model = ByHand()
    assert scoring(m=model).scores(planned(site(one))) == ({}, {})
    assert model.asked == []


def test_a_model_that_is_not_configured_degrades_its_slot_alone() -> None:
    found, steps = scoring(m=ByHand()).scores(planned(site(slot("feed"), slot("hero", "gone")), "hero", "feed"))
    assert (found["hero"], steps) == ({}, {"hero": rules_alone("gone", "no such model is configured")})
    assert found["feed"] == {"a": 0.5, "b": 0.5}


WRONG: list[Any] = [
    fails,
    lambda _rows: [0.5],
    lambda rows: [0.5] * (len(rows) + 1),
    lambda rows: [math.nan] * len(rows),
    lambda rows: [1.5] * len(rows),
    lambda rows: [-0.1] * len(rows),
    lambda rows: ["high"] * len(rows),
    lambda _rows: None,
    lambda rows: [rows[0]["no.such.feature"]] * len(rows),
]


@pytest.mark.parametrize("answer", WRONG)
def test_a_model_that_fails_leaves_the_rules_alone(answer: Any) -> None:
    """However it fails: an adapter may be somebody else's code."""
    asked = scoring(m=ByHand(answer))
    found, steps = asked.scores(planned())
    assert (found, steps["feed"].rung, steps["feed"].cause) == ({"feed": {}}, "rules", "model:m")
    assert asked.failures == {"m": 1}


def test_why_a_model_failed_tells_nothing_of_the_visitor() -> None:
    model = ByHand(lambda rows: [float(str(rows[0]["visitor.id"]))])
    _found, steps = scoring(m=model).scores(planned(site(slot(per="visitor")), **{"visitor.id": "mary"}))
    assert steps["feed"].why == "the adapter failed: ValueError"


@pytest.mark.parametrize("answer", WRONG)
def test_the_last_scores_stand_in_for_a_model_that_fails_until_they_are_too_old(answer: Any) -> None:
    clock, model = Clock(), ByHand()
    asked = scoring(clock, m=model)
    good, _ = asked.scores(planned())
    model.answer = answer
    clock.move(86_400)
    found, steps = asked.scores(planned())
    assert (found, steps["feed"][:2], steps["feed"].age_s) == (good, ("last_scores", "model:m"), 86_400)
    found, steps = asked.scores(planned(**{"geo.country": "FR"}))
    assert (found, steps["feed"].rung) == ({"feed": {}}, "rules"), "another audience"
    clock.move(1)
    found, steps = asked.scores(planned())
    assert (found, steps["feed"].rung) == ({"feed": {}}, "rules"), "older than a day"
    model.answer = lambda rows: [0.25] * len(rows)
    assert asked.scores(planned()) == ({"feed": {"a": 0.25, "b": 0.25}}, {})


def test_last_scores_outlive_a_change_of_content_but_never_leave_their_state_of_the_site() -> None:
    """A preview shows drafts: what a model said of them is for no visitor, and the other way round."""
    model = ByHand()
    asked = scoring(m=model)
    good, _ = asked.scores(planned(site(revision="1.1")))
    model.answer = fails
    found, steps = asked.scores(planned(site(revision="1.2")))
    assert (found, steps["feed"].rung) == (good, "last_scores")
    for other in ("1.1+preview-ab", "simulated-1"):
        assert asked.scores(planned(site(revision=other)))[1]["feed"].rung == "rules"


def test_a_visitors_own_scores_are_never_remembered() -> None:
    model = ByHand()
    asked, where = scoring(m=model), site(slot(per="visitor"))
    asked.scores(planned(where, **{"visitor.id": "v"}))
    model.answer = fails
    assert asked.scores(planned(where, **{"visitor.id": "v"}))[1]["feed"].rung == "rules"


def test_each_slot_that_a_failure_meets_is_told() -> None:
    where = site(slot("feed"), slot("hero"))
    steps = scoring(m=ByHand(fails)).scores(planned(where, "feed", "hero"))[1]
    assert steps == {name: rules_alone("m", "it is down") for name in ("feed", "hero")}


def test_the_models_of_all_slots_are_asked_at_the_same_time() -> None:
    """Else three slow models would take three times as long as one."""
    together = Event()

    class Meeting(ByHand):
        def score(self, rows: Sequence[FeatureRow], *, timeout_s: float) -> Sequence[float]:
            found = super().score(rows, timeout_s=timeout_s)
            if len(self.asked) == 3:
                together.set()
            assert together.wait(90)
            return found

    names = ("s1", "s2", "s3")
    found, steps = scoring(m=Meeting()).scores(planned(site(*map(slot, names)), *names))
    assert (found, steps) == ({name: {"a": 0.5, "b": 0.5} for name in names}, {})


def test_a_slot_waits_until_its_own_deadline_and_the_others_until_that_of_the_settings() -> None:
    with slow_model() as hangs:
        where = site(slot("feed"), slot("hero", "hangs", deadline_ms=20))
        found, steps = scoring(m=ByHand(), hangs=hangs).scores(planned(where, "hero", "feed"))
        assert found == {"hero": {}, "feed": {"a": 0.5, "b": 0.5}}
        assert steps == {"hero": rules_alone("hangs", "no answer within 20 ms")}
        assert hangs.timeouts == pytest.approx([0.02])


def test_what_comes_too_late_is_there_for_whoever_asks_next() -> None:
    with slow_model() as model:
        asked, where = scoring(patience_s=0.02, m=model), site()
        assert asked.scores(planned(where))[1] == {"feed": rules_alone("m", "no answer within 20 ms")}
        model.go_on.set()
        for _ in range(1_000):
            if asked.scores(planned(where))[1] == {}:
                break
        assert asked.scores(planned(where)) == ({"feed": {"a": 0.75, "b": 0.75}}, {})


def test_a_model_whose_calls_do_not_come_back_is_left_alone_until_they_do() -> None:
    with slow_model() as model:
        asked, where = scoring(patience_s=0.02, m=model), site(slot(per="visitor"))
        for _ in range(model_calls.MOST_OVERDUE):
            asked.scores(planned(where))
        steps = asked.scores(planned(where))[1]
        assert steps["feed"].why == "not asked: earlier questions have not been answered yet"
        assert model.begun == model_calls.MOST_OVERDUE
        model.go_on.set()
        for _ in range(1_000):
            found, steps = asked.scores(planned(where))
            if not steps:
                break
        assert found == {"feed": {"a": 0.75, "b": 0.75}}


def test_a_model_in_this_process_is_asked_without_a_thread() -> None:
    from threading import current_thread, main_thread

    threads = []

    class Local(ByHand):
        spec = ModelSpec("m", (), "probability", frozenset({"audience"}), local=True)

        def score(self, rows: Sequence[FeatureRow], *, timeout_s: float) -> Sequence[float]:
            threads.append(current_thread())
            return super().score(rows, timeout_s=timeout_s)

    found, _steps = scoring(m=Local()).scores(planned())
    assert found == {"feed": {"a": 0.5, "b": 0.5}}
    assert threads == [main_thread()]
    assert scoring(m=Local(fails)).scores(planned())[1] == {"feed": rules_alone("m", "it is down")}


def test_only_so_many_audiences_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_scores, "MOST_REMEMBERED", 2)
    model = ByHand()
    asked, where = scoring(m=model), site()
    for country in ("FR", "DE", "US", "US", "DE", "FR"):
        asked.scores(planned(where, **{"geo.country": country}))
    assert len(model.asked) == 4


def test_a_model_is_told_what_its_spec_names() -> None:
    model = ByHand(features=("content.region",))
    scoring(m=model).scores(planned())
    assert model.asked == [[{"content.region": "FR"}, {"content.region": "DE"}]]
