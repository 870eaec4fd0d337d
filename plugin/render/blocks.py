"""Block templates in Jinja2's sandbox: a template of the site's editors can break its block, and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import nh3
from jinja2 import FileSystemLoader, Template, TemplateNotFound
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from rules import Block

_log = logging.getLogger(__name__)
LONGEST = 256 * 1024
_SCHEMES = frozenset({"", "http", "https", "mailto", "tel"})


def clean_markup(value: object) -> Markup:
    """Markup of rich text, with everything removed that can run."""
    return Markup(nh3.clean(value)) if isinstance(value, str) else Markup("")  # noqa: S704 - cleaned just now


def safe_url(value: object) -> str:
    """An address to link to, or "#" where it would run a script."""
    if not isinstance(value, str):
        return "#"
    try:
        scheme = urlsplit(value.strip().replace("\t", "").replace("\n", "").replace("\r", "")).scheme
    except ValueError:
        return "#"
    return value if scheme.lower() in _SCHEMES else "#"


def environment(folder: Path) -> ImmutableSandboxedEnvironment:
    """The sandbox: autoescape, no writing to values, no reading of internals."""
    sandbox = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folder), autoescape=True, auto_reload=False, cache_size=200
    )
    sandbox.filters["markup"] = clean_markup
    sandbox.filters["safe_url"] = safe_url
    return sandbox


class BlockRenderer:
    """Renders a block with `<type>.html` of a folder, else with `default.html`.

    `failures` counts the templates that failed; `on_failure` is told the type each time.
    """

    def __init__(self, folder: Path, on_failure: Callable[[str], None] | None = None) -> None:
        self._sandbox = environment(folder)
        self._on_failure = on_failure
        self._known: dict[str, str] = {}
        self.failures = 0

    def render(self, block: Block, presentation: Mapping[str, object]) -> str | None:
        """The markup of a block; None where its template fails, so that the caller has its JSON."""
        kind = block.type or "default"
        try:
            pieces = self._template(kind).generate(
                block={
                    "id": block.id,
                    "type": block.type,
                    "fields": block.fields,
                    "tags": list(block.tags),
                    "position": block.position,
                    "locale": block.locale,
                    "reason": block.reason.to_dict(),
                },
                presentation=dict(presentation),
            )
            return _joined(pieces)
        except Exception as error:  # noqa: BLE001 - a template is not our code: whatever it raises is its fault
            self._failed(kind, f"{type(error).__name__}: {error}")
            return None

    def _template(self, kind: str) -> Template:
        name = self._known.get(kind)
        if name is None:
            name = f"{kind}.html" if kind.replace("-", "").replace("_", "").isalnum() else "default.html"
            try:
                found = self._sandbox.get_template(name)
            except TemplateNotFound:
                name = "default.html"
                found = self._sandbox.get_template(name)
            if len(self._known) < 1000:
                self._known[kind] = name
            return found
        return self._sandbox.get_template(name)

    def _failed(self, kind: str, why: str) -> None:
        self.failures += 1
        _log.warning("the template of %r failed: %s", kind, why)
        if self._on_failure is not None:
            self._on_failure(kind)


def _joined(pieces: Iterable[str]) -> str:
    """Everything that a template gives; it is stopped as soon as that is too much. Raises ValueError."""
    found: list[str] = []
    left = LONGEST
    for piece in pieces:
        left -= len(piece)
        if left < 0:
            raise ValueError(f"longer than {LONGEST} characters")
        found.append(piece)
    return "".join(found)
