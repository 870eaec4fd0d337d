"""The types of events: what each is for, and what it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from plugin.profiles.limits import DAY_MS, LARGEST_VALUE, SECOND_MS

OWN_PURPOSE = "personalization"
Check = Callable[[Mapping[str, object]], Iterable[tuple[Sequence[str | int], str]]]
"""What is wrong with an event's properties: the path of each, and what it should be."""


class Text(msgspec.Struct, frozen=True):
    """A property that is a text of at most so many characters."""

    longest: int = 255

    def __str__(self) -> str:
        return f"a text of 1 to {self.longest} characters"

    def takes(self, value: object) -> bool:
        """Whether a value is one."""
        return type(value) is str and 1 <= len(value) <= self.longest


class Code(msgspec.Struct, frozen=True):
    """A property that is a currency of ISO 4217."""

    def __str__(self) -> str:
        return "a currency of three capital letters, such as EUR"

    def takes(self, value: object) -> bool:
        """Whether a value is one."""
        return type(value) is str and len(value) == 3 and value.isascii() and value.isalpha() and value.isupper()


class Number(msgspec.Struct, frozen=True):
    """A property that is a number in a range."""

    low: float = 0
    high: float = LARGEST_VALUE

    def __str__(self) -> str:
        return f"a number from {self.low:,.0f} to {self.high:,.0f}"

    def takes(self, value: object) -> bool:
        """Whether a value is one; NaN is in no range, and true is no number."""
        return type(value) in (int, float) and self.low <= value <= self.high  # type: ignore[operator]


class EventType(msgspec.Struct, frozen=True, kw_only=True):
    """One type of event.

    Attributes:
        purpose: why events of the type may be kept; one that the visitor refuses is not.
        value: the range of `value`.
        needs: the members without which an event of the type says nothing.
        properties: known ones, and what each is; others may come along.
        required: the properties that must be there.
        sums: whether values are summed by day.
        engagement: how much an event of the type says of a visitor's engagement.
        check: judges the properties of a registered type by its schema.
    """

    name: str
    purpose: str = OWN_PURPOSE
    value: Number = Number(-LARGEST_VALUE)
    needs: tuple[str, ...] = ()
    properties: Mapping[str, Text | Code | Number] = {}
    required: tuple[str, ...] = ()
    sums: bool = False
    engagement: float = 1.0
    check: Check | None = None
    description: str = ""


class Types(Mapping[str, EventType]):
    """Event types by name. Two sets of them are equal where they are the same object."""

    def __init__(self, types: Iterable[EventType]) -> None:
        self._types = {one.name: one for one in types}

    def __getitem__(self, name: str) -> EventType:
        return self._types[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)

    def get(self, name: str, default: EventType | None = None) -> EventType | None:  # type: ignore[override]
        """The type of a name, or None; spares the exception that Mapping's own would raise and catch."""
        return self._types.get(name, default)

    def purpose_of(self, name: str) -> str:
        """The purpose of a type; that of the profile's own parts where it is not registered any more."""
        found = self._types.get(name)
        return found.purpose if found is not None else OWN_PURPOSE

    def extended(self, types: Iterable[EventType]) -> Types:
        """These and more. Raises ValueError where a name is taken."""
        more = list(types)
        names = [*self._types, *(one.name for one in more)]
        taken = sorted({name for name in names if names.count(name) > 1})
        if taken:
            raise ValueError(f"there are two event types {taken[0]!r}")
        return Types([*self._types.values(), *more])


_SHOP: Mapping[str, Text | Code | Number] = {"currency": Code(), "quantity": Number(1, 1_000_000), "sku": Text(128)}
_CONTENT = ("content_id",)

BUILT_IN = Types(
    [
        # An impression is personalization, not analytics: it is what caps count, which visitors notice.
        EventType(name="impression", needs=_CONTENT, engagement=0.0, description="an entry was seen"),
        EventType(name="click", needs=_CONTENT, description="an entry was clicked"),
        EventType(name="view", description="a page was read; of an entry, if it names one"),
        EventType(
            name="dwell",
            value=Number(0, DAY_MS / SECOND_MS),
            needs=("value",),
            description="seconds spent with a page or an entry",
        ),
        EventType(
            name="scroll",
            purpose="analytics",
            value=Number(0, 100),
            needs=("value",),
            engagement=0.0,
            description="percent of a page that came into sight",
        ),
        EventType(
            name="search",
            properties={"query": Text(200), "results": Number()},
            required=("query",),
            description="a search on the site",
        ),
        EventType(
            name="rating",
            value=Number(1, 5),
            needs=("content_id", "value"),
            engagement=2.0,
            description="stars given to an entry",
        ),
        EventType(name="dismiss", needs=_CONTENT, engagement=0.0, description="an entry is not wanted again"),
        EventType(name="add_to_cart", value=Number(), properties=_SHOP, engagement=3.0, description="value: the price"),
        EventType(
            name="purchase",
            value=Number(),
            properties={**_SHOP, "order_id": Text(128)},
            sums=True,
            engagement=5.0,
            description="value: the amount, in the site's currency where values are to be summed",
        ),
        EventType(name="signup", engagement=5.0, description="the visitor made an account, or subscribed"),
    ]
)
"""Those that every site has."""
