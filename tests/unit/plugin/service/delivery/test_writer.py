"""Answers as bytes: the documented keys and no others, and nothing of a visitor in what is shared."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugin.service.delivery.tokens import DecisionTokens
from plugin.service.delivery.writer import AnswerWriter
from plugin.store import Store
from plugin.web.schemas.personalize import PersonalizeAnswer
from rules import Block
from tests.unit.plugin.service.site_support import Service, a_site, ask, entry, publish, put, service

BLOCK_KEYS = {"id", "type", "position", "score", "fields", "tags", "html", "reason"}
SLOT_KEYS = {"blocks", "presentation", "fallback", "audience_key", "ttl_s", "decision_token"}
TOKENS = DecisionTokens("k" * 32)
DOCUMENT = a_site(
    slots=[{"id": "feed", "limit": 5}, {"id": "by country", "limit": 5}],
    segments=[
        {"id": "eu", "when": {"geo.eu": True}, "public": True},
        {"id": "phone", "when": {"device.type": "mobile"}},
    ],
    rules=[
        {"id": "near", "slot": "by country", "when": {"geo.country": "FR"}, "then": [{"pin": {"id": "b"}}]},
        {"id": "hints", "slot": "feed", "then": [{"set": {"presentation.images": "small"}}]},
    ],
    experiments=[{"id": "copy", "slot": "by country", "arms": [{"id": "bold"}]}],
)


def html_of(block: Block, _presentation: object) -> str | None:
    return None if block.id == "b" else f"<p>{block.id}</p>"


@pytest.fixture
def made(sqlite_store: Store) -> Service:
    publish(sqlite_store, DOCUMENT)
    put(sqlite_store, entry("a", title='"é\u2028', tags=("x",)), entry("b", type_="hero", title="B"))
    return service(sqlite_store)


def written(made: Service, *slots: Any, render: Any = "json", all_segments: bool = False, **rest: Any) -> Any:
    answer = made.personalization.answer(ask(*slots, **rest))
    return json.loads(AnswerWriter(TOKENS, html_of).write(answer, render=render, all_segments=all_segments))


def test_a_private_answer_has_the_documented_keys_and_no_others(made: Service) -> None:
    found = written(made, "feed", visitor={"id": "v-1"})
    assert list(found) == ["ruleset", "decision_id", "visitor", "slots", "errors", "degraded"]
    assert (found["ruleset"], found["decision_id"]) == (1, "id-1")
    assert set(found["slots"]["feed"]) == SLOT_KEYS
    assert all(set(block) == BLOCK_KEYS for block in found["slots"]["feed"]["blocks"])
    assert found["slots"]["feed"]["presentation"] == {"images": "small"}
    assert PersonalizeAnswer().validate(found) == {}


def test_a_shared_answer_names_no_visitor_and_no_decision(made: Service) -> None:
    found = written(made, "feed", by_cache=True, visitor={"id": "v-1"}, attributes={"geo.eu": True})
    assert set(found) == {"ruleset", "slots", "errors", "degraded"}
    assert "trace" not in found["slots"]["feed"]
    assert "v-1" not in json.dumps(found)


def test_a_block_is_told_with_its_fields_its_place_and_why(made: Service) -> None:
    first = written(made, "by country", attributes={"geo.country": "FR"})["slots"]["by country"]["blocks"][0]
    assert first == {
        "id": "b",
        "type": "hero",
        "position": 1,
        "score": 0.0,
        "fields": {"title": "B"},
        "tags": [],
        "html": None,
        "reason": {"kind": "pin", "rule": "near", "experiment": None, "arm": None, "model": None},
    }


def test_the_token_tells_the_version_slot_key_and_arms(made: Service) -> None:
    found = written(made, "by country", attributes={"visitor.id": "v-1"})["slots"]["by country"]
    assert TOKENS.read(found["decision_token"]) == {
        "version": 1,
        "slot": "by country",
        "key": found["audience_key"],
        "arms": {"copy": "bold"},
    }


def test_all_of_an_audience_get_the_same_token(made: Service) -> None:
    one, other = (written(made, "feed", attributes={"visitor.id": name})["slots"] for name in ("v-1", "v-2"))
    assert one == other


def test_segments_are_named_as_far_as_the_caller_may_know(made: Service) -> None:
    both = {"geo.eu": True, "device.type": "mobile"}
    assert written(made, "feed", attributes=both)["visitor"]["segments"] == ["eu"]
    assert written(made, "feed", attributes=both, all_segments=True)["visitor"]["segments"] == ["eu", "phone"]


def test_unknown_slots_are_told_beside_the_others(made: Service) -> None:
    found = written(made, "feed", 'no "such"\u2028')
    assert [fault["slot"] for fault in found["errors"]] == ['no "such"\u2028']
    assert set(found["slots"]) == {"feed"}


def test_an_explained_answer_has_a_trace_in_each_slot(made: Service) -> None:
    found = written(made, "feed", "by country", explain=True, attributes={"geo.country": "FR"})
    assert all(set(slot) == SLOT_KEYS | {"trace"} for slot in found["slots"].values())


def test_markup_stands_beside_the_fields_or_instead_of_them(made: Service) -> None:
    both = {block["id"]: block for block in written(made, "feed", render="both")["slots"]["feed"]["blocks"]}
    html = {block["id"]: block for block in written(made, "feed", render="html")["slots"]["feed"]["blocks"]}
    assert both["a"]["html"] == html["a"]["html"] == "<p>a</p>"
    assert (both["a"]["fields"], html["a"]["fields"]) == ({"title": '"é\u2028'}, {})
    assert html["a"]["tags"] == ["x"]


@pytest.mark.parametrize("render", ["html", "both"])
def test_where_a_template_fails_the_fields_stand_in_and_it_is_told(made: Service, render: str) -> None:
    found = written(made, "feed", "by country", render=render)
    failed = next(block for block in found["slots"]["feed"]["blocks"] if block["id"] == "b")
    assert (failed["html"], failed["fields"]) == (None, {"title": "B"})
    assert found["degraded"] == ["template:hero"]


def test_a_trace_may_hold_whatever_a_visitor_and_an_entry_may(sqlite_store: Store) -> None:
    """Instants, dates, places, lists, numbers of any size: the explanation is JSON all the same."""
    types = {
        "seen": "datetime",
        "day": "date",
        "home": "location",
        "sizes": "number_list",
        "big": "number",
        "v": "version",
    }
    tests: dict[str, Any] = {
        "seen": {"before": {"ref": "time.now"}},
        "day": {"eq": {"ref": "time.date"}},
        "home": {"within_km": {"lat": 1, "lon": 2, "km": 3}},
        "sizes": {"contains": 3},
        "big": {"gt": {"ref": "profile.big"}},
        "v": {"version_gt": "1.2"},
    }
    when = [{f"profile.{name}": test} for name, test in tests.items()] + [
        {"visitor.id": {"percent": {"lt": 5, "salt": "s"}}}
    ]
    rules = [
        {
            "id": "r",
            "slot": "feed",
            "when": {"any": when},
            "then": [{"boost": {"content.x": {"ref": "time.date"}}, "by": 1}],
        },
        {"id": "s", "slot": "feed", "when": {"all": when}, "then": [{"pin": {"content.x": {"ref": "profile.seen"}}}]},
    ]
    publish(
        sqlite_store,
        a_site(attributes={f"profile.{name}": {"type": type_} for name, type_ in types.items()}, rules=rules),
    )
    put(sqlite_store, entry("a", x="2026-11-21", published_at=datetime(2026, 11, 1, tzinfo=UTC)))
    attributes = {
        "profile.seen": datetime(2026, 11, 20, tzinfo=UTC),
        "profile.day": "2026-11-21",
        "profile.home": {"lat": 1.0, "lon": 2.0},
        "profile.sizes": [3, 4.5],
        "profile.big": 1e300,
        "profile.v": "2",
        "visitor.id": "v",
    }
    for known in (attributes, {}):
        found = written(service(sqlite_store), "feed", explain=True, attributes=known)
        assert found["slots"]["feed"]["trace"]["rules"]


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
FIELDS = st.dictionaries(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8),
    st.recursive(
        st.none()
        | st.booleans()
        | NUMBERS
        | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
        lambda inner: st.lists(inner, max_size=3),
        max_leaves=4,
    ),
    max_size=4,
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(FIELDS)
def test_whatever_an_entry_holds_comes_out_as_it_went_in(sqlite_store: Store, fields: dict[str, Any]) -> None:
    fields = {
        name: value for name, value in fields.items() if name not in {"id", "type", "tags", "locale", "published_at"}
    }
    if sqlite_store.rulesets.epoch() == 0:
        publish(sqlite_store, a_site())
    put(sqlite_store, type(entry("a"))("files", "a", None, "card", (), fields, None, None, ()))
    found = written(service(sqlite_store), "feed")
    kept = found["slots"]["feed"]["blocks"][0]["fields"]
    assert kept == fields
    assert not any(isinstance(value, float) and math.isnan(value) for value in kept.values())
