"""One request: who may share its answer, what is counted, and what had to be done without."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.models.port import ModelError
from plugin.errors import ServiceUnavailable, UnknownSlots
from plugin.flow.context import ContextPolicy
from plugin.flow.settle import DEGRADED_TTL_S
from plugin.flow.types import Profile, SlotAsk
from plugin.profiles.events import Event
from plugin.service.delivery.personalize import MOST_OTHERS, Answer
from plugin.service.delivery.sites import site_of
from plugin.store import Store
from tests.unit.plugin.service.site_support import ByHand, Service, a_site, ask, entry, publish, put, service
from tests.unit.plugin.service.taking import HASHER, HeldStream, taking

PIN = [{"pin": {"id": "b"}}]


def shown(answer: Answer) -> list[list[str]]:
    return [[block.id for block in decision.blocks] for _ask, decision in answer.settled.decisions]


@pytest.fixture
def made(sqlite_store: Store) -> Service:
    """A slot that reads nothing, and one for each thing that can be read."""
    when: Mapping[str, Any] = {
        "by.country": {"geo.country": "FR"},
        "by.device": {"device.type": "mobile"},
        "by.campaign": {"request.utm.campaign": "winter"},
        "by.path": {"request.path": "/shop"},
        "by.hour": {"time.hour": {"gte": 20}},
        "by.cart": {"custom.cart": {"gte": 80}},
        "by.header": {"request.header.x-plan": "pro"},
        "by.cookie": {"request.cookie.plan": "pro"},
        "by.bucket": {"visitor.id": {"percent": {"lt": 50, "salt": "s"}}},
        "by.consent": {"consent.analytics": True},
        "by.visitor": {"visitor.id": "v-1"},
        "by.referrer": {"request.referrer_kind": "search"},
    }
    document = a_site(
        slots=[{"id": name, "limit": 5} for name in ("plain", "tagged", *when)]
        + [{"id": "capped", "limit": 5, "cap": {"per_visitor": 2, "within": "1h"}}],
        attributes={"custom.cart": {"type": "number"}},
        segments=[{"id": "phone", "when": {"device.type": "mobile"}}],
        rules=[{"id": f"r-{name}", "slot": name, "when": one, "then": PIN} for name, one in when.items()]
        + [{"id": "only-tagged", "slot": "tagged", "then": [{"boost": {"id": "a"}, "by": 1}]}],
    )
    publish(sqlite_store, document)
    put(sqlite_store, entry("a"), entry("b"))
    return service(
        sqlite_store, allowed_headers=frozenset({"x-plan"}), allowed_cookies=frozenset({"plan"}), locale_cookie="lang"
    )


def test_nothing_published_is_said_so(sqlite_store: Store) -> None:
    with pytest.raises(ServiceUnavailable):
        service(sqlite_store).personalization.answer(ask())


def test_of_several_slots_the_unknown_are_told_and_the_others_answered(made: Service) -> None:
    answer = made.personalization.answer(ask("plain", "nope", by_cache=True))
    assert (shown(answer), answer.unknown, answer.shared) == ([["a", "b"]], ("nope",), False)


def test_where_all_are_unknown_the_nearest_names_are_told(made: Service) -> None:
    with pytest.raises(UnknownSlots) as refused:
        made.personalization.answer(ask("plian", "by.contry"))
    assert refused.value.slots == (("plian", "plain"), ("by.contry", "by.country"))


def test_an_answer_that_nothing_of_the_visitor_can_change_is_shared(made: Service) -> None:
    answer = made.personalization.answer(ask("plain", by_cache=True, visitor={"id": "v-1"}))
    assert (answer.shared, answer.decision_id, answer.visitor) == (True, None, None)


def test_the_same_asked_by_post_is_private(made: Service) -> None:
    answer = made.personalization.answer(ask("plain", visitor={"id": "v-1"}))
    assert (answer.shared, answer.decision_id, answer.visitor) == (False, "id-1", "v-1")


def test_an_explained_answer_is_private(made: Service) -> None:
    assert not made.personalization.answer(ask("plain", by_cache=True, explain=True)).shared


def test_an_answer_is_as_private_as_its_strictest_slot(made: Service) -> None:
    assert not made.personalization.answer(ask("plain", "by.country", by_cache=True)).shared


@pytest.mark.parametrize(
    "name", ["country", "device", "cart", "header", "cookie", "bucket", "consent", "visitor", "referrer"]
)
def test_a_slot_that_reads_the_visitor_is_private_whoever_asks(made: Service, name: str) -> None:
    """Also for visitors of whom nothing is known: what a cache keeps of them would be served to all others."""
    query = {"url": ["https://x.example/shop"], "locale": ["fr"], "timezone": ["UTC"], "custom.cart": ["90"]}
    assert not made.personalization.answer(ask(f"by.{name}", by_cache=True)).shared
    assert not made.personalization.answer(ask(f"by.{name}", by_cache=True, query=query)).shared


def test_a_capped_slot_is_private(made: Service) -> None:
    assert not made.personalization.answer(ask("capped", by_cache=True)).shared


@pytest.mark.parametrize("slot", ["by.campaign", "by.path"])
def test_what_the_address_itself_says_may_be_read_and_shared(made: Service, slot: str) -> None:
    url = "https://x.example/shop?utm_campaign=winter"
    answer = made.personalization.answer(ask(slot, by_cache=True, query={"url": [url]}))
    assert (shown(answer), answer.shared) == ([["b", "a"]], True)
    assert not made.personalization.answer(ask(slot, by_cache=True)).shared


def test_local_time_is_shared_where_the_address_names_the_zone(made: Service) -> None:
    """It is noon in UTC and 21 o'clock in Tokyo."""
    answer = made.personalization.answer(ask("by.hour", by_cache=True, query={"timezone": ["Asia/Tokyo"]}))
    assert (shown(answer), answer.shared) == ([["b", "a"]], True)
    assert not made.personalization.answer(ask("by.hour", by_cache=True)).shared


