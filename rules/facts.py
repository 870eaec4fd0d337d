"""What is known of one visitor at one moment: typed values, read when first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rules.attributes import Attribute, Catalogue
from rules.buckets import bucket, encoded
from rules.clock import WEEKDAYS, zone_of
from rules.schedule import Schedule
from rules.values import READERS, is_number

NOW = "@now"
SEGMENTS = "@segments"
BUCKET = "@bucket:"
UNIT, PERSON = "@unit", "@person"
"""Among the attributes given: what buckets hash instead of `visitor.id`, for the device and for the person."""
_EXACT: Mapping[str, type] = {"string": str, "boolean": bool}
Holders = Callable[["Facts"], frozenset[str]]


def bucket_name(salt: str, *, person: bool) -> str:
    """What a bucket is called in `Facts.buckets`."""
    return f"person:{salt}" if person else f"device:{salt}"


def consent_to(purpose: str) -> str:
    """The attribute that says whether a purpose may be served."""
    return "consent." + purpose


class Facts(dict[str, object]):
    """Typed values by name; None where missing, null, of the wrong type, or without consent.

    One object serves all slots of a request: each value is read once, each segment evaluated once. Not for sharing
    between threads. `tabled` is what indexes keep here for the other slots of a request.

    Names with `@` are the index's own: the clock in seconds, the buckets in percent, the segments held.
    """

    mistyped: Sequence[str] = ()
    _visitor_zone: ZoneInfo | None = None
    _local: datetime | None = None
    _held: frozenset[str] | None = None
    _on: dict[Schedule, bool] | None = None
    denies_unknown = False
    languages: tuple[str, ...] | None = None
    """The order in which variants are tried, where that is known and not the visitor's tag."""
    buckets: Mapping[str, int] | None = None
    """Buckets by salt as a visitor class carries them, instead of those that ids give; see `bucket_name`."""

    def __init__(
        self,
        attributes: Mapping[str, object],
        now: datetime | None,
        zone: ZoneInfo,
        catalogue: Catalogue | None,
        given: Iterable[str] = (),
        holders: Holders | None = None,
        deny_unknown: bool = False,
    ) -> None:
        """Take what the caller has.

        Args:
            attributes: flat values by name, as they came.
            now: the decision's clock.
            zone: of the document.
            catalogue: the types; None reads every value as it is.
            given: segments that the caller says are held.
            holders: gives all segments held, those given included; None: those given are all.
            deny_unknown: whether a purpose without a recorded consent counts as refused.
        """
        self.attributes = attributes
        self.now = now
        self.given = given if type(given) is frozenset else frozenset(given)
        self.tabled: dict[object, int] = {}
        self._zone = zone
        self._catalogue = catalogue
        self._holders = holders
        if deny_unknown:
            self.denies_unknown = True

    def __missing__(self, name: str) -> object:
        value = self._special(name) if name[0] == "@" else self._read(name)
        self[name] = value
        return value

    def _read(self, name: str) -> object:
        value = self.attributes.get(name)
        if value is None:
            return self._derived(name) if name.startswith("time.") else None
        if self._catalogue is None:
            return None if type(value) in (int, float) and not is_number(value) else value
        attribute = self._catalogue.resolve(name)
        if attribute is None:
            return None
        if attribute.purpose is not None and not self.allows(attribute.purpose):
            return None
        if type(value) is _EXACT.get(attribute.type):
            return value
        read = READERS[attribute.type](value)
        if read is None:
            self.mistyped = (*self.mistyped, name)
        return read

    def attribute(self, name: str) -> Attribute | None:
        """The catalogue's entry of a name, or None."""
        return self._catalogue.resolve(name) if self._catalogue is not None else None

    def allows(self, purpose: str) -> bool:
        """Whether a purpose may be served: refused where its consent is known and not true."""
        consent = self.attributes.get(consent_to(purpose))
        if consent is None:
            return not self.denies_unknown
        return consent is True

    def refused(self, attribute: Attribute) -> bool:
        """Whether an attribute is missing for want of consent."""
        return attribute.purpose is not None and not self.allows(attribute.purpose)

    def _special(self, name: str) -> object:
        if name == NOW:
            return self.now.timestamp() if self.now is not None else None
        if name == SEGMENTS:
            return tuple(self.held)
        position = self.bucket(name.removeprefix(BUCKET))
        return None if position is None else position / 100

    @property
    def tongue(self) -> object:
        """What variants are chosen by: the visitor's language tag, or an order of languages."""
        return self["request.locale"] if self.languages is None else self.languages

    @property
    def moment(self) -> datetime:
        """The decision's clock. Raises ValueError where there is none."""
        if self.now is None:
            raise ValueError("a decision needs a clock")
        return self.now

    @property
    def visitor_zone(self) -> ZoneInfo:
        """The visitor's own zone, where a valid one is known; else the document's."""
        if self._visitor_zone is None:
            texts = [self["context.timezone"], self["geo.timezone"]]
            zones = (zone_of(text) for text in texts if isinstance(text, str))
            self._visitor_zone = next((zone for zone in zones if zone is not None), self._zone)
        return self._visitor_zone

    def _derived(self, name: str) -> object:
        if self.now is None:
            return None
        local = self._local
        if local is None:
            local = self._local = self.now.astimezone(self.visitor_zone)
        match name:
            case "time.hour":
                return local.hour
            case "time.of_day":
                return f"{local.hour:02}:{local.minute:02}"
            case "time.weekday":
                return WEEKDAYS[local.weekday()]
            case "time.date":
                return local.date()
            case "time.now":
                return self.now
        return None

    @property
    def held(self) -> frozenset[str]:
        """The segments that the visitor is in; unknown and disabled ones are never held."""
        if self._held is None:
            self._held = self.given
            if self._holders is not None:
                self._held = self._holders(self)
        return self._held

    def hold(self, names: frozenset[str]) -> None:
        """Set the segments held so far, while those that name others are still being evaluated."""
        self._held = names
        self.pop(SEGMENTS, None)

    def bucket(self, salt: str, *, person: bool = False) -> int | None:
        """The visitor's bucket for a salt, 0 to 9,999, of the device or of the person; None without an id."""
        if self.buckets is not None:
            return self.buckets.get(bucket_name(salt, person=person))
        identifier = self.attributes.get(PERSON if person else UNIT) or self["visitor.id"]
        return bucket(salt, identifier) if isinstance(identifier, str) and identifier else None

    def hashed(self) -> bytes | None:
        """What the buckets of the device hash after their salts; None without an id."""
        identifier = self.attributes.get(UNIT) or self["visitor.id"]
        return encoded(identifier) if isinstance(identifier, str) and identifier else None

    def is_on(self, schedule: Schedule) -> bool:
        """Whether a schedule is on now, in the document's zone or the visitor's as it says."""
        if self._on is None:
            self._on = {}
        found = self._on.get(schedule)
        if found is None:
            zone = self.visitor_zone if schedule.visitor else self._zone
            found = self.now is not None and schedule.on(self.now, zone)
            self._on[schedule] = found
        return found
