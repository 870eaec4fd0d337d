"""Calls of models that take time: each in a thread that nobody waits for beyond its deadline.

An adapter is to keep to its time-out, and may be somebody else's code. While calls of a model stay out beyond their
deadlines, it is not asked: they would only become more. Once they come back, it is asked again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from threading import Lock, Thread

from adapters.models.port import ModelError, ModelTimeout, ModelUnavailable

Scores = Mapping[str, float]
MOST_OVERDUE = 4


class Call:
    """One call under way."""

    def __init__(self, calls: Calls, model: str, future: Future[Scores], deadline: float, patience_s: float) -> None:
        self._calls = calls
        self._model = model
        self._future = future
        self._deadline = deadline
        self._patience_s = patience_s

    def result(self) -> Scores:
        """What it gave, waited for until the deadline. Raises ModelError, whatever it was."""
        try:
            return self._future.result(max(0.0, self._deadline - self._calls.monotonic()))
        except NotYet as late:
            if self._future.done():  # it came at the last moment, or the adapter itself raised a time-out
                return self._future.result()
            self._calls.overdue(self._model, self._future)
            raise ModelTimeout(f"no answer within {self._patience_s * 1000:.0f} ms") from late


class Calls:
    """All calls of one process."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.monotonic = monotonic
        self._lock = Lock()
        self._overdue: Counter[str] = Counter()

    def begin(self, model: str, work: Callable[[float], Scores], patience_s: float, begun: float) -> Call:
        """Ask; `work` is given the seconds that are left, and raises nothing but ModelError.

        Raises:
            ModelUnavailable: earlier calls have not come back.
        """
        with self._lock:
            if self._overdue[model] >= MOST_OVERDUE:
                raise ModelUnavailable("not asked: earlier questions have not been answered yet")
        future: Future[Scores] = Future()
        deadline = begun + patience_s

        def run() -> None:
            try:
                future.set_result(work(max(0.001, deadline - self.monotonic())))
            except ModelError as fault:
                future.set_exception(fault)
            except BaseException as fault:  # noqa: BLE001 - whoever waits must not wait for a thread that has died
                future.set_exception(ModelUnavailable(f"the call failed: {type(fault).__name__}"))

        try:
            Thread(target=run, name=f"tessera-model-{model}", daemon=True).start()
        except RuntimeError as fault:  # the machine gives no more threads, or the process is ending
            raise ModelUnavailable("not asked: no thread can be begun") from fault
        return Call(self, model, future, deadline, patience_s)

    def overdue(self, model: str, future: Future[Scores]) -> None:
        """Count a call that is late until it comes back."""
        with self._lock:
            self._overdue[model] += 1

        def back(_future: Future[Scores]) -> None:
            with self._lock:
                self._overdue[model] -= 1

        future.add_done_callback(back)