@pytest.mark.parametrize("zone", ["", "Nowhere/City", "\0", "x" * 200])
def test_a_zone_that_is_none_leaves_it_to_the_visitors_place_and_is_private(made: Service, zone: str) -> None:
    assert not made.personalization.answer(ask("by.hour", by_cache=True, query={"timezone": [zone]})).shared


def in_two_languages(store: Store) -> None:
    put(store, entry("a", locale="fr"), entry("a", locale="en"))


def test_a_language_is_shared_where_the_address_names_it(made: Service, sqlite_store: Store) -> None:
    in_two_languages(sqlite_store)
    made.sites.refresh()
    query = {"locale": ["fr"]}
    answer = made.personalization.answer(
        ask("plain", by_cache=True, query=query, headers={"Accept-Language": "en"}, cookies={"lang": "en"})
    )
    assert answer.shared
    assert [block.locale for block in answer.settled.decisions[0][1].blocks if block.id == "a"] == ["fr"]
    assert not made.personalization.answer(ask("plain", by_cache=True)).shared


@pytest.mark.parametrize("tag", ["", " ", "*", "not a tag", "x" * 60, "\0"])
def test_a_language_that_is_none_leaves_it_to_the_headers_and_is_private(
    made: Service, sqlite_store: Store, tag: str
) -> None:
    """Else the first visitor's Accept-Language would choose for everyone who asks with this address."""
    in_two_languages(sqlite_store)
    made.sites.refresh()
    assert not made.personalization.answer(ask("plain", by_cache=True, query={"locale": [tag]})).shared


def test_a_slot_whose_content_is_for_audiences_is_private_without_any_rule(made: Service, sqlite_store: Store) -> None:
    assert made.personalization.answer(ask("plain", by_cache=True)).shared
    put(sqlite_store, entry("c", tags=("audience:phone",)))
    made.sites.refresh()
    assert not made.personalization.answer(ask("plain", by_cache=True)).shared


def test_whoever_said_anything_of_consent_gets_an_answer_of_their_own(made: Service) -> None:
    for headers, query in (({"Sec-GPC": "1"}, {}), ({}, {"consent.analytics": ["false"]})):
        assert not made.personalization.answer(ask("plain", by_cache=True, headers=headers, query=query)).shared


SIGNALS: dict[str, list[dict[str, Any]]] = {
    "visitor": [{}, {"visitor": {"id": "v-1"}}, {"visitor": {"id": "v-2"}}, {"cookies": {"visitor": "v-1"}}],
    "agent": [{}, {"headers": {"User-Agent": "Mozilla/5.0 (iPhone)"}}, {"headers": {"Sec-CH-UA-Mobile": "?1"}}],
    "language": [{}, {"headers": {"Accept-Language": "fr"}}, {"cookies": {"lang": "en"}}],
    "plan": [{}, {"headers": {"X-Plan": "pro"}}, {"cookies": {"plan": "pro"}}],
    "place": [{}, {"headers": {"CF-IPCountry": "FR", "CF-Timezone": "Asia/Tokyo"}}, {"headers": {"Save-Data": "on"}}],
    "origin": [{}, {"headers": {"Referer": "https://www.example.org/?q=x"}}, {"headers": {"DNT": "1"}}],
    "consent": [{}, {"headers": {"Sec-GPC": "1"}}, {"cookies": {"tessera_consent": "analytics=1"}}],
}
QUERIES: list[dict[str, list[str]]] = [
    {},
    {"url": ["https://x.example/shop?utm_campaign=winter"]},
    {"locale": ["fr"], "timezone": ["Asia/Tokyo"]},
    {"locale": ["?"], "timezone": ["?"], "url": ["?"]},
    {"custom.cart": ["90"]},
]


