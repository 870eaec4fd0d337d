"""How far a slot came down the ladder, as a sentence for its reader; see `plugin.flow.types.Step`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SENTENCES = {
    "en": {
        "last_scores": "The model {model} gave no scores in time: those of {age} ago ranked the entries.",
        "rules": "The model {model} gave no scores: the rules alone ranked the entries.",
        "default": "The rules of this slot could not be evaluated: its default stands in.",
        "baseline": "The rules of this slot could not be evaluated: what is published for everybody stands in.",
    },
    "fr": {
        "last_scores": "Le modèle {model} n’a pas donné de scores à temps : ceux d’il y a {age} classent les contenus.",
        "rules": "Le modèle {model} n’a pas donné de scores : les règles seules ont classé les contenus.",
        "default": "Les règles de cet emplacement n’ont pas pu être évaluées : son contenu par défaut les remplace.",
        "baseline": "Les règles de cet emplacement n’ont pas pu être évaluées : voici ce qui est publié pour tous.",
    },
}
_MINUTE_S, _HOUR_S = 60, 3_600


def step_sentence(lang: str, step: Mapping[str, Any]) -> str:
    """The sentence of a step as traces have it."""
    model = str(step["cause"]).removeprefix("model:")
    return _SENTENCES[lang][step["rung"]].format(model=model, age=_age(step["age_s"] or 0.0))


def _age(seconds: float) -> str:
    if seconds < 2 * _MINUTE_S:
        return f"{seconds:.0f}\u00a0s"
    if seconds < 2 * _HOUR_S:
        return f"{seconds / _MINUTE_S:.0f}\u00a0min"
    return f"{seconds / _HOUR_S:.0f}\u00a0h"
