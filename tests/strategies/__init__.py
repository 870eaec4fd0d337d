"""Hypothesis strategies for valid documents, content and visitors: small, dense, with few distinct values.

Everything is chosen from the short lists of `vocabulary`, so that visitors meet the literals of conditions,
instants meet schedules, and equal scores meet each other. How choices are drawn and shrink: `choices`.
"""

from .conditions import conditions, several_conditions
from .visitors import Person, people
from .worlds import World, worlds

__all__ = ["Person", "World", "conditions", "people", "several_conditions", "worlds"]
