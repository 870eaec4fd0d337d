"""A local server that imitates Fastly's documented purge API: its limits, its token, its errors."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from tests.contract.http_server import Reply, Request

SERVICE = "SU1Z0isxPaozGVKXdv0eY"
TOKEN = "fastly-token-of-the-tests"
_KEY = re.compile(r"[!-~]{1,1024}")


@dataclass
class Fastly:
    """`states` are fresh, stale or gone, by what is stored; `faults` are answered first."""

    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    faults: list[Reply] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)

    def answer(self, request: Request) -> Reply:
        if self.faults:
            return self.faults.pop(0)
        if request.headers.get("fastly-key") != TOKEN:
            return Reply.of({"msg": "Provided credentials are missing or invalid"}, 401)
        if request.path != f"/service/{SERVICE}/purge":
            return Reply.of({"msg": "Record not found", "detail": "Couldn't find Service"}, 404)
        if request.method != "POST":
            return Reply.of({"msg": "Method not allowed"}, 405)
        if request.headers.get("content-type") != "application/json":
            return Reply.of({"msg": "Unsupported media type"}, 415)
        asked = json.loads(request.body)
        keys = asked["surrogate_keys"]
        if set(asked) != {"surrogate_keys"} or not 1 <= len(keys) <= 256:
            return Reply.of({"msg": "Bad request", "detail": "between 1 and 256 surrogate keys"}, 400)
        if not all(_KEY.fullmatch(key) for key in keys):
            return Reply.of({"msg": "Bad request", "detail": "surrogate key too long, or not printable"}, 400)
        self.batches.append(len(keys))
        state = "stale" if "fastly-soft-purge" in request.headers else "gone"
        for name, held in self.keys.items():
            if set(held) & set(keys) and self.states[name] != "gone":
                self.states[name] = state
        return Reply.of({key: f"108-1391560174-{number}" for number, key in enumerate(keys)})

    def store(self, name: str, *keys: str) -> None:
        self.keys[name] = keys
        self.states[name] = "fresh"
