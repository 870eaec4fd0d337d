"""What visitors do, for the storms of the kill tests: events with ids, as a browser and a shop would send them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from tests.integration.events.site import TOPICS

KINDS = ("view", "view", "view", "click", "impression", "impression", "add_to_cart", "purchase", "dismiss")


def batches(count: int, visitors: int, size: int, now_s: int, dice: random.Random) -> Iterator[list[dict[str, Any]]]:
    """So many events of the last three days, in no order of time, in batches. `at` is not to be sent."""
    made = 0
    while made < count:
        batch = []
        for number in range(made, min(made + size, count)):
            kind = dice.choice(KINDS)
            at = now_s - dice.randrange(60, 3 * 86_400)
            one: dict[str, Any] = {"id": f"e-{number}", "type": kind, "visitor_id": f"v-{dice.randrange(visitors)}"}
            one |= {"content_id": dice.choice(list(TOPICS)), "at": at}
            if kind == "purchase":
                one["value"] = dice.randrange(1, 500) / 4
            batch.append(one)
        made += len(batch)
        yield batch


def sent(event: Mapping[str, Any]) -> dict[str, Any]:
    """As it goes over the wire."""
    when = datetime.fromtimestamp(event["at"], UTC).isoformat()
    return {**{name: value for name, value in event.items() if name != "at"}, "time": when}
