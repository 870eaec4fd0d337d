"""What is kept for good, in SQLite (the embedded default) or PostgreSQL. No SQL is written elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, text

from plugin.ports import (
    Applying,
    Audit,
    ContentStore,
    DeadLetters,
    DraftStore,
    EventLog,
    EventTypes,
    HotOutbox,
    Identity,
    Leases,
    NoticeStore,
    Privacy,
    PurgeStore,
    Rekeying,
    Retention,
    RulesetStore,
    SegmentLists,
    VisitorReads,
)
from plugin.ports.serving import ServingStore
from plugin.store.content import SqlContent
from plugin.store.draft import SqlDraft
from plugin.store.engine import glancing, make_engine
from plugin.store.events_applying import SqlApplying
from plugin.store.events_dead import SqlDeadLetters
from plugin.store.events_leases import SqlLeases
from plugin.store.events_log import SqlEventLog
from plugin.store.events_types import SqlEventTypes
from plugin.store.notices import SqlNotices
from plugin.store.privacy import SqlPrivacy
from plugin.store.privacy_audit import SqlAudit
from plugin.store.privacy_rekey import SqlRekeying
from plugin.store.privacy_retention import SqlRetention
from plugin.store.purges import SqlPurges
from plugin.store.rulesets import SqlRulesets
from plugin.store.segments import SqlSegmentLists
from plugin.store.serving import SqlServing
from plugin.store.visitors import SqlVisitors
from plugin.store.visitors_hot import SqlHotOutbox
from plugin.store.visitors_identity import SqlIdentity
from plugin.store.watch import Watch

__all__ = ["Store", "open_store"]


@dataclass(frozen=True, slots=True)
class Store:
    """The repositories over one engine. Made once a process, after any fork."""

    engine: Engine
    rulesets: RulesetStore
    draft: DraftStore
    content: ContentStore
    notices: NoticeStore
    purges: PurgeStore
    serving: ServingStore
    leases: Leases
    applying: Applying
    visitors: VisitorReads
    hot_outbox: HotOutbox
    dead_letters: DeadLetters
    identity: Identity
    segment_lists: SegmentLists
    event_log: EventLog
    event_types: EventTypes
    privacy: Privacy
    audit: Audit
    retention: Retention
    rekeying: Rekeying
    watch: Watch

    def ping(self) -> None:
        """Raises: ServiceUnavailable where the database does not answer."""
        with glancing(self.engine) as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close the idle connections; the store may be used again, and connects anew."""
        self.visitors.close()
        self.watch.close()
        self.engine.dispose()


def open_store(url: str) -> Store:
    """The store at a database URL; connects on first use, and expects the tables of `plugin.store.migrate`.

    Raises:
        SettingsError: a database that is not supported, or whose driver is not installed.
    """
    engine = make_engine(url)
    watch = Watch(engine)
    return Store(
        engine=engine,
        rulesets=SqlRulesets(engine, watch),
        draft=SqlDraft(engine),
        content=SqlContent(engine, watch),
        notices=SqlNotices(engine, watch),
        purges=SqlPurges(engine, watch),
        serving=SqlServing(engine, watch),
        leases=SqlLeases(engine),
        applying=SqlApplying(engine, watch),
        visitors=SqlVisitors(engine),
        hot_outbox=SqlHotOutbox(engine, watch),
        dead_letters=SqlDeadLetters(engine),
        identity=SqlIdentity(engine),
        segment_lists=SqlSegmentLists(engine),
        event_log=SqlEventLog(engine),
        event_types=SqlEventTypes(engine),
        privacy=SqlPrivacy(engine),
        audit=SqlAudit(engine),
        retention=SqlRetention(engine),
        rekeying=SqlRekeying(engine),
        watch=watch,
    )
