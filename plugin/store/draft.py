"""The working document, changed by compare-and-set."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Engine, select, update

from plugin.errors import PreconditionFailed
from plugin.ports import JSON, Draft
from plugin.store.canonical import digest
from plugin.store.engine import reading, writing
from plugin.store.rulesets import document_text
from plugin.store.tables import draft


class SqlDraft:
    """`plugin.ports.DraftStore` in SQL: one row."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self) -> Draft:
        with reading(self._engine) as tx:
            row = tx.execute(select(draft)).one()
        return Draft(row.revision, json.loads(row.document), row.digest, row.updated_at, row.author)

    def replace(self, document: Mapping[str, JSON], *, expected: int, author: str, now: datetime) -> Draft:
        text = document_text(document)
        with writing(self._engine) as tx:
            held = tx.execute(select(draft.c.revision).with_for_update()).scalar_one()
            if held != expected:
                raise PreconditionFailed(f"The draft is at revision {held}, not {expected}.")
            made = Draft(held + 1, json.loads(text), digest(text), now, author)
            tx.execute(
                update(draft).values(
                    revision=made.revision, document=text, digest=made.digest, updated_at=now, author=author
                )
            )
        return made
