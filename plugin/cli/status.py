"""How content comes from each source, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

from plugin.cli.output import counted
from plugin.settings import Settings
from plugin.wiring.system import now

if TYPE_CHECKING:
    from plugin.service.health import SourceHealth
    from plugin.store import Store


def look(settings: Settings, store: Store) -> Sequence[SourceHealth]:
    """Every configured source. Raises OptionsError, ServiceUnavailable."""
    from adapters.cms.tables import split_tables  # noqa: PLC0415
    from plugin.service.health import Readiness  # noqa: PLC0415

    sources = list(settings.sources.values())
    return Readiness(
        ping=store.ping,
        rulesets=store.rulesets,
        content=store.content,
        notices=store.notices,
        purges=store.purges,
        sources=sources,
        webhooks=[one.name for one in sources if split_tables(one.options).webhook is not None],
        serving=lambda: None,
        clock=now,
    ).sources()


def as_dict(source: SourceHealth) -> dict[str, object]:
    """For JSON: the names of `/v1/sources`, spans in seconds."""
    spans = {"age", "oldest", "lag", "swept", "overdue_for"}
    return {f"{name}_s" if name in spans else name: _seconds(value) for name, value in asdict(source).items()}


def as_text(source: SourceHealth) -> str:
    """One line, and one more for what is wrong."""
    parts = [
        f"{source.name} ({source.adapter}{', webhook' if source.webhook else ''}):",
        "never synced" if source.age is None else f"synced {_ago(source.age)} ago",
        f"{source.waiting} outstanding, {source.settling} settling, {source.failing} failing,",
        counted(source.problems, "problem"),
    ]
    if source.overdue:
        parts.append(f"({source.overdue} waiting for the announced version)")
    if source.lag is not None:
        parts.append(f"(latest notice took {source.lag.total_seconds():.2f} s)")
    line = " ".join([f"{parts[0]} {parts[1]};", *parts[2:]])
    return f"{line}\n  {source.error}" if source.error else line


def _seconds(value: object) -> object:
    return value.total_seconds() if isinstance(value, timedelta) else value


def _ago(span: timedelta) -> str:
    seconds = span.total_seconds()
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
