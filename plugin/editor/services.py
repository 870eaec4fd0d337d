"""What the editors' pages are given: the services that they call, and Protocols of what else they touch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from plugin.editor.vocabulary import Attribute
from plugin.service.commands import SimulateRequest
from plugin.service.content.management import Contents
from plugin.service.previews.preview import Previews
from plugin.service.rulesets.draft import Drafting
from plugin.service.rulesets.publish import Publishing
from plugin.service.segments.services import SegmentServices


class Caller(Protocol):
    """The holder of a key."""

    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def scopes(self) -> frozenset[str]: ...


class Place(Protocol):
    """Where something stands in a text, from 1; None where that is not known."""

    @property
    def line(self) -> int | None: ...
    @property
    def column(self) -> int | None: ...


class Parsed(Protocol):
    """A text that was read as YAML."""

    @property
    def data(self) -> Any: ...  # noqa: ANN401  # any JSON

    def place(self, path: tuple[str | int, ...], at_key: bool = False) -> Place:
        """Where the value at a path stands, or its key."""
        ...


@dataclass(frozen=True, kw_only=True)
class EditorServices:
    """Everything that the pages work with.

    Attributes:
        simulate: a decision that is never counted, as the JSON of the answer; raises TesseraErrors.
        authenticate: the holder of a key, compared in constant time; raises Unauthorized.
        read_yaml: reads a text by YAML 1.2; raises RulesRejected with the places of what does not parse.
        attributes: the catalogue of attributes that every site has.
        templates: the folder that holds `editor/`.
        signing_key: of sessions.
        secure: whether the pages are served over TLS, so that the session's cookie must be too.
        block_styles: addresses of the site's style sheets, for previews of its blocks.
        segments: who is in which; None: the pages do not say.
        previews: makes links that show drafts; None: the pages offer none.
        preview_page: the page that such a link leads to unless another is named; "" for the API's answer.
        clock: aware UTC.
        new_nonce: at least 16 random characters of URLs.
    """

    publishing: Publishing
    drafting: Drafting
    contents: Contents
    simulate: Callable[[SimulateRequest], Mapping[str, Any]]
    authenticate: Callable[[str], Caller]
    read_yaml: Callable[[str], Parsed]
    attributes: Mapping[str, Attribute]
    templates: Path
    signing_key: str = field(repr=False)
    secure: bool
    block_styles: tuple[str, ...] = ()
    segments: SegmentServices | None = None
    previews: Previews | None = None
    preview_page: str = ""
    clock: Callable[[], datetime]
    new_nonce: Callable[[], str]
