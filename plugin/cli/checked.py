"""The result of `tessera cms check` for one source, for people and as JSON."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click

from adapters.cms.port import CmsError
from adapters.registry import RegistryError
from adapters.runtime import Runtime
from plugin.cli.output import counted
from plugin.cli.survey import MOST_EXAMPLES, Survey, chosen, described, lines, survey
from plugin.settings import Settings
from plugin.wiring.sources import open_source


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found; `error` where the source could not be read."""

    name: str
    adapter: str
    found: Survey
    error: str | None = None

    @classmethod
    def of(cls, settings: Settings, name: str) -> Checked:
        """Reads one source."""
        adapter = settings.sources[name].adapter
        try:
            with closing(open_source(settings.sources[name], Runtime.system())) as source:
                return cls(name, adapter, survey(source))
        except (CmsError, RegistryError) as error:
            return cls(name, adapter, Survey(), str(error))

    @property
    def failed(self) -> bool:
        """Whether something could not be read."""
        return self.error is not None or self.found.failed

    def to_dict(self, most: int, now: datetime) -> dict[str, Any]:
        """As JSON."""
        found = self.found
        return {
            "adapter": self.adapter,
            "error": self.error,
            "candidates": len(found.candidates),
            "types": dict(sorted(found.types.items())),
            "locales": dict(sorted(found.locales.items())),
            "ignored": [
                {"reason": reason, "count": len(ids), "ids": ids[:MOST_EXAMPLES]}
                for reason, ids in found.ignored.items()
            ],
            "problems": [
                {
                    "where": one.where,
                    "reason": one.reason,
                    "id": one.key.id if one.key else None,
                    "locale": one.key.locale if one.key else None,
                    "blocking": one.blocking,
                }
                for one in found.problems
            ],
            "unused": found.unused,
            "entries": [described(one, now) for one in chosen(found.candidates, most)],
        }

    def show(self, most: int, now: datetime) -> None:
        """Results on standard output, problems on standard error."""
        if self.error is not None:
            click.echo(f"{self.name}: {self.error}", err=True)
            return
        found = self.found
        for problem in found.problems:
            mark = "" if problem.blocking else "warning: "
            click.echo(f"{self.name}: {problem.where}: {mark}{problem.reason}", err=True)
        for sentence in found.unused:
            click.echo(f"{self.name}: warning: {sentence}", err=True)
        click.echo(
            f"{self.name}: {counted(len(found.candidates), 'entry', 'entries')} ({_tally(found.types)});"
            f" languages: {_tally(found.locales)}"
        )
        for reason, ids in found.ignored.items():
            examples = ", ".join(ids[:MOST_EXAMPLES]) + (", …" if len(ids) > MOST_EXAMPLES else "")
            click.echo(f"{self.name}: {counted(len(ids), 'entry', 'entries')} ignored, {reason}: {examples}")
        for one in chosen(found.candidates, most):
            click.echo()
            for line in lines(one, now):
                click.echo(f"  {line}")


def _tally(counts: Counter[str]) -> str:
    return ", ".join(f"{word} {number}" for word, number in sorted(counts.items())) or "none"
