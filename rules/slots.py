"""Slots: the places on a page that are filled."""

from __future__ import annotations

from dataclasses import dataclass

from rules.conditions import ALWAYS, Condition
from rules.effects import Cap, UseModel, parse_cap, parse_model
from rules.expressions import Scope, parse_condition
from rules.fields import Fields
from rules.selectors import ages, named_ids, references

MOST_BLOCKS = 100
LONGEST_DEADLINE_MS = 10_000
NO_MODEL = UseModel()
LABELS = ("id", "name", "description", "enabled")
FIELDS = (*LABELS, "limit", "select", "default", "blend", "deadline_ms", "diversify", "cap")


@dataclass(frozen=True, slots=True)
class Diversify:
    """Maximal marginal relevance over a field: 1 keeps the order of scores, 0 looks at differences alone."""

    by: str
    trade_off: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A slot.

    Attributes:
        limit: most blocks of an answer.
        select: which entries are candidates; `select_refs` are the visitor's attributes that it names, and
            `select_moves` says whether what it takes depends on the visitor or the moment. Likewise the default's.
        default: what is shown where nothing is left; `default_order` are ids in the order listed.
        rules_weight: what the sum of boosts is multiplied with.
        model: the model of the blend; `deadline_ms` is how long it may take, None: as the settings say.
    """

    id: str
    name: str | None = None
    enabled: bool = True
    limit: int = 1
    select: Condition = ALWAYS
    select_refs: tuple[str, ...] = ()
    select_moves: bool = False
    default: Condition | None = None
    default_order: tuple[str, ...] = ()
    default_refs: tuple[str, ...] = ()
    default_moves: bool = False
    rules_weight: float = 1.0
    model: UseModel = NO_MODEL
    deadline_ms: int | None = None
    diversify: Diversify | None = None
    cap: Cap | None = None


def parse_slot(fields: Fields, content: Scope, models: set[str]) -> Slot | None:
    """One slot; problems are noted."""
    identifier = fields.identifier()
    if identifier == "*":
        fields.note("id", "'*' stands for every slot and is no id of one", "*")
    select = parse_condition(fields["select"], fields.at("select"), content) if "select" in fields else ALWAYS
    default: Condition | None = None
    order: tuple[str, ...] = ()
    if "default" in fields:
        default = parse_condition(fields["default"], fields.at("default"), content)
        order = _listed(fields["default"], default)
    rules_weight, model = _parse_blend(fields, content, models)
    cap = parse_cap(fields["cap"], fields.at("cap"), content) if "cap" in fields else None
    if identifier is None:
        return None
    return Slot(
        id=identifier,
        name=fields.text("name"),
        enabled=fields.flag("enabled", True),
        limit=fields.whole("limit", 1, 1, MOST_BLOCKS),
        select=select,
        select_refs=references(select),
        select_moves=bool(references(select) or ages(select)),
        default=default,
        default_order=order,
        default_refs=references(default) if default else (),
        default_moves=default is not None and bool(references(default) or ages(default)),
        rules_weight=rules_weight,
        model=model,
        deadline_ms=fields.whole("deadline_ms", 1, 1, LONGEST_DEADLINE_MS) if "deadline_ms" in fields else None,
        diversify=_parse_diversify(fields, content),
        cap=cap,
    )


def _listed(data: object, default: Condition) -> tuple[str, ...]:
    ids = data.get("id", data.get("content.id")) if isinstance(data, dict) else None
    if isinstance(ids, dict):
        ids = ids.get("in", ids.get("eq"))
    listed = ids if isinstance(ids, list | tuple) else [ids]
    known = named_ids(default)
    return tuple(dict.fromkeys(name for name in listed if isinstance(name, str) and name in known))


def _parse_blend(fields: Fields, scope: Scope, models: set[str]) -> tuple[float, UseModel]:
    if "blend" not in fields:
        return 1.0, NO_MODEL
    blend = Fields(fields["blend"], fields.at("blend"), scope.report, ("rules", "model"), "'blend'")
    model = parse_model(blend["model"], blend.at("model"), scope, models) if "model" in blend else NO_MODEL
    if "model" in blend and model.name is None:
        blend.note("model", "the model of a blend needs a 'name'")
    return float(blend.number("rules", 1.0, -1e9, 1e9)), model


def _parse_diversify(fields: Fields, scope: Scope) -> Diversify | None:
    if "diversify" not in fields:
        return None
    inner = Fields(fields["diversify"], fields.at("diversify"), scope.report, ("by", "trade_off"), "'diversify'")
    by = inner.text("by", required=True)
    if by is not None and not by.startswith("content."):
        inner.note("by", f"'by' is a field of content, such as content.topics, not {by!r}", by, (f"content.{by}",))
    trade_off = float(inner.number("trade_off", 0.7, 0, 1))
    return Diversify(by, trade_off) if by else None
