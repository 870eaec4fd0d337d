"""What is wrong with rules that check."""

from __future__ import annotations

from rules.document import Document


class Finding: ...


def analyse(document: Document) -> list[Finding]:
    return []
