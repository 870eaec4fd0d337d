"""One harness for each registered model adapter."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from adapters import registry
from adapters.models.port import ModelAdapter
from adapters.runtime import Runtime
from tests.contract.http_server import Reply, Request, serve

WEIGHTS = {
    "version": 1,
    "bias": -0.5,
    "numeric": {"profile.spend": 0.01},
    "categorical": {"geo.country=FR": 0.7, "content.tags=vip": 1.5},
    "crosses": {"device.type=mobile,content.type=hero": -0.3},
}


@dataclass
class ScoringService:
    """A scoring service that enforces the documented requests; `faults` are answered first."""

    token: str | None = "model-token"
    unbounded: bool = False
    requests: list[Request] = field(default_factory=list)
    faults: list[Reply] = field(default_factory=list)

    def answer(self, request: Request) -> Reply:
        self.requests.append(request)
        if self.faults:
            return self.faults.pop(0)
        if request.method != "POST" or request.headers.get("content-type") != "application/json":
            return Reply(415)
        if request.headers.get("authorization") != (f"Bearer {self.token}" if self.token else None):
            return Reply(401)
        asked = json.loads(request.body)
        if set(asked) != {"model", "rows"}:
            return Reply(422)
        return Reply.of({"scores": [self.score(row) for row in asked["rows"]], "took_ms": 1})

    def score(self, row: dict[str, object]) -> float:
        spend = row.get("profile.spend", 0)
        assert isinstance(spend, (int, float))
        z = -0.5 + 0.01 * spend + (1.5 if "vip" in str(row.get("content.tags")) else 0)
        return z if self.unbounded else 1 / (1 + math.exp(-z))


@contextmanager
def constant() -> Iterator[ModelAdapter]:
    yield registry.model("constant")({"score": 0.25}, Runtime.system())


@contextmanager
def linear() -> Iterator[ModelAdapter]:
    model = registry.model("linear")({"name": "hero", "weights": WEIGHTS}, Runtime.system())
    yield model
    model.close()


@contextmanager
def http() -> Iterator[ModelAdapter]:
    with serve(ScoringService().answer) as url:
        options = {"name": "hero", "url": f"{url}/score", "token": "model-token", "max_batch": 100}
        model = registry.model("http")(options, Runtime.system())
        yield model
        model.close()


HARNESSES: dict[str, Callable[[], AbstractContextManager[ModelAdapter]]] = {
    "constant": constant,
    "http": http,
    "linear": linear,
}
