"""The model port: scores for candidates, always in [0, 1] when they leave an adapter.

The caller builds one row for each (visitor context x candidate). A row holds only what the adapter's spec
declares, or everything where it declares nothing. A model that fails raises `ModelError`; the decision then
goes on with rules alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

Feature: TypeAlias = float | int | str | bool | Sequence[str] | None
FeatureRow: TypeAlias = Mapping[str, Feature]
Per: TypeAlias = Literal["audience", "visitor"]
Scale: TypeAlias = Literal["probability", "unbounded"]


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """What a model declares of itself.

    Attributes:
        name: of the model (not of the adapter), as rule documents refer to it.
        features: names that it reads; empty means whatever the caller has.
        scale: of the raw model: "probability" is in [0, 1] already; "unbounded" is passed through the
            calibration by the adapter. `score` gives [0, 1] either way.
        per: what it may be asked for: once an audience key, or for each visitor.
        local: whether it scores in this process, in far less than a millisecond: such a model is asked without a thread
            of its own, and nothing ends the call.
    """

    name: str
    features: tuple[str, ...]
    scale: Scale
    per: frozenset[Per]
    local: bool = False


class ModelAdapter(Protocol):
    """One configured model. Safe to call from several threads at once."""

    @property
    def spec(self) -> ModelSpec: ...

    def score(self, rows: Sequence[FeatureRow], *, timeout_s: float) -> Sequence[float]:
        """One score in [0, 1] for each row, in the order of the rows; none for no rows.

        Args:
            rows: missing features and None count as absent, never as an error.
            timeout_s: seconds for the whole call, > 0.
        Raises:
            ModelError: no score can be given in time; no partial answers.
        """
        ...

    def ping(self) -> None:
        """Returns if the model can score now; raises `ModelError` otherwise."""
        ...

    def close(self) -> None:
        """Frees connections. Safe to call twice."""
        ...


class ModelError(Exception):
    """Root of the tree; `str(error)` carries no secret.

    ModelError
     ├─ ModelOptionsError   settings or weights are wrong; nothing was asked
     ├─ ModelUnavailable    refused, unreachable, failing
     │   └─ BreakerOpen     not asked, because it failed again and again just now
     ├─ ModelTimeout        no answer within the time given
     └─ BadAnswer           an answer of the wrong shape, length or range
    """


class ModelOptionsError(ModelError):
    """Every bad option or weight at once.

    Attributes:
        problems: "place: what is wrong".
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


class ModelUnavailable(ModelError):  # noqa: N818 - named for what happened
    """The service cannot be reached, refuses, or fails."""


class BreakerOpen(ModelUnavailable):
    """Not asked: the breaker is open.

    Attributes:
        retry_in_s: seconds until one call will be let through.
    """

    def __init__(self, message: str, retry_in_s: float) -> None:
        self.retry_in_s = retry_in_s
        super().__init__(message)


class ModelTimeout(ModelError):  # noqa: N818 - named for what happened
    """No answer within the deadline of the call."""


class BadAnswer(ModelError):  # noqa: N818 - named for what happened
    """The service answered with something that is not one finite score for each row."""
