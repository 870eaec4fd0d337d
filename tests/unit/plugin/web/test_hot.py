"""The fast reading of requests: what it keeps."""

from __future__ import annotations

import json
import tracemalloc

import pytest

from plugin.errors import ValidationFailed
from plugin.flow.types import SlotAsk
from plugin.web.body import refuse_unsafe
from plugin.web.hot import from_address, from_body


def test_slots_that_clients_make_up_fill_no_memory() -> None:
    """A body takes a hundred kilobytes and more, and the next one others."""
    tracemalloc.start()
    try:
        for number in range(50):
            name = f"{number}{'a' * 100_000}"
            asked = from_body(json.dumps({"slots": [{"id": name}]}).encode(), lambda _: None)
            assert asked.asks == from_address(f"slots={name}").asks == (SlotAsk(name),)
        del name, asked
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("number", ["9007199254740992", "1e15", "-1e-7", "123456789012345.5", "0.1234567890123456789"])
def test_numbers_of_which_all_make_the_same_are_taken(number: str) -> None:
    body = f'{{"slots":[{{"id":"a0e1"}}],"context":{{"custom":{{"list":["x",{number}]}}}}}}'
    assert from_body(body.encode(), _refuse).context == json.loads(body)["context"]


@pytest.mark.parametrize("value", ["1e300", '{"a":{"b":[1,{"c":null}]}}', "[[1],[2]]", '[{"lat":1}]', "-0.0"])
def test_parts_of_other_forms_than_most_send_are_read_alike(value: str) -> None:
    body = f'{{"slots":[{{"id":"a"}}],"context":{{"custom":{{"x":{value},"y":"plain"}}}}}}'
    with_events = f'{body[:-1]},"events":[{{"type":"view"}}]}}'
    asked = from_body(body.encode(), _refuse)
    assert asked.context == from_body(with_events.encode(), _refuse).context == json.loads(body)["context"]


@pytest.mark.parametrize(
    "number",
    ["9007199254740993", "-9007199254740993", "1e400", "-1E999", f"1{'0' * 20}", f"1{'0' * 400}", f"1{'0' * 400}.0"],
)
@pytest.mark.parametrize("part", ['"context":{"custom":{"a":{"b":[%s]}}}', '"events":[{"value":%s}]'])
def test_numbers_that_systems_read_differently_are_refused(number: str, part: str) -> None:
    with pytest.raises(ValidationFailed):
        from_body(b'{"slots":[{"id":"a"}],%b}' % (part % number).encode(), _refuse)


def _refuse(value: object) -> None:
    refuse_unsafe(value)
