"""A progress bar for commands that read a whole CMS: on a terminal only, and never in what is piped on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from adapters.runtime import Runtime


@contextmanager
def reading() -> Iterator[Runtime]:
    """A runtime for sources that shows each answer of a CMS as it comes; how many there will be, none of them says."""
    from adapters.runtime import Runtime as System  # noqa: PLC0415

    runtime = System.system()
    if not sys.stderr.isatty():
        yield runtime
        return
    with click.progressbar(length=None, label="reading", show_pos=True, show_eta=False, file=sys.stderr) as bar:  # type: ignore[var-annotated]
        yield replace(runtime, progress=lambda: bar.update(1))
