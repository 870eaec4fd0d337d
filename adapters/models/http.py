"""Any scoring service over HTTP.

Request, one for each batch of at most `max_batch` rows:

    POST <url>
    Content-Type: application/json
    Authorization: Bearer <token>                     (where there is one)
    {"model": "hero", "rows": [{"geo.country": "FR", "content.tags": ["vip"], "profile.spend": 12.5}, ...]}

Answer:

    200, Content-Type: application/json
    {"scores": [0.25, ...]}                           (one finite number a row, in the order of the rows)

A row has only features that have a value; texts, numbers, booleans and lists of texts. With
`scale: probability` scores must be in [0, 1]; with `scale: unbounded` they become 1 / (1 + exp(-(a x + b)))
by the calibration. No rows are a health check (`ping`): the answer has no scores. Other members of the answer
are ignored.

The time-out of a call covers all of it: name resolution, connecting, every batch. Batches go out together, on
at most `parallel` kept connections. Anything but the answer above fails the whole call: partial scores would
rank those with a score over those without. Redirects are not followed. After `breaker_failures` failed calls
in a row the service is left alone for `breaker_open_s` seconds.

Options: `name`, `url` (required), `token`, `features` (default: all that the caller has), `scale`
("probability"), `calibration` ({a: 1, b: 0}), `per` (["audience", "visitor"]), `max_batch` (256), `parallel`
(4), `max_response_bytes` (1,000,000), `breaker_failures` (5), `breaker_open_s` (30), `ping_timeout_s` (2).
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Literal, cast

import requests

from adapters.bounded import Bearer, DirectSession, TooLarge, TooLate, is_json, read_body, url_fault
from adapters.models.breaker import Breaker
from adapters.models.features import logistic
from adapters.models.port import (
    BadAnswer,
    Feature,
    FeatureRow,
    ModelError,
    ModelOptionsError,
    ModelSpec,
    ModelTimeout,
    ModelUnavailable,
    Per,
    Scale,
)
from adapters.options import OptionReader
from adapters.runtime import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpOptions:
    """Checked options; see the module."""

    name: str
    url: str
    token: str | None = field(default=None, repr=False)
    features: tuple[str, ...] = ()
    scale: Scale = "probability"
    a: float = 1.0
    b: float = 0.0
    per: frozenset[Per] = frozenset(("audience", "visitor"))
    max_batch: int = 256
    parallel: int = 4
    max_response_bytes: int = 1_000_000
    breaker_failures: int = 5
    breaker_open_s: float = 30.0
    ping_timeout_s: float = 2.0


class HttpModel:
    """Asks a scoring service. Safe to call from several threads."""

    def __init__(self, options: HttpOptions, runtime: Runtime) -> None:
        self.spec = ModelSpec(options.name, options.features, options.scale, options.per)
        self._options = options
        self._monotonic = runtime.monotonic
        self.breaker = Breaker(options.breaker_failures, options.breaker_open_s, runtime.monotonic)
        # Threads, because nothing else bounds a call: a name server that hangs, or a header that comes byte
        # by byte, holds requests far beyond its time-outs.
        self._pool = ThreadPoolExecutor(options.parallel, thread_name_prefix=f"model-{options.name}")
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        self._lock = threading.Lock()
        self._closed = False

    def score(self, rows: Sequence[FeatureRow], *, timeout_s: float) -> Sequence[float]:
        """Scores by the service, all within `timeout_s`."""
        if not rows:
            return []
        ticket = self.breaker.admit()
        try:
            scores = self._ask(rows, timeout_s)
        except BaseException as fault:
            self.breaker.failed(ticket, str(fault) if isinstance(fault, ModelError) else type(fault).__name__)
            raise
        self.breaker.succeeded(ticket)
        return scores

    def ping(self) -> None:
        """Sends an empty batch, past the breaker."""
        self._ask((), self._options.ping_timeout_s)

    def close(self) -> None:
        """Ends the threads and closes the kept connections; a call under way fails or ends by itself."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            for session in self._sessions:
                session.close()
            self._sessions.clear()

    def _ask(self, rows: Sequence[FeatureRow], timeout_s: float) -> list[float]:
        if self._closed:
            raise ModelUnavailable(f"{self.spec.name}: closed")
        deadline = self._monotonic() + timeout_s
        size = self._options.max_batch
        batches = [rows[start : start + size] for start in range(0, len(rows), size)] or [rows]
        try:
            calls = [self._pool.submit(self._post, batch, deadline) for batch in batches]
        except RuntimeError as fault:  # closed by another thread since the look above
            raise ModelUnavailable(f"{self.spec.name}: closed") from fault
        done, late = wait(calls, timeout=timeout_s, return_when=FIRST_EXCEPTION)
        for call in late:
            call.cancel()
        for call in done:
            call.result()  # the first failure says more than that others are late
        if late:
            raise ModelTimeout(f"{self.spec.name}: no answer within {timeout_s:g} s")
        return [score for call in calls for score in call.result()]

    def _post(self, batch: Sequence[FeatureRow], deadline: float) -> list[float]:
        name = self.spec.name
        body = json.dumps({"model": name, "rows": [self._row(row) for row in batch]}, allow_nan=False)
        remaining = deadline - self._monotonic()
        if remaining <= 0:
            raise ModelTimeout(f"{name}: no time left to ask")
        try:
            with self._session().post(
                self._options.url,
                data=body.encode("ascii"),
                headers={"Content-Type": "application/json"},
                timeout=remaining,
                allow_redirects=False,
                stream=True,
            ) as response:
                return self._answer(response, len(batch), deadline)
        except (requests.Timeout, TooLate) as fault:
            raise ModelTimeout(f"{name}: no answer in time") from fault
        except TooLarge as fault:
            raise BadAnswer(f"{name}: answer over {self._options.max_response_bytes} bytes") from fault
        except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError) as fault:
            raise BadAnswer(f"{name}: answer cut short or garbled") from fault
        except requests.RequestException as fault:
            raise ModelUnavailable(f"{name}: cannot be reached ({type(fault).__name__})") from fault

    def _answer(self, response: requests.Response, count: int, deadline: float) -> list[float]:
        name = self.spec.name
        if response.status_code != 200:
            what = "a redirect, which is not followed" if response.is_redirect else "no scores"
            raise ModelUnavailable(f"{name}: status {response.status_code}, {what}")
        if not is_json(response):
            raise BadAnswer(f"{name}: the answer is not JSON by its Content-Type")
        body = read_body(response, self._options.max_response_bytes, deadline, self._monotonic)
        try:
            decoded = json.loads(body)
        except (ValueError, RecursionError) as fault:
            raise BadAnswer(f"{name}: the answer is not JSON") from fault
        scores = decoded.get("scores") if isinstance(decoded, dict) else None
        if not isinstance(scores, list) or len(scores) != count:
            found = f", not of {len(scores)}" if isinstance(scores, list) else ""
            raise BadAnswer(f"{name}: want scores, a list of {count}{found}")
        return [self._score(score, place) for place, score in enumerate(scores)]

    def _score(self, score: object, place: int) -> float:
        if isinstance(score, (int, float)) and not isinstance(score, bool) and abs(score) < 1e300:
            if self._options.scale == "unbounded":
                return logistic(self._options.a * score + self._options.b)
            if 0 <= score <= 1:
                return float(score)
        raise BadAnswer(f"{self.spec.name}: scores[{place}] is no finite number of the scale {self.spec.scale}")

    def _row(self, row: FeatureRow) -> dict[str, object]:
        names = self._options.features or tuple(row)
        return {name: _plain(row[name]) for name in names if _present(row.get(name))}

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = DirectSession()
            session.auth = Bearer(self._options.token)
            self._local.session = session
            with self._lock:
                self._sessions.append(session)
        return session