def merged(parts: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            found[name] = {**found.get(name, {}), **value}
    return found


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data())
def test_whatever_signal_changes_an_answer_the_answer_was_not_shared(
    made: Service, sqlite_store: Store, data: st.DataObject
) -> None:
    """Two visitors with one address, alike but for any signals: where the answers differ, neither may be kept."""
    if sqlite_store.content.epoch() == 1:
        put(sqlite_store, entry("l", locale="fr"), entry("l", locale="en"), entry("p", tags=("audience:phone",)))
        made.sites.refresh()
    slots = data.draw(
        st.lists(st.sampled_from(made.sites.current().ruleset.slots), min_size=1, max_size=2, unique=True)
    )
    query = data.draw(st.sampled_from(QUERIES))
    people = [
        merged([data.draw(st.sampled_from(choices), label=name) for name, choices in SIGNALS.items()]) for _ in range(2)
    ]
    one, other = (
        made.personalization.answer(ask(*slots, by_cache=True, counted=False, query=query, **person))
        for person in people
    )
    first, second = (
        [(decision.blocks, decision.presentation, decision.audience_key) for _ask, decision in answer.settled.decisions]
        for answer in (one, other)
    )
    if first != second:
        assert not one.shared
        assert not other.shared


def test_a_capped_entry_goes_and_comes_back(made: Service) -> None:
    def see() -> list[list[str]]:
        return shown(made.personalization.answer(ask(SlotAsk("capped", 1), visitor={"id": "v-1"})))

    now = made.clock()
    made.kept["v-1"] = Profile(exposures={"a": [now]})
    assert see() == [["a"]]
    made.kept["v-1"] = Profile(exposures={"a": [now, now]})
    assert see() == [["b"]]
    made.kept["v-1"] = Profile(exposures={"a": [now, now], "b": [now, now]})
    assert see() == [[]]
    made.clock.move(3599)
    assert see() == [[]]
    made.clock.move(1)
    assert see() == [["a"]]
    assert shown(made.personalization.answer(ask(SlotAsk("capped", 1), visitor={"id": "v-2"}))) == [["a"]]


def test_what_a_profile_had_to_do_without_is_told(made: Service) -> None:
    made.kept["v-1"] = Profile(degraded=("profile",))
    answer = made.personalization.answer(ask("plain", visitor={"id": "v-1"}))
    assert answer.degraded == ("profile",)
    assert made.personalization.answer(ask("plain", visitor={"id": "v-2"})).degraded == ()


def test_what_was_decided_without_a_profile_is_right_for_seconds_and_for_nobody_else(made: Service) -> None:
    made.kept["v-1"], made.kept["v-2"] = Profile(degraded=("profile",)), Profile(degraded=("redis",))
    for by_cache in (False, True):
        answer = made.personalization.answer(ask("by.bucket", "plain", by_cache=by_cache, visitor={"id": "v-1"}))
        assert (answer.shared, answer.degraded, answer.settled.ttl_s) == (
            False,
            ("profile",),
            dict.fromkeys(("by.bucket", "plain"), DEGRADED_TTL_S),
        )
        assert set(made.personalization.answer(ask("plain", visitor={"id": "v-2"})).settled.ttl_s.values()) == {60}


@pytest.mark.parametrize("without", ["profile", "redis"])
def test_what_nothing_of_the_visitor_bears_on_is_shared_and_says_nothing_of_their_profile(
    made: Service, without: str
) -> None:
    """The same bytes for everyone, under the same ETag, whoever happened to ask first."""
    made.kept["v-1"] = Profile(degraded=(without,))
    answers = [made.personalization.answer(ask("plain", by_cache=True, visitor={"id": one})) for one in ("v-1", "v-2")]
    assert [(one.shared, one.degraded, one.settled.ttl_s) for one in answers] == [(True, (), {"plain": 60})] * 2


def test_what_a_request_says_of_consent_stands_over_what_is_stored(made: Service) -> None:
    made.kept["v-1"] = Profile(consent={"consent.personalization": True, "consent.analytics": True})
    said = {"consent": {"personalization": False}}
    answer = made.personalization.answer(ask("plain", visitor={"id": "v-1"}, body=said))
    attributes = answer.settled.planned.visit.attributes
    assert (attributes["consent.personalization"], attributes["consent.analytics"]) == (False, True)


