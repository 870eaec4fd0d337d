"""What commands print: results on standard output, problems on standard error, sentences instead of stack traces."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from rules.errors import Problem

FORMATS = click.Choice(["text", "json"])
_format = click.option(
    "--format", "shape", type=FORMATS, default="text", show_default=True, help="How the result is printed."
)
_json = click.option("--json", "shape", flag_value="json", help="The same as --format json.")


def format_option(command: Callable[..., None]) -> Callable[..., None]:
    """Lets a command print JSON, by either option; it is given `shape`."""
    return _format(_json(command))


class ProblemsFound(click.ClickException):
    """Everything was said already: the command ends with code 1."""

    exit_code = 1

    def __init__(self) -> None:
        super().__init__("problems were found")

    def show(self, file: object = None) -> None:
        """Nothing more to say."""


class Failed(click.ClickException):
    """Code 1, after lines that say why."""

    exit_code = 1

    def __init__(self, lines: str | Iterable[str]) -> None:
        self.lines = [lines] if isinstance(lines, str) else list(lines)
        super().__init__("\n".join(self.lines))

    def show(self, file: object = None) -> None:  # noqa: ARG002 - click's signature
        """On standard error, each line by itself."""
        for line in self.lines:
            click.echo(f"tessera: {line}", err=True)


@contextmanager
def guarded() -> Iterator[None]:
    """Turn the errors that the parts of Tessera announce into sentences; any other is a fault of ours and shows."""
    from plugin.foreign import ForeignPackageError, check  # noqa: PLC0415 - before anything of `rules` is imported

    try:
        check()
    except ForeignPackageError as error:
        raise Failed(str(error)) from error
    from adapters.cms.port import CmsError  # noqa: PLC0415 - nothing heavy before a command needs it
    from adapters.models.port import ModelError  # noqa: PLC0415
    from adapters.registry import RegistryError  # noqa: PLC0415
    from plugin.errors import RulesRejected, SettingsError, TesseraError  # noqa: PLC0415
    from rules.errors import RuleError  # noqa: PLC0415

    try:
        yield
    except (RuleError, RulesRejected) as error:
        show_problems(error.problems)
        raise ProblemsFound from error
    except SettingsError as error:
        raise Failed([*error.problems, "see 'tessera config' and the documentation of the settings"]) from error
    except (TesseraError, CmsError, ModelError, RegistryError) as error:
        raise Failed(str(error)) from error


def show_problems(problems: Iterable[Problem]) -> None:
    """Each on a line of standard error: `file:line:col: message`, warnings marked as such."""
    for problem in problems:
        click.echo(problem_line(problem), err=True)


def problem_line(problem: Problem) -> str:
    """`file:line:col: message`; the JSON pointer stands for the place where there is no file."""
    mark = "warning: " if problem.severity == "warning" else ""
    return f"{problem.place}: {mark}{problem.message}"


def show_json(value: object) -> None:
    """JSON on standard output, indented, keys in the order given."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def show_table(rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> None:
    """Columns of text, two spaces apart; the last one is not padded."""
    lines = [tuple(header), *map(tuple, rows)] if header else [tuple(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        click.echo("  ".join(padded).rstrip())


def bad_usage(message: str, option: str | None = None) -> NoReturn:
    """End with code 2."""
    raise click.BadParameter(message, param_hint=None if option is None else f"'{option}'")


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 rule`, `2 rules`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def plain(value: Mapping[str, object]) -> dict[str, object]:
    """A mapping without what is not known."""
    return {name: item for name, item in value.items() if item is not None}
