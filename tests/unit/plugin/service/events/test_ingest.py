"""Events in: what is taken, what is refused, and that nothing is claimed that is not kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from adapters.device.port import Device
from adapters.streams.port import StreamDiskFull, StreamDown, StreamFull, partition_of
from plugin.errors import RateLimited, ServiceUnavailable
from plugin.flow.context import RawRequest
from plugin.profiles.events import BOT, PREFETCH, TOKEN_REFUSED
from plugin.service.events.ingest import Ingesting, Taken
from tests.unit.plugin.service.site_support import Clock
from tests.unit.plugin.service.taking import HASHER, HeldStream, taking


class Robots:
    """Every agent is a robot's."""

    def identify(self, _user_agent: str, /) -> Device:
        return Device(type="bot")


def event(number: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": f"e-{number}", "type": "view", "visitor_id": "v-1", **more}


def send(service: Ingesting, *events: object, headers: Mapping[str, str] | None = None, **raw: Any) -> Taken:
    items = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in events]
    return service.accept(RawRequest.of(headers or {}, **raw), items)


@pytest.fixture
def stream() -> HeldStream:
    return HeldStream()


@pytest.fixture
def service(stream: HeldStream) -> Ingesting:
    return taking(stream, Clock())


def test_what_is_right_is_appended_under_the_visitor_s_source(service: Ingesting, stream: HeldStream) -> None:
    taken = send(service, event(1), event(2, visitor_id="v-2"))
    assert (taken.accepted, taken.duplicate, taken.ignored, taken.rejected) == (2, 0, 0, ())
    assert taken.events == tuple(stream.events)
    assert [one.source for one in stream.events] == [HASHER.source("v-1"), HASHER.source("v-2")]
    for record in stream.records:
        assert record.partition == partition_of(record.key, 4)
        assert b"v-1" not in record.payload, "the id as the site gives it is kept nowhere"


def test_one_bad_event_spoils_no_other(service: Ingesting, stream: HeldStream) -> None:
    bad = [{"id": "x"}, b'{"id": "\xff"}', b"{", b"[" * 10_000, 5, event(9, type="vieww")]
    taken = send(service, event(1), *bad, event(2))
    assert [one.id for one in stream.events] == ["e-1", "e-2"]
    assert [one.index for one in taken.rejected] == [1, 2, 3, 4, 5, 6]
    assert all(one.pointer.startswith(f"/events/{one.index}") for one in taken.rejected)
    assert "not JSON" in taken.rejected[1].detail
    assert "view" in taken.rejected[5].detail


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b'{"id": "x", "type": "view", "visitor_id": "v-1", "visitor_id": "v-2"}', "/visitor_id"),
        (b'{"id": "x", "type": "view", "visitor_id": "v-1", "visitor\\u005fid": "v-1"}', "/visitor_id"),
        (b'{"id": "x", "type": "view", "visitor_id": "v-1", "properties": {"a/b": 1, "a/b": 1}}', "/properties/a~1b"),
        (b'{"id": "x", "type": "view", "properties": {"a": [1, {"b": 2, "b": "\\""}]}}', "/properties/a/1/b"),
        (b'{"id": "x", "type": "view", "\\ud800": 1, "\\ud800": NaN}', "/?"),
    ],
)
def test_an_event_with_a_member_twice_is_refused_with_its_place_and_spoils_no_other(
    service: Ingesting, stream: HeldStream, text: bytes, place: str
) -> None:
    taken = send(service, event(1), text, event(2, properties={"a": [{"b": 1}, {"b": '"'}]}))
    assert [one.id for one in stream.events] == ["e-1", "e-2"]
    assert [(one.index, one.pointer) for one in taken.rejected] == [(1, f"/events/1{place}")]
    assert taken.rejected[0].detail.endswith(" is there twice; send it once")


def test_the_same_event_again_is_a_duplicate(service: Ingesting, stream: HeldStream) -> None:
    assert send(service, event(1), event(1)).duplicate == 1
    again = send(service, event(1), event(2))
    assert (again.accepted, again.duplicate) == (1, 1)
    assert len(stream.records) == 2


def test_an_id_with_another_event_is_rejected(service: Ingesting, stream: HeldStream) -> None:
    send(service, event(1))
    taken = send(service, event(2), event(1, content_id="a"))
    assert (taken.accepted, taken.duplicate) == (1, 0)
    assert [(one.index, one.pointer) for one in taken.rejected] == [(1, "/events/1/id")]
    assert [one.id for one in stream.events] == ["e-1", "e-2"]


