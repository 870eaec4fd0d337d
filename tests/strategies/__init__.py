"""Hypothesis strategies for valid documents, content and visitors: small, dense, with few distinct values.

Everything is drawn from the short lists of `vocabulary`, so that visitors meet the literals of conditions,
instants meet schedules, and equal scores meet each other. The makers are plain functions over `Choices`:
nested strategies for the whole language cost hundreds of milliseconds an example, and these cost ten.
"""

from .conditions import conditions
from .visitors import Person, people
from .worlds import World, worlds

__all__ = ["Person", "World", "conditions", "people", "worlds"]
