"""The steps of a request, for files instead of stores: the same parts in the same order as the service."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime

import click

from adapters.device.null import NullDevices
from adapters.geo.null import NullGeo
from plugin.cli.entries import Entries
from plugin.cli.output import Failed
from plugin.cli.situation import Situation
from plugin.errors import UnknownSlots
from plugin.flow.context import ContextPolicy, Devices, RawRequest, derive
from plugin.flow.plan import plan
from plugin.flow.types import Settled, SlotAsk, Visit
from plugin.service.delivery.models import Scoring
from plugin.service.delivery.personalize import Answer
from plugin.service.delivery.settling import Settling
from plugin.service.delivery.sites import site_of
from plugin.service.delivery.tokens import DecisionTokens
from plugin.service.delivery.writer import AnswerWriter
from rules import Block, Ruleset
from rules.suggest import nearest


def decide_offline(
    ruleset: Ruleset,
    entries: Entries,
    situation: Situation,
    *,
    asks: tuple[SlotAsk, ...],
    now: datetime,
    unique: bool = False,
    explain: bool = False,
) -> dict[str, object]:
    """The answer of the API to this visitor, as JSON data; null stands for what only a server can give.

    Raises:
        UnknownSlots: there is none of the slots.
        Failed: an entry of the content is none.
    """
    try:
        content = ruleset.prepare(entries)
    except ValueError as error:
        raise Failed(f"the content: {error}") from error
    site = site_of(ruleset, content, 0, "0")
    visit = Visit(
        attributes=_attributes(ruleset, situation),
        asks=asks,
        now=now,
        segments=situation.segments,
        unique=unique,
        explain=explain,
        arms=situation.arms,
    )
    planned = plan(visit, site)
    if planned.unknown and not planned.plans and not planned.failed:
        raise UnknownSlots(planned.unknown, ruleset.slots)
    with ExitStack() as closing:
        scoring = _scoring(ruleset, closing)
        settling = Settling(scoring, new_id=lambda: "of this command", monotonic=time.monotonic)
        settled = settling.settle(planned, situation.exposures)
    return _as_json(settled, situation.visitor, planned.unknown)


def _attributes(ruleset: Ruleset, situation: Situation) -> dict[str, object]:
    """What the context gives, as for a request of the site's own server, and over it the attributes given flat."""
    catalogue = ruleset.document.catalogue
    for name in situation.attributes:
        if name not in catalogue and not name.startswith("consent."):
            near = nearest(name, catalogue)
            hint = f"; did you mean {near!r}?" if near else ""
            click.echo(f"warning: no rule can read {name!r}, for there is no such attribute{hint}", err=True)
    types = {one.name: one.type for one in catalogue.all()}
    policy = ContextPolicy().wanting(None, types)
    visitor = {} if situation.visitor is None else {"id": situation.visitor}
    raw = RawRequest(body=situation.context, visitor=visitor, trusted_body=True)
    derived = derive(raw, policy, _devices(situation.context), NullGeo())
    for note in derived.notes:
        click.echo(f"warning: {note.name} of the context was left out: {note.reason.replace('_', ' ')}", err=True)
    return {**derived.attributes, **situation.attributes}


def _devices(context: Mapping[str, object]) -> Devices:
    if "user_agent" not in context:
        return NullDevices()
    from adapters.device.uap import UapDevices  # noqa: PLC0415 - its patterns take a third of a second to load

    return UapDevices()


def _scoring(ruleset: Ruleset, closing: ExitStack) -> Scoring:
    """The models that the rules name, as far as the settings have them; the settings are read only for those."""
    if not ruleset.document.models:
        return Scoring({}, timeout_s=0.0, monotonic=time.monotonic)
    from plugin.cli.wiring import load_settings, opened_models  # noqa: PLC0415

    settings = load_settings()
    models = closing.enter_context(opened_models(settings, ruleset.document.models))
    return Scoring(models, timeout_s=settings.score_timeout.total_seconds(), monotonic=time.monotonic)


def _as_json(settled: Settled, visitor: str | None, unknown: tuple[str, ...]) -> dict[str, object]:
    answer = Answer(settled, False, None, visitor, unknown, settled.degraded)
    writer = AnswerWriter(DecisionTokens("offline"), _no_markup)
    found: dict[str, object] = json.loads(writer.write(answer, render="json", all_segments=True))
    found["ruleset"] = None
    slots: dict[str, dict[str, object]] = found["slots"]  # type: ignore[assignment]
    for slot in slots.values():
        slot["decision_token"] = None  # it would be signed with a key that no server has
    return found


def _no_markup(_block: Block, _presentation: Mapping[str, object]) -> str | None:
    return None
