"""The fast reading of requests: what it keeps."""

from __future__ import annotations

import json
import tracemalloc

from plugin.flow.types import SlotAsk
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
