"""Rules: whom they are for, when, and what they do."""

from __future__ import annotations

from dataclasses import dataclass

from rules.conditions import ALWAYS, Condition
from rules.effects import Cap, Effect, canonical, parse_cap, parse_effects
from rules.expressions import Scope, parse_condition
from rules.fields import Fields
from rules.schedule import ALWAYS_ON, Schedule, parse_schedule

FIELDS = (
    "id",
    "name",
    "description",
    "enabled",
    "slot",
    "priority",
    "when",
    "from",
    "until",
    "on",
    "timezone",
    "then",
    "cap",
    "strict",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule.

    Attributes:
        slots: the slots it is for; None: every one.
        cap: keeps the rule from pinning or boosting an entry that is over it.
        strict: never served stale.
        canonical: its effects as JSON, for audience keys.
    """

    id: str
    name: str | None = None
    description: str | None = None
    enabled: bool = True
    slots: tuple[str, ...] | None = None
    priority: float = 0
    when: Condition = ALWAYS
    schedule: Schedule = ALWAYS_ON
    effects: tuple[Effect, ...] = ()
    cap: Cap | None = None
    strict: bool = False
    canonical: str = ""


class RuleReader:
    """Reads the rules of one document."""

    def __init__(self, visitor: Scope, content: Scope, models: set[str]) -> None:
        """Take what rules can name.

        Args:
            visitor: of conditions.
            content: of selectors.
            models: the names of models that effects name are put here.
        """
        self._visitor = visitor
        self._content = content
        self._models = models
        self._known: dict[str, tuple[tuple[Effect, ...], str]] = {}

    def read(self, fields: Fields, slots: tuple[str, ...] | None) -> Rule | None:
        """One rule; its slots were read already. Problems are noted; None: it has no id."""
        identifier = fields.identifier()
        effects, canonical_effects = self._effects(fields)
        when = parse_condition(fields["when"], fields.at("when"), self._visitor) if "when" in fields else ALWAYS
        schedule = parse_schedule(fields.data, fields.path, fields.report, self._visitor.zone)
        cap = parse_cap(fields["cap"], fields.at("cap"), self._content) if "cap" in fields else None
        if identifier is None:
            return None
        return Rule(
            id=identifier,
            name=fields.text("name"),
            description=fields.text("description"),
            enabled=fields.flag("enabled", True),
            slots=slots,
            priority=fields.number("priority", 0),
            when=when,
            schedule=schedule,
            effects=effects,
            cap=cap,
            strict=fields.flag("strict", False),
            canonical=canonical_effects,
        )

    def _effects(self, fields: Fields) -> tuple[tuple[Effect, ...], str]:
        """What a rule does, and that with its cap as JSON; the same words without a problem are read once."""
        fields.needs("then", ", a list of effects")
        given = [fields.data.get("then", []), fields.data.get("cap")]
        words = repr(given)  # tells 1, 1.0 and True apart
        found = self._known.get(words)
        if found is None:
            before = fields.report.noted
            path = fields.at("then")
            effects = parse_effects(given[0], path, self._content, self._models) if "then" in fields else ()
            found = (effects, canonical(given))
            if fields.report.noted == before:
                self._known[words] = found
        return found