def test_a_degraded_answer_is_never_shared(sqlite_store: Store) -> None:
    def down(_rows: object) -> list[float]:
        raise ModelError("down")

    publish(sqlite_store, a_site(slots=[{"id": "feed", "limit": 5, "blend": {"model": {"name": "m"}}}]))
    put(sqlite_store, entry("a"))
    model = ByHand()
    made = service(sqlite_store, {"m": model})
    assert made.personalization.answer(ask(by_cache=True)).shared
    model.answer = down
    made.clock.move(61)
    answer = made.personalization.answer(ask(by_cache=True))
    assert (answer.shared, answer.degraded) == (False, ("model:m", "slot:feed:last_scores"))


def test_what_had_to_be_done_without_before_is_told(made: Service) -> None:
    assert made.personalization.answer(ask("plain", degraded=("draft:a",))).degraded == ("draft:a",)


def test_events_that_are_not_right_are_told(made: Service) -> None:
    rejected = made.personalization.answer(ask("plain", events=({"type": "view"},))).rejected
    assert [(one.pointer, one.detail) for one in rejected] == [("/events/0", "not now")]


def test_only_what_was_not_taken_before_is_applied_to_the_answer(
    made: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids are each visitor's own, and what is sent twice, or under the id of another event, counts once."""
    found: list[tuple[str, str | None]] = []

    def find(_visitor: str, _site: object, *, events: Sequence[Event], **_asked: object) -> Profile:
        found.extend((one.source, one.content_id) for one in events)
        return Profile()

    monkeypatch.setattr(made.personalization, "_ingests", taking(HeldStream(), made.clock))
    monkeypatch.setattr(made.personalization, "_profiles", SimpleNamespace(find=find))
    view = {"id": "e-1", "type": "view", "content_id": "a"}
    made.personalization.answer(ask("plain", visitor={"id": "v-1"}, events=(view, view, {**view, "content_id": "b"})))
    assert found == [(HASHER.source("v-1"), "a")]
    found.clear()
    others = {**view, "visitor_id": "v-2"}
    made.personalization.answer(ask("plain", visitor={"id": "v-1"}, events=(view, others)))
    assert found == [(HASHER.source("v-2"), "a")]


def test_a_preview_may_say_who_and_when(made: Service) -> None:
    late = made.clock.now.replace(hour=21)
    answer = made.personalization.answer(ask("by.hour", "by.country", at=late, attributes={"geo.country": "FR"}))
    assert shown(answer) == [["b", "a"], ["b", "a"]]


def test_a_newly_published_rule_reads_what_the_one_before_did_not(made: Service, sqlite_store: Store) -> None:
    """What is derived of a request follows the published rules."""
    rule = {"id": "r", "slot": "feed", "when": {"request.query.ref": "mail"}, "then": PIN}
    publish(sqlite_store, a_site(rules=[rule]))
    made.sites.refresh()
    answer = made.personalization.answer(ask(body={"url": "https://x.example/?ref=mail"}))
    assert shown(answer) == [["b", "a"]]


def test_a_model_of_visitors_sees_what_no_rule_reads(sqlite_store: Store) -> None:
    blend = {"blend": {"model": {"name": "m", "per": "visitor"}}}
    publish(sqlite_store, a_site(slots=[{"id": "feed", "limit": 5, **blend}]))
    put(sqlite_store, entry("a"))
    model = ByHand(features=("request.path", "content.id"))
    service(sqlite_store, {"m": model}).personalization.answer(ask(body={"url": "https://x.example/shop"}))
    assert model.asked == [[{"request.path": "/shop", "content.id": "a"}]]


def test_previews_do_not_make_the_published_state_be_prepared_again(
    made: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[object] = []
    prepare = ContextPolicy.wanting

    def counted(policy: ContextPolicy, *wanted: Any) -> ContextPolicy:
        prepared.append(wanted)
        return prepare(policy, *wanted)

    monkeypatch.setattr(ContextPolicy, "wanting", counted)
    live = made.sites.current()
    others = [site_of(live.ruleset, live.content, live.version, f"preview-{n}") for n in range(MOST_OTHERS + 1)]
    for site in (live, others[0], live, others[1], others[0], live):
        made.personalization.answer(ask("by.country"), site)
    assert len(prepared) == 3
    for site in (*others, live):
        made.personalization.answer(ask("by.country"), site)
    assert len(prepared) == 3 + MOST_OTHERS - 1
    made.personalization.answer(ask("by.country"), others[0])
    assert len(prepared) == 3 + MOST_OTHERS, "only a few are kept"


def test_a_publication_is_prepared_once_and_the_state_before_it_is_let_go(made: Service, sqlite_store: Store) -> None:
    before = weakref.ref(made.sites.current().content)
    made.personalization.answer(ask("plain"))
    put(sqlite_store, entry("c"))
    assert made.sites.refresh()
    answer = made.personalization.answer(ask("plain"))
    assert shown(answer) == [["a", "b", "c"]]
    del answer
    gc.collect()
    assert before() is None
