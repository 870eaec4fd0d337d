"""What failed on the way to a decision, in sentences for editors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_INSTEAD = {
    "last_scores": "The model “{model}” gave no scores ({why}): those of {age} ago rank the entries.",
    "rules": "The model “{model}” gave no scores ({why}): the rules alone rank the entries.",
    "default": "The rules of this slot could not be evaluated: its default stands in. {why}.",
    "baseline": "The rules of this slot could not be evaluated, and it has no default that can be shown: what is "
    "published for everybody stands in. {why}.",
}
_OTHERS = {
    "model": "The model “{name}” gave no scores.",
    "template": "The template of the type “{name}” failed: its blocks have no markup.",
    "draft": "The draft {name} cannot be had: what is published stands in its place.",
    "profile": "What is kept of this visitor cannot be read now.",
    "events": "The events that came along could not be kept.",
}


def failures(degraded: Iterable[str], trace: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each thing that the answer had to do without, and one for how far the slot came down.

    Args:
        degraded: of an answer for one slot.
        trace: of that slot.
    """
    step = trace.get("degraded")
    if step is not None:
        why = str(step["why"])
        yield _INSTEAD[step["rung"]].format(
            model=str(step["cause"]).removeprefix("model:"),
            why=why if step["cause"] != "slot" else why[:1].upper() + why[1:],
            age=_age(step["age_s"] or 0.0),
        )
    for what in degraded:
        kind, _colon, name = what.partition(":")
        if kind == "slot" or (step is not None and what == step["cause"]):
            continue  # told above
        yield _OTHERS.get(kind, "Something failed on the way: {what}.").format(name=name, what=what)


def _age(seconds: float) -> str:
    for unit, size in (("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
