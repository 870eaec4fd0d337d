"""The file of registered documents: a JSON object of texts by their SHA-256, as build tools of clients write it."""

from __future__ import annotations

import json
from pathlib import Path

from graphql import GraphQLError, parse

from plugin.errors import SettingsError, TesseraError
from plugin.graphql.limits import MOST_TOKENS, judge_document, judge_text
from plugin.graphql.persisted import hash_of

MOST_BYTES = 16 * 1024 * 1024


def read_registered(path: Path) -> dict[str, str]:
    """Read it. Raises: SettingsError with everything that is wrong.

    Whether a document holds in the schema is found out when it is asked for: content may bring its types later.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SettingsError([f"graphql_documents: {path.name} has more than {MOST_BYTES} bytes"])
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError([f"graphql_documents: {path.name} cannot be read as JSON: {error}"]) from error
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise SettingsError([f"graphql_documents: {path.name} is no JSON object of texts by their SHA-256"])
    problems = [problem for name, text in found.items() if (problem := _problem(name, text))]
    if problems:
        raise SettingsError([f"graphql_documents: {problem}" for problem in problems])
    return found


def _problem(name: str, text: str) -> str | None:
    if name != hash_of(text):
        return f"{name[:80]!r} is not the SHA-256 of its document"
    try:
        judge_text(text)
        judge_document(parse(text, max_tokens=2 * MOST_TOKENS, allow_empty_selection_sets=False))
    except (GraphQLError, TesseraError) as error:
        return f"{name}: {error}"
    return None
