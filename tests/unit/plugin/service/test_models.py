"""Asking models: once an audience and interval, within one deadline, and never at the visitor's expense."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

from adapters.models.port import FeatureRow, ModelError
from plugin.flow.plan import plan
from plugin.flow.types import Planned, Site, SlotAsk, Visit
from plugin.service import models as module
from plugin.service.models import Scoring
from plugin.service.sites import site_of
from rules import load

from .site_support import NOW, ByHand, Clock

CONTENT = [{"id": name, "type": "card", "region": region} for name, region in (("a", "FR"), ("b", "DE"))]
COUNTRY = {"id": "near", "slot": "*", "then": [{"boost": {"content.region": {"ref": "geo.country"}}, "by": 0.1}]}


def slot(name: str = "feed", model: str | None = "m", per: str = "audience", **rest: Any) -> dict[str, Any]:
    return {"id": name, "limit": 5, "blend": {"model": {"name": model, "per": per, **rest}}}


def site(*slots: dict[str, Any], revision: str = "1.1") -> Site:
    ruleset = load({"version": 1, "slots": list(slots or [slot()]), "rules": [COUNTRY]})
    return site_of(ruleset, ruleset.prepare(CONTENT), 1, revision)


def planned(where: Site | None = None, *slots: str, **attributes: Any) -> Planned:
    asks = tuple(map(SlotAsk, slots or ("feed",)))
    return plan(Visit(attributes=attributes, asks=asks, now=NOW), where or site())


def scoring(clock: Clock | None = None, **models: ByHand) -> Scoring:
    return Scoring(models, timeout_s=0.08, monotonic=(clock or Clock()).monotonic)


def fails(_rows: Sequence[FeatureRow]) -> Sequence[float]:
    raise ModelError("it is down")


def test_scores_come_back_by_slot_and_entry() -> None:
    model = ByHand(lambda rows: [0.9 if row["content.id"] == "b" else 0.1 for row in rows])
    found, degraded = scoring(m=model).scores(planned(site(slot("feed"), slot("hero")), "feed", "hero"))
    assert found == {"feed": {"a": 0.1, "b": 0.9}, "hero": {"a": 0.1, "b": 0.9}}
    assert degraded == []


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
    assert scoring(m=model).scores(planned(site(one))) == ({}, [])
    assert model.asked == []


def test_a_model_that_is_not_configured_degrades_its_slot_alone() -> None:
    found, degraded = scoring(m=ByHand()).scores(planned(site(slot("feed"), slot("hero", "gone")), "hero", "feed"))
    assert (found["hero"], degraded) == ({}, ["model:gone"])
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
    assert asked.scores(planned()) == ({"feed": {}}, ["model:m"])
    assert asked.failures == 1


@pytest.mark.parametrize("answer", WRONG)
def test_the_last_scores_stand_in_for_a_model_that_fails_whatever_their_age(answer: Any) -> None:
    clock, model = Clock(), ByHand()
    asked = scoring(clock, m=model)
    good, _ = asked.scores(planned())
    model.answer = answer
    clock.move(86_400)
    assert asked.scores(planned()) == (good, ["model:m"])
    assert asked.scores(planned(**{"geo.country": "FR"})) == ({"feed": {}}, ["model:m"])
    model.answer = lambda rows: [0.25] * len(rows)
    assert asked.scores(planned()) == ({"feed": {"a": 0.25, "b": 0.25}}, [])


def test_a_failure_is_told_once_however_many_slots_it_meets() -> None:
    where = site(slot("feed"), slot("hero"))
    assert scoring(m=ByHand(fails)).scores(planned(where, "feed", "hero"))[1] == ["model:m"]


def test_all_slots_share_one_deadline() -> None:
    """Three slow models must not take three times as long as one."""
    clock = Clock()

    def slow(rows: Sequence[FeatureRow]) -> Sequence[float]:
        clock.move(0.05)
        return [0.5] * len(rows)

    model = ByHand(slow)
    names = ("s1", "s2", "s3")
    found, degraded = scoring(clock, m=model).scores(planned(site(*map(slot, names)), *names))
    assert model.timeouts == pytest.approx([0.08, 0.03])
    assert [bool(found[name]) for name in names] == [True, True, False]
    assert degraded == ["model:m"]


def test_the_deadline_begins_with_the_first_model_that_is_asked() -> None:
    clock, model = Clock(), ByHand()
    asked = scoring(clock, m=model)
    asked.scores(planned())
    clock.move(1000)
    asked.scores(planned())
    assert model.timeouts == pytest.approx([0.08, 0.08])


def test_only_so_many_audiences_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_REMEMBERED", 2)
    model = ByHand()
    asked, where = scoring(m=model), site()
    for country in ("FR", "DE", "US", "US", "DE", "FR"):
        asked.scores(planned(where, **{"geo.country": country}))
    assert len(model.asked) == 4


def test_a_model_is_told_what_its_spec_names() -> None:
    model = ByHand(features=("content.region",))
    scoring(m=model).scores(planned())
    assert model.asked == [[{"content.region": "FR"}, {"content.region": "DE"}]]
