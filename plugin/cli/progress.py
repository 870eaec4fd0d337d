"""A progress bar for commands that read a whole CMS: on a terminal only, and never in what is piped on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

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
    with ExitStack() as closing:
        bars: list[Any] = []  # click does not export the type

        def answered() -> None:
            if not bars:  # a folder of files answers nothing, and gets no bar
                made = click.progressbar(count(), label="reading", show_pos=True, show_eta=False, file=sys.stderr)
                bars.append(closing.enter_context(made))
            bars[0].update(1)

        yield replace(runtime, progress=answered)