def _present(value: Feature) -> bool:
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))


def _plain(value: Feature) -> object:
    return value if value is None or isinstance(value, (str, int, float)) else list(value)


def build(options: Mapping[str, object], runtime: Runtime) -> HttpModel:
    """Raises `ModelOptionsError` naming every option that is wrong."""
    take = OptionReader(options)
    url = take.required_text("url")
    if url and (fault := url_fault(url)):
        take.complain("url", fault)
    per = take.texts("per", ("audience", "visitor"))
    if not per or set(per) - {"audience", "visitor"}:
        take.complain("per", "want audience, visitor, or both")
    calibration = take.anything("calibration")
    curve = OptionReader(calibration if isinstance(calibration, Mapping) else {})
    if not isinstance(calibration, (Mapping, type(None))):
        take.complain("calibration", "want a mapping with a and b")
    made = HttpOptions(
        name=take.required_text("name"),
        url=url,
        token=take.text("token"),
        features=take.texts("features"),
        scale=cast(
            Literal["probability", "unbounded"],
            take.choice("scale", "probability", ("probability", "unbounded")),
        ),
        a=curve.number("a", 1.0, low=-1e6, high=1e6),
        b=curve.number("b", 0.0, low=-1e6, high=1e6),
        per=frozenset(cast(tuple[Per, ...], per)),
        max_batch=take.whole("max_batch", 256, low=1, high=100_000),
        parallel=take.whole("parallel", 4, low=1, high=64),
        max_response_bytes=take.whole("max_response_bytes", 1_000_000, low=100, high=100_000_000),
        breaker_failures=take.whole("breaker_failures", 5, low=1, high=1000),
        breaker_open_s=take.number("breaker_open_s", 30.0, low=0.01, high=3600),
        ping_timeout_s=take.number("ping_timeout_s", 2.0, low=0.01, high=60),
    )
    if problems := (*take.problems(), *(f"calibration.{problem}" for problem in curve.problems())):
        raise ModelOptionsError(problems)
    return HttpModel(made, runtime)
