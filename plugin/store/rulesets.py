"""Rule-set versions and the pointer to the published one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime

from sqlalchemy import Connection, Engine, RowMapping, select, update

from plugin.errors import Conflict, FieldError, NotFound, PreconditionFailed, ValidationFailed
from plugin.ports import JSON, Action, Differing, Page, Publication, Published, RulesetSummary, RulesetVersion
from plugin.store import cursors
from plugin.store.canonical import NotJson, canonical, digest
from plugin.store.engine import reading, writing
from plugin.store.purges import put_audience
from plugin.store.tables import ruleset_head as head
from plugin.store.tables import ruleset_history as history
from plugin.store.tables import ruleset_versions as versions
from plugin.store.watch import Kept, Watch

_NUMBERS = range(1, 2**31)  # beyond an INTEGER, the databases raise errors of their own
_SUMMARY = [versions.c[field.name] for field in fields(RulesetSummary)]


class SqlRulesets:
    """`plugin.ports.RulesetStore` in SQL."""

    def __init__(self, engine: Engine, watch: Watch) -> None:
        self._engine = engine
        self._epoch = Kept(watch, watch.look(select(head.c.epoch)))

    def save(self, document: Mapping[str, JSON], *, author: str, note: str = "", now: datetime) -> RulesetVersion:
        text = document_text(document)
        with writing(self._engine) as tx:
            # The counter's row lock makes savers wait for each other, and its rollback leaves no gap.
            number = tx.execute(
                update(head).values(last_number=head.c.last_number + 1).returning(head.c.last_number)
            ).scalar_one()
            version = RulesetVersion(number, digest(text), now, author, note, text)
            tx.execute(versions.insert().values(asdict(version)))
        return version

    def get(self, number: int) -> RulesetVersion:
        with reading(self._engine) as tx:
            return _version(tx, number)

    def page(self, *, after: str | None = None, limit: int = 50) -> Page[RulesetSummary]:
        wanted = select(*_SUMMARY).order_by(versions.c.number.desc()).limit(cursors.size(limit) + 1)
        if after is not None:
            wanted = wanted.where(versions.c.number < cursors.decode(after, int)[0])
        with reading(self._engine) as tx:
            found = [RulesetSummary(**row) for row in tx.execute(wanted).mappings()]
        return cursors.page(found, limit, lambda summary: (summary.number,))

    def epoch(self) -> int:
        epoch: int = self._epoch()[0][0]
        return epoch

    def published(self) -> Published | None:
        with reading(self._engine) as tx:
            epoch, number = tx.execute(select(head.c.epoch, head.c.published)).one()
            return None if number is None else Published(epoch, _version(tx, number))

    def publish(
        self,
        number: int,
        *,
        author: str,
        note: str = "",
        now: datetime,
        expected_epoch: int | None = None,
        action: Action = "publish",
        differing: Differing | None = None,
    ) -> Publication:
        with writing(self._engine) as tx:
            epoch, previous = tx.execute(select(head.c.epoch, head.c.published).with_for_update()).one()
            if expected_epoch is not None and expected_epoch != epoch:
                raise PreconditionFailed(f"The pointer is at epoch {epoch}, not {expected_epoch}.")
            _check_exists(tx, number)
            if action == "rollback" and not _was_published(tx, number):
                raise Conflict(f"Version {number} was never published; there is nothing to roll back to.")
            made = Publication(epoch + 1, number, previous, action, now, author, note)
            tx.execute(history.insert().values(asdict(made)))
            tx.execute(update(head).values(epoch=made.epoch, published=number))
            slots = differing.slots if differing is not None and differing.previous == previous else None
            put_audience(tx, now=now, rules=made.epoch, slots=slots)
        return made

    def history(self, *, after: str | None = None, limit: int = 50) -> Page[Publication]:
        wanted = select(history).order_by(history.c.epoch.desc()).limit(cursors.size(limit) + 1)
        if after is not None:
            wanted = wanted.where(history.c.epoch < cursors.decode(after, int)[0])
        with reading(self._engine) as tx:
            found = [Publication(**row) for row in tx.execute(wanted).mappings()]
        return cursors.page(found, limit, lambda publication: (publication.epoch,))


def document_text(document: Mapping[str, JSON]) -> str:
    """Raises: ValidationFailed where the document is not JSON that can be kept."""
    try:
        return canonical(document)
    except NotJson as error:
        raise ValidationFailed([FieldError("", f"the document cannot be kept: {error}")]) from error


def _version(tx: Connection, number: int) -> RulesetVersion:
    found: RowMapping | None = None
    if number in _NUMBERS:
        found = tx.execute(select(versions).where(versions.c.number == number)).mappings().one_or_none()
    if found is None:
        raise NotFound(f"There is no rule-set version {number}.")
    return RulesetVersion(**found)


def _check_exists(tx: Connection, number: int) -> None:
    known = select(versions.c.number).where(versions.c.number == number)
    if number not in _NUMBERS or tx.execute(known).first() is None:
        raise NotFound(f"There is no rule-set version {number}.")


def _was_published(tx: Connection, number: int) -> bool:
    return tx.execute(select(history.c.epoch).where(history.c.number == number).limit(1)).first() is not None