def test_what_was_applied_is_known_though_this_process_never_saw_it(stream: HeldStream) -> None:
    send(taking(stream, Clock()), event(1))
    (before,) = stream.events
    fresh = taking(stream, Clock())
    digest = fresh._ids.key(before)
    later = taking(stream, Clock(), applied={digest: before.digest})
    assert send(later, event(1)).duplicate == 1
    assert send(later, event(1, slot="hero")).rejected[0].pointer == "/events/0/id"


def test_what_becomes_of_events_is_counted(stream: HeldStream) -> None:
    counts: dict[str, int] = {}
    service = taking(stream, Clock(), count=lambda outcome, number: counts.update({outcome: number}))
    send(service, event(1), event(1), event(2), event(2, slot="x"), {"id": "y"}, headers={"Sec-GPC": "0"})
    assert counts == {"accepted": 2, "duplicate": 1, "conflict": 1, "rejected": 1}
    counts.clear()
    send(service, event(3), headers={"Sec-GPC": "1"})
    assert counts == {"ignored": 1}


def test_ids_are_each_visitors_own(service: Ingesting, stream: HeldStream) -> None:
    """Else whoever guesses the id of somebody's order could take it first, and the order would be refused."""
    assert send(service, event(1, visitor_id="mallory", type="click", content_id="x")).accepted == 1
    assert send(service, event(1), event(1, visitor_id="v-2")).accepted == 2
    assert send(service, event(1)).duplicate == 1
    assert len({service._ids.key(one) for one in stream.events}) == 3


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        (StreamFull("full", 2.2), RateLimited),
        (StreamDown("away"), ServiceUnavailable),
        (StreamDiskFull("no room"), ServiceUnavailable),
    ],
)
def test_what_cannot_be_kept_is_not_accepted(
    service: Ingesting, stream: HeldStream, fault: StreamFull | StreamDown, raised: type[Exception]
) -> None:
    stream.fault = fault
    with pytest.raises(raised) as caught:
        send(service, event(1))
    assert int(caught.value.headers()["Retry-After"]) >= 2  # type: ignore[attr-defined]
    stream.fault = None
    assert send(service, event(1)).accepted == 1, "it was not remembered as taken"


def test_refused_consent_keeps_an_event_out(service: Ingesting, stream: HeldStream) -> None:
    refused = {"cookies": {"tessera_consent": "personalization=0"}}
    taken = send(service, event(1), event(2, type="scroll", value=50), **refused)
    assert (taken.accepted, taken.ignored) == (1, 1)
    assert [one.type for one in stream.events] == ["scroll"], "a scroll is analytics, which was not refused"
    assert send(service, event(3), headers={"Sec-GPC": "1"}).ignored == 1
    said = send(service, event(4), body={"consent": {"personalization": True}})
    assert said.accepted == 1
    assert stream.events[-1].consent is True


def test_the_visitor_of_the_cookie_is_whose_events_those_are_that_name_nobody(
    service: Ingesting, stream: HeldStream
) -> None:
    nameless = {"id": "e-1", "type": "view"}
    assert send(service, nameless).rejected[0].pointer == "/events/0/visitor_id"
    assert send(service, nameless, cookies={"visitor": "v-9"}).accepted == 1
    assert stream.events[0].source == HASHER.source("v-9")


@pytest.mark.parametrize(
    ("agent", "headless_counts", "flags"),
    [
        ("Mozilla/5.0 (compatible; Examplebot/1.0)", False, BOT),
        ("python-requests/2.32", False, 0),
        ("okhttp/4.12", False, 0),
        ("Mozilla/5.0 HeadlessChrome/130.0", False, BOT),
        ("Mozilla/5.0 HeadlessChrome/130.0", True, 0),
    ],
)
def test_robots_are_marked_and_libraries_that_speak_for_visitors_are_not(
    stream: HeldStream, agent: str, headless_counts: bool, flags: int
) -> None:
    service = taking(stream, Clock(), devices=Robots(), headless_counts=headless_counts)
    assert send(service, event(1), headers={"User-Agent": agent}).accepted == 1
    assert stream.events[0].flags == flags


def test_what_was_fetched_ahead_is_marked(service: Ingesting, stream: HeldStream) -> None:
    send(service, event(1), headers={"Sec-Purpose": "prefetch"})
    assert stream.events[0].flags == PREFETCH


def test_a_token_says_what_was_decided(service: Ingesting, stream: HeldStream) -> None:
    shown = {"type": "impression", "content_id": "a"}
    send(service, event(1, decision_token="good", **shown), event(2, decision_token="forged", **shown))
    good, forged = stream.events
    assert good.decided is not None
    assert (good.decided.ruleset, good.decided.arms, good.slot) == (7, {"e": "a"}, "hero")
    assert (forged.decided, forged.flags) == (None, TOKEN_REFUSED)
