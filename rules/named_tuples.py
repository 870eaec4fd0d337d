"""How values are made of which a decision has many."""

from __future__ import annotations

make = tuple.__new__
"""`make(Drop, (entries, kind, actor))`: a NamedTuple of all its members, without a call of its constructor."""
