"""The catalogue: every attribute that a condition may read, with its type, unit, source and purpose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from rules.clock import WEEKDAYS

Type = Literal[
    "string",
    "number",
    "boolean",
    "date",
    "datetime",
    "version",
    "ip",
    "location",
    "string_list",
    "number_list",
]
TYPES: tuple[Type, ...] = get_args(Type)
Order = Literal["clock", "weekday", "hour"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute.

    Attributes:
        name: dotted, such as `geo.country`; a family ends in `.*`.
        type: see TYPES.
        unit: of a number, for people; no conversion is made.
        values: the only values there are, or None where any is allowed.
        source: where it comes from: request, clock, profile, caller, content or event.
        purpose: why it may be used; where the visitor refuses the purpose, the attribute is missing.
        client_writable: whether a browser may set it on its own.
        order: set where `between` wraps around (hours, times of day, weekdays).
        derived: computed from the decision's clock where the caller does not give it.
    """

    name: str
    type: Type
    unit: str | None = None
    values: tuple[str, ...] | None = None
    source: str = "request"
    purpose: str | None = None
    client_writable: bool = False
    order: Order | None = None
    derived: bool = False
    description: str = ""

    @property
    def is_list(self) -> bool:
        """Whether the value is a list."""
        return self.type in ("string_list", "number_list")


_MOST_MEMBERS = 10_000


class Catalogue(Mapping[str, Attribute]):
    """Attributes by name. A family such as `request.query.*` answers for every name in it."""

    def __init__(self, attributes: Iterable[Attribute] = ()) -> None:
        self._exact: dict[str, Attribute] = {}
        self._families: dict[str, Attribute] = {}
        self._members: dict[str, Attribute | None] = {}
        for attribute in attributes:
            if attribute.name.endswith(".*"):
                self._families[attribute.name[:-1]] = attribute
            else:
                self._exact[attribute.name] = attribute

    def __getitem__(self, name: str) -> Attribute:
        found = self._exact.get(name)
        if found is not None:
            return found
        for prefix, family in self._families.items():
            if name.startswith(prefix) and len(name) > len(prefix):
                return replace(family, name=name)
        raise KeyError(name)

    def resolve(self, name: str) -> Attribute | None:
        """The attribute of a name, or None; members of families are kept, for requests ask for the same ones."""
        found = self._exact.get(name) or self._members.get(name)
        if found is None and name not in self._members:
            found = self.get(name)
            if len(self._members) < _MOST_MEMBERS:
                self._members[name] = found
        return found

    def __iter__(self) -> Iterator[str]:
        yield from self._exact
        for prefix in self._families:
            yield f"{prefix}*"

    def __len__(self) -> int:
        return len(self._exact) + len(self._families)

    def extended(self, attributes: Iterable[Attribute]) -> Catalogue:
        """This catalogue and more; a later attribute of the same name takes the place of an earlier one."""
        return Catalogue([*self.all(), *attributes])

    def all(self) -> Iterator[Attribute]:
        """Every attribute and family, in the order they were declared."""
        yield from self._exact.values()
        yield from self._families.values()


def _of(source: str, *rows: tuple[str, Type] | tuple[str, Type, dict[str, object]]) -> Iterator[Attribute]:
    for name, type_, *more in rows:
        yield Attribute(name=name, type=type_, source=source, **(more[0] if more else {}))  # type: ignore[arg-type]


BUILT_IN = Catalogue(
    [
        *_of(
            "request",
            ("device.type", "string", {"values": ("mobile", "tablet", "desktop", "tv", "bot", "other")}),
            ("device.os", "string"),
            ("device.os_version", "version"),
            ("device.browser", "string"),
            ("device.browser_version", "version"),
            ("geo.continent", "string", {"values": ("AF", "AN", "AS", "EU", "NA", "OC", "SA")}),
            ("geo.country", "string", {"description": "ISO 3166-1 alpha-2, such as FR"}),
            ("geo.region", "string"),
            ("geo.city", "string"),
            ("geo.eu", "boolean"),
            ("geo.location", "location"),
            ("geo.timezone", "string"),
            ("context.timezone", "string", {"description": "IANA name that the visitor's device reports"}),
            ("network.save_data", "boolean"),
            ("network.effective_type", "string", {"values": ("slow-2g", "2g", "3g", "4g")}),
            ("network.downlink_mbps", "number", {"unit": "Mbit/s"}),
            ("network.rtt_ms", "number", {"unit": "ms"}),
            ("request.path", "string"),
            ("request.host", "string"),
            ("request.locale", "string"),
            ("request.referrer_host", "string"),
            (
                "request.referrer_kind",
                "string",
                {"values": ("search", "social", "email", "internal", "direct", "other")},
            ),
            ("request.search_terms", "string"),
            ("request.ip", "ip", {"description": "never stored or logged"}),
            ("request.query.*", "string"),
            ("request.utm.*", "string"),
            ("request.cookie.*", "string"),
            ("request.header.*", "string"),
            ("consent.*", "boolean"),
        ),
        *_of(
            "clock",
            ("time.hour", "number", {"unit": "h", "order": "hour", "derived": True}),
            ("time.of_day", "string", {"order": "clock", "derived": True, "description": "HH:MM"}),
            ("time.weekday", "string", {"values": WEEKDAYS, "order": "weekday", "derived": True}),
            ("time.date", "date", {"derived": True}),
            ("time.now", "datetime", {"derived": True}),
        ),
        *_of(
            "profile",
            ("visitor.id", "string"),
            ("visitor.known", "boolean"),
            ("visitor.new", "boolean"),
            ("visitor.visits", "number"),
            ("visitor.days_since_last_visit", "number", {"unit": "d"}),
            ("session.page_views", "number"),
            ("session.seconds", "number", {"unit": "s"}),
        ),
    ]
)
"""What every site has. `profile.*` and `custom.*` are declared by the document."""

CONTENT = Catalogue(
    _of(
        "content",
        ("content.id", "string"),
        ("content.type", "string"),
        ("content.tags", "string_list"),
        ("content.locale", "string"),
        ("content.published_at", "datetime"),
        ("content.expires_at", "datetime"),
    )
)
"""What every content entry has; its other fields are typed by their values."""

EVENT = Catalogue(
    _of(
        "event",
        ("event.id", "string"),
        ("event.type", "string"),
        ("event.time", "datetime"),
        ("event.content_id", "string"),
        ("event.slot", "string"),
        ("event.value", "number"),
    )
)
"""What every event has; `event.properties.NAME` is typed by its value."""

DECLARABLE = ("profile.", "custom.")
"""The families in which a document declares attributes of its own."""
