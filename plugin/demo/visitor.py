"""Who is looking, by the panel: what the request and its cookie chose, and what that means to the rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, urlencode
from zoneinfo import ZoneInfo

from plugin.demo.panel import Panel, Values, number
from rules.clock import parse_datetime, zone_of

COOKIE = "veilleuse_panel"
SET, RESET, OPEN = "set", "reset", "open"
"""What the query parameter `panel` says: the query is the whole choice, back to the defaults, show the panel open."""
_MOST_PARAMETERS = 64


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is chosen.

    Attributes:
        language: asked for by name; None: the browser's.
        by_query: whether the query has a part in it, so that links must carry it where there are no cookies.
        keep: the cookie to set; "" takes it away, None leaves it as it is.
    """

    values: Values
    language: str | None
    by_query: bool
    keep: str | None


def choose(panel: Panel, languages: Sequence[str], query: Mapping[str, Sequence[str]], cookie: str | None) -> Chosen:
    """The visitor of a request. A query parameter beats the cookie, and that beats the defaults.

    Nothing here fails: what a field cannot hold is as if it had not been sent.
    """
    kept = _parsed(cookie)
    said = query.get("panel", [""])[-1]
    named = [*query.get("lang", ()), *kept.get("lang", ())]
    language = next((name for name in named if name in languages), None)
    before = panel.settled(kept, panel.defaults)
    if said == RESET:
        values = panel.defaults
    elif said == SET:  # a whole form: a box that is not in it is not ticked
        values = panel.settled(query, panel.defaults)
    else:
        values = panel.settled(query, before)
    by_query = values != before or said == SET
    changed = values != before or said == RESET or (language is not None and "lang" in query)
    return Chosen(values, language, by_query, _cookie(panel, values, language) if changed else None)


def query_of(values: Values, **more: str) -> str:
    """The query string that chooses a whole visitor."""
    return urlencode([("panel", SET), *((name, item) for name, held in values.items() for item in held), *more.items()])


def _cookie(panel: Panel, values: Values, language: str | None) -> str:
    chosen = {} if values == panel.defaults else dict(values)
    if language is not None:
        chosen["lang"] = (language,)
    return urlencode(chosen, doseq=True)


def _parsed(cookie: str | None) -> dict[str, list[str]]:
    try:
        return parse_qs(cookie or "", keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        return {}


@dataclass(frozen=True, slots=True)
class Visitor:
    """What the choices mean to the rules.

    Attributes:
        attributes: they win over what is derived from the request.
        at: the moment of the decision; None: now.
    """

    attributes: Mapping[str, object]
    segments: frozenset[str]
    at: datetime | None

    @property
    def id(self) -> str | None:
        """The visitor's id, if there is one."""
        found = self.attributes.get("visitor.id")
        return found if isinstance(found, str) else None


def visitor_of(panel: Panel, values: Values, language: str, home: ZoneInfo, clock: Callable[[], datetime]) -> Visitor:
    """The visitor of what is chosen.

    Args:
        home: the zone of the site, for a visitor whose place is not known.
        clock: asked where only the day or only the hour is chosen.
    """
    attributes: dict[str, object] = {"request.locale": language}
    segments: set[str] = set()
    for one in panel.fields:
        chosen = list(one.chosen(values))
        for choice in chosen:
            attributes.update(choice.attributes)
        if one.segments:
            segments.update(choice.value for choice in chosen)
        elif one.listed is not None and chosen:
            attributes[one.listed] = [choice.value for choice in chosen]
        elif one.attribute is not None:
            text = "".join(values.get(one.name, ()))
            value: object = number(text) if one.kind == "number" else text
            if text and value is not None:
                attributes[one.attribute] = value
    return Visitor(attributes, frozenset(segments), _moment(values, zone_for(attributes, home), clock))


def zone_for(attributes: Mapping[str, object], home: ZoneInfo) -> ZoneInfo:
    """The zone of the place that is chosen."""
    name = attributes.get("geo.timezone")
    return (zone_of(name) if isinstance(name, str) else None) or home


def _moment(values: Values, zone: ZoneInfo, clock: Callable[[], datetime]) -> datetime | None:
    day, hour = ("".join(values.get(name, ())) for name in ("date", "time"))
    if not day and not hour:
        return None
    now = clock().astimezone(zone)
    # Local times that come twice or not at all are read as the rule language reads them.
    return parse_datetime(f"{day or now.date().isoformat()}T{hour or now.strftime('%H:%M')}", zone)
