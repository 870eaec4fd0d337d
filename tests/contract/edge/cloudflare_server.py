"""A local server that imitates Cloudflare's documented purge API: its limits, its token, its envelope."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from tests.contract.http_server import Reply, Request

ZONE = "023e105f4ecef8ad9ca31a8372d0c353"
TOKEN = "cloudflare-token-of-the-tests"
_TAG = re.compile(r"[!-+\--~]{1,1024}")


def refusal(status: int, code: int, message: str, **headers: str) -> Reply:
    envelope = {"success": False, "errors": [{"code": code, "message": message}], "messages": [], "result": None}
    return Reply.of(envelope, status, **headers)


@dataclass
class Cloudflare:
    """`states` are fresh or gone, by what is stored; `faults` are answered first."""

    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    faults: list[Reply] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)

    def answer(self, request: Request) -> Reply:
        if self.faults:
            return self.faults.pop(0)
        if "authorization" not in request.headers:
            return refusal(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
        if request.headers["authorization"] != f"Bearer {TOKEN}":
            return refusal(401, 10000, "Authentication error")
        if request.path != f"/client/v4/zones/{ZONE}/purge_cache":
            return refusal(404, 7003, "Could not route to the path, perhaps your object identifier is invalid?")
        if request.method != "POST" or request.headers.get("content-type") != "application/json":
            return refusal(405, 10405, "Method not allowed")
        asked = json.loads(request.body)
        tags = asked["tags"]
        if set(asked) != {"tags"} or not 1 <= len(tags) <= 100 or not all(_TAG.fullmatch(tag) for tag in tags):
            return refusal(400, 1012, "Request must contain 1 to 100 tags of up to 1024 characters")
        self.batches.append(len(tags))
        wanted = {tag.lower() for tag in tags}
        for name, held in self.keys.items():
            if {key.lower() for key in held} & wanted:
                self.states[name] = "gone"
        return Reply.of({"success": True, "errors": [], "messages": [], "result": {"id": ZONE}})

    def store(self, name: str, *keys: str) -> None:
        self.keys[name] = keys
        self.states[name] = "fresh"
