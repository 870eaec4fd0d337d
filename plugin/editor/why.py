"""A trace told: each rule with its conditions and what was seen, each entry with why it is shown or not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from plugin.editor.comparisons import one_test
from plugin.editor.phrases import Name, Phrase, listed, many, mapping, of
from plugin.editor.subjects import YES_NO, number, value
from plugin.editor.words import Words
from plugin.service.rulesets.items import Document, items

STATUSES: Mapping[str, tuple[str, str]] = {
    "applied": ("applies", "yes"),
    "stopped": ("holds, but another rule stopped it", "stopped"),
    "off schedule": ("would hold, but not at this time", "no"),
    "held out": ("kept out: this visitor sees no rules", "stopped"),
    "does not hold": ("does not hold", "no"),
}
_DROPPED: Mapping[str, str] = {
    "variant": "another language, or not published yet",
    "audience": "tagged for an audience that the visitor is not in",
    "reserved": "kept for an arm of an experiment",
    "exclude": "left out of this request",
    "cap": "shown to this visitor often enough",
    "beyond the limit": "no place left",
}
MOST_CANDIDATES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a condition; ``seen`` is what the visitor has, or why there is nothing."""

    depth: int
    phrase: Phrase
    held: bool
    seen: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A rule or an experiment, and what became of it; ``vain`` says why one that applies has nothing to show for it."""

    item: Name
    status: str
    tone: str
    effect: Phrase
    lines: tuple[Line, ...]
    schedule: str | None = None
    on_schedule: bool = True
    priority: object = 0
    vain: Phrase = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An entry that could have been shown."""

    id: str
    title: str
    kept: bool
    position: int | None
    why: Phrase
    score: str | None
    parts: tuple[Phrase, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Everything that is told of one decision."""

    rules: tuple[Told, ...]
    experiments: tuple[Told, ...]
    candidates: tuple[Shown, ...]
    others: int
    segments: tuple[Name, ...]
    held_out: bool


def why(
    trace: Mapping[str, Any],
    document: Document,
    words: Words,
    title: Callable[[str], str | None],
    pinning: Collection[str],
) -> Why:
    """Tell a trace by the document that made it.

    Args:
        pinning: the rules that pinned what is shown.
    """
    rules, experiments = items(document, "rules"), items(document, "experiments")
    candidates = sorted(trace["candidates"], key=lambda one: (not one["kept"], one.get("position") or 0))
    worth = [one for one in candidates if one["why"] != "variant"]
    return Why(
        rules=tuple(_rule(row, rules.get(row["id"], {}), words, trace, pinning) for row in trace["rules"]),
        experiments=tuple(_experiment(row, experiments.get(row["id"], {}), words) for row in trace["experiments"]),
        candidates=tuple(_candidate(row, words, title) for row in worth[:MOST_CANDIDATES]),
        others=max(0, len(worth) - MOST_CANDIDATES),
        segments=tuple(words.vocabulary.named("segments", one) for one in trace["segments"]),
        held_out=bool(trace["held_out"]),
    )


def _rule(
    row: Mapping[str, Any], rule: Mapping[str, Any], words: Words, trace: Mapping[str, Any], pinning: Collection[str]
) -> Told:
    status, tone = STATUSES.get(row["status"], (row["status"], "no"))
    vain = _vain(rule, words, trace) if tone == "yes" and row["id"] not in pinning else ()
    if vain:
        status, tone = "holds, but its pin changes nothing", "stopped"
    return Told(
        item=words.vocabulary.named("rules", row["id"]),
        status=status,
        tone=tone,
        effect=_effect(rule, words),
        lines=tuple(_lines(row["condition"], words, 0)),
        schedule=words.schedule(rule),
        on_schedule=row["on_schedule"],
        priority=row["priority"],
        vain=vain,
    )


def _vain(rule: Mapping[str, Any], words: Words, trace: Mapping[str, Any]) -> Phrase:
    """Why a rule that only pins pinned nothing: the question that editors ask most."""
    if not all("pin" in mapping(effect) for effect in many(rule.get("then") or [{}])):
        return ()
    refused = [one for one in trace["refused_pins"] if one["by"].get("rule") == rule.get("id")]
    if refused:
        named = listed([(words.vocabulary.entry(one["id"]),) for one in refused[:3]])
        return of("no place was left for ", named, ": a rule further up took it")
    wanted = {str(id_) for effect in many(rule.get("then")) for id_ in _ids(mapping(mapping(effect).get("pin")))}
    left_out = [one for one in trace["candidates"] if one["id"] in wanted and not one["kept"]]
    if left_out:
        entry = (words.vocabulary.entry(left_out[0]["id"]),)
        return of("it could not take ", entry, ": ", _reason(left_out[0], words))
    return ("no entry was left that it could take: it is pinned already, or nobody may see it now",)


def _ids(selector: Mapping[str, Any]) -> Sequence[object]:
    """The entries that a selector names."""
    named = selector.get("id", selector.get("content.id"))
    return many(named) if isinstance(named, str | list | tuple) else ()


def _effect(rule: Mapping[str, Any], words: Words) -> Phrase:
    return next((fact.phrase for fact in words.facts("rules", rule) if fact.label == "Then"), ())


def _experiment(row: Mapping[str, Any], experiment: Mapping[str, Any], words: Words) -> Told:
    arm = row["arm"]
    facts = {fact.label: fact.phrase for fact in words.facts("experiments", experiment)}
    stopped = arm is not None and not row["exposed"]
    status = "this visitor is not in it" if arm is None else f"in the arm “{arm}”"
    return Told(
        item=words.vocabulary.named("experiments", row["id"]),
        status=f"{status}, but a rule stopped it" if stopped else status,
        tone="no" if arm is None else "stopped" if stopped else "yes",
        effect=facts.get(f"Arm {arm}", ()),
        lines=tuple(_lines(row["condition"], words, 0)),
        schedule=words.schedule(experiment),
        on_schedule=row["on_schedule"],
        priority=experiment.get("priority", 0),
    )


def _lines(tree: Mapping[str, Any], words: Words, depth: int) -> Iterator[Line]:
    held = bool(tree["holds"])
    vocabulary = words.vocabulary
    match tree:
        case {"all": []}:
            return
        case {"all": parts}:
            if depth:
                yield Line(depth=depth, phrase=("all of these",), held=held)
            for part in parts:
                yield from _lines(part, words, depth + 1 if depth else 0)
        case {"any": parts}:
            yield Line(depth=depth, phrase=("at least one of these",), held=held)
            for part in parts:
                yield from _lines(part, words, depth + 1)
        case {"not": part}:
            yield Line(depth=depth, phrase=("this must not be so",), held=held)
            yield from _lines(part, words, depth + 1)
        case {"segment": names}:
            named = listed([(vocabulary.named("segments", name),) for name in names], "or")
            yield Line(depth=depth, phrase=of("the visitor is in ", named), held=held)
        case {"attribute": name, "test": op, "value": operand}:
            missing = tree.get("missing")
            seen = f"{missing}" if missing else f"it is {value(name, tree.get('seen'), vocabulary)}"
            if not missing and op == "percent":
                seen = f"at {tree.get('seen')} %"
            elif not missing and name in YES_NO:  # the line says it already, where it is so
                seen = "" if held else YES_NO[name][0 if tree.get("seen") else 1]
            elif not missing and name == "time.hour":
                seen = f"the hour is {value(name, tree.get('seen'), vocabulary, unit=False)}"
            yield Line(depth=depth, phrase=(one_test(name, op, operand, vocabulary),), held=held, seen=seen)


def _candidate(row: Mapping[str, Any], words: Words, title: Callable[[str], str | None]) -> Shown:
    score = row.get("score")
    parts: list[Phrase] = []
    if score is not None:
        parts = [of(f"{one['amount']:+g} ", _actor(one["by"], words)) for one in score["boosts"]]
        if score["model"] is not None:
            parts.append((f"model {score['model']:.2f}",))
    return Shown(
        id=row["id"],
        title=title(row["id"]) or row["id"],
        kept=row["kept"],
        position=row.get("position"),
        why=_reason(row, words),
        score=None if score is None else number(round(score["total"], 3)),
        parts=tuple(parts),
    )


def _reason(row: Mapping[str, Any], words: Words) -> Phrase:
    if row["kept"]:
        return ("the slot’s default: nothing else was left",) if row["why"] == "default" else ("shown",)
    if row["why"] in ("only", "hide"):
        verb = "hidden by " if row["why"] == "hide" else "left out by "
        return of(verb, _actor(row["by"], words)) if "by" in row else (verb.removesuffix(" by "),)
    return (_DROPPED.get(row["why"], row["why"]),)


def _actor(by: Mapping[str, Any], words: Words) -> Phrase:
    if by.get("rule") is not None:
        return (words.vocabulary.named("rules", by["rule"]),)
    return of(words.vocabulary.named("experiments", by["experiment"]), f" (arm {by['arm']})")


def because(reason: Mapping[str, Any], words: Words) -> Phrase:
    """Why a block is in its place, from the answer's own reason."""
    by: Phrase = ()
    if reason.get("rule") is not None:
        by = (words.vocabulary.named("rules", reason["rule"]),)
    elif reason.get("experiment") is not None:
        arm = f", arm “{reason['arm']}”"
        by = of("the experiment ", words.vocabulary.named("experiments", reason["experiment"]), arm)
    match reason["kind"]:
        case "pin":
            return of("pinned by ", by)
        case "experiment":
            return of("because of ", by)
        case "default":
            return ("the slot’s default, because nothing else was left",)
        case "degraded":
            return ("a stand-in, because something failed on the way",)
    if by:
        return of("raised most by ", by)
    return (f"ranked by the model {reason['model']}",) if reason.get("model") else ("ranked by its date",)
