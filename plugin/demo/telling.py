"""A decision told to its reader: each slot with its rules and what it left out, each block with why it is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup

from plugin.demo.conditions import Row, condition_rows, schedule_rows
from plugin.demo.ladder_words import step_sentence
from plugin.demo.words import Words
from plugin.service.delivery.personalize import Answer
from rules import Block, Decision
from rules.footprint.causes import ONE_VISITOR

RenderBlock = Callable[[Block, Mapping[str, object]], str | None]


class Telling:
    """Tells the slots of one answer that was asked for with `explain`."""

    def __init__(self, answer: Answer, words: Words, titles: Mapping[str, str], render: RenderBlock) -> None:
        """`titles` are those of entries by id, in the language of the page."""
        document = answer.site.ruleset.document
        self._answer = answer
        self._words = words
        self._titles = titles
        self._render = render
        self.broken = False  # whether some block could not be rendered
        self._rules = {one.id: one for one in document.rules}
        self._experiments = {one.id: one for one in document.experiments}
        self._slots = {one.id: one for one in document.slots}
        self.segments = {one.id: one.name or one.id for one in document.segments}

    def slots(self) -> dict[str, dict[str, object]]:
        """Each slot as `templates/storefront/base.html` wants it, by id."""
        return {ask.id: self._slot(decision) for ask, decision in self._answer.settled.decisions}

    def _slot(self, decision: Decision) -> dict[str, object]:
        trace: Mapping[str, Any] = decision.trace or {}
        told = sorted(trace["rules"], key=lambda row: (-row["priority"], row["id"]))
        blocks = [self._block(block, decision, trace) for block in decision.blocks]
        step = trace.get("degraded")
        degraded = [] if step is None else [step_sentence(self._words.lang, step)]
        failed = dict.fromkeys(str(one["type"]) for one in blocks if not one["rendered"])
        degraded += [self._words.template_failed(kind) for kind in failed]
        return {
            "id": decision.slot,
            "name": self._slots[decision.slot].name or decision.slot,
            "blocks": blocks,
            "presentation": dict(decision.presentation),
            "fallback": decision.fallback,
            "audience_key": decision.audience_key,
            "ttl_s": self._answer.settled.ttl_s.get(decision.slot),
            "shareable": ONE_VISITOR not in self._answer.site.reads[decision.slot],
            "degraded": degraded,
            "held": [self._rule(row) for row in told if row["status"] == "applied"],
            "not_held": [self._rule(row) for row in told if row["status"] != "applied"],
            "dropped": self._dropped(trace),
            "token": None,
        }

    def _block(self, block: Block, decision: Decision, trace: Mapping[str, Any]) -> dict[str, object]:
        reason = block.reason
        row = next((one for one in trace["rules"] if one["id"] == reason.rule), None)
        experiment = self._experiments.get(reason.experiment or "")
        told = None
        if experiment is not None:
            told = {"id": experiment.id, "name": experiment.name or experiment.id, "arm": reason.arm}
        return {
            **self.card(block, decision.presentation),
            "position": block.position,
            "score": f"{block.score:.2f}",
            "reason": {"kind": reason.kind, "label": self._words.text(f"why_kind_{reason.kind}")},
            "rule": None if row is None else self._rule(row),
            "experiment": told,
            "conditions": [] if row is None else self._conditions(row),
            "parts": self._parts(block, decision.slot, trace),
        }

    def card(self, block: Block, presentation: Mapping[str, object]) -> dict[str, object]:
        """A block without its reasons; its title alone where its template fails."""
        title = self._titles.get(block.id, block.id)
        html = self._render(block, presentation)
        self.broken = self.broken or html is None
        return {
            "id": block.id,
            "type": block.type,
            "title": title,
            "lang": block.locale,
            # Block templates escape what they print, in their sandbox.
            "html": Markup("<p>{}</p>").format(title) if html is None else Markup(html),  # noqa: S704
            "rendered": html is not None,
        }

    def _rule(self, row: Mapping[str, Any]) -> dict[str, object]:
        rule = self._rules[row["id"]]
        return {
            "id": rule.id,
            "name": rule.name or rule.id,
            "description": rule.description,
            "status": self._words.t["statuses"].get(row["status"], row["status"]),
            "conditions": self._conditions(row),
        }

    def _conditions(self, row: Mapping[str, Any]) -> list[Row]:
        planned = self._answer.settled.planned
        schedule = self._rules[row["id"]].schedule
        zone = planned.facts.visitor_zone if schedule.visitor else planned.site.ruleset.document.zone
        return [
            *schedule_rows(schedule, planned.visit.now, zone, self._words),
            *condition_rows(row["condition"], self._words, self.segments),
        ]

    def _parts(self, block: Block, slot: str, trace: Mapping[str, Any]) -> list[dict[str, str]]:
        """What the score is made of; the parts add up to it."""
        scores = [
            row["score"]
            for row in trace["candidates"]
            if row["id"] == block.id and row["locale"] == block.locale and "score" in row
        ]
        if not scores:
            return []
        weight, model = self._slots[slot].rules_weight, trace["model"]
        parts = [
            {"label": self._actor(one["by"]), "value": f"{weight * one['amount']:+.2f}"} for one in scores[0]["boosts"]
        ]
        if model["name"] is not None and scores[0]["model"] is not None:
            share = (1 if model["weight"] is None else model["weight"]) * scores[0]["model"]
            parts.append({"label": model["name"], "value": f"{share:+.2f}"})
        return parts

    def _dropped(self, trace: Mapping[str, Any]) -> list[dict[str, object]]:
        """The candidates that are not shown, grouped by why; other variants of one that is a candidate are left out."""
        drops, groups = self._words.t["drops"], dict[str, dict[str, None]]()
        for row in trace["candidates"]:
            if row["kept"] or row["why"] == "variant":
                continue
            why = drops.get("beyond" if row["why"] == "beyond the limit" else row["why"], drops["other"])
            if "by" in row:
                why = f"{why} ({self._actor(row['by'])})"
            groups.setdefault(why, {})[self._titles.get(row["id"], row["id"])] = None
        return [{"why": why, "titles": list(titles)} for why, titles in groups.items()]

    def _actor(self, by: Mapping[str, str]) -> str:
        """The name of the rule or the experiment that did something."""
        if "rule" in by:
            return self._rules[by["rule"]].name or by["rule"]
        return self._experiments[by["experiment"]].name or by["experiment"]


def is_held_out(answer: Answer) -> bool:
    """Whether an answer, asked for with `explain`, is one without rules because its visitor is in the holdout."""
    traces: list[Mapping[str, Any]] = [one.trace or {} for _ask, one in answer.settled.decisions]
    return any(row["status"] == "held out" for trace in traces for row in trace.get("rules", ()))
