"""The published state in this process: read from the stores, compiled, and put in place at once."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event, Lock, Thread

import msgspec

from plugin.edge.answers import surrogates_of
from plugin.errors import ServiceUnavailable, TesseraError
from plugin.flow.types import Site
from plugin.ports import ContentSnapshot, ContentStore, RulesetStore
from plugin.service.content.entries import as_content, block_text
from rules import Content, RuleError, Ruleset, load
from rules.shared_slots import SharedSlots
from rules.wanted import wanted_by

_log = logging.getLogger(__name__)
MOST_REPLACED = 16
MOST_PARTLY = 64
QUIET_S = 5.0


class Sites:
    """Holds the current `Site`. A request takes it once and so never sees half of two versions.

    Attributes:
        is_sure: whether the last look found that this state is what is published; caches should not keep it for long
            where it is not.
    """

    def __init__(self, rulesets: RulesetStore, content: ContentStore, *, poll_s: float) -> None:
        self._rulesets = rulesets
        self._content = content
        self._poll_s = poll_s
        self._site: Site | None = None
        self._made_of: tuple[Site, ContentSnapshot] | None = None  # the entries of a state, in the order of its content
        self._epochs: tuple[int, int] | None = None
        self._refused: tuple[int, int] | None = None
        self._replaced = 0  # states since what is gone was last collected
        self._partly = 0  # how often it was collected since everything was last walked
        self._quiet_s = 0.0
        self._refreshing = Lock()
        self._stop = Event()
        self._thread: Thread | None = None
        self.last_error: str | None = None
        self.is_sure = True
        self.remarks: tuple[str, ...] = ()
        self.on_change: list[Callable[[Site], None]] = []
        self.on_look: list[Callable[[Site | None], None]] = []  # told after each look of the thread

    def current(self) -> Site:
        """The published state. Raises ServiceUnavailable before there is any."""
        site = self._site
        if site is None:
            self.refresh()
            site = self._site
        if site is None:
            raise ServiceUnavailable(
                self.last_error or "no rule set is published yet; publish one with 'tessera rules publish'"
            )
        return site

    @property
    def site(self) -> Site | None:
        """The published state, or None before there is any."""
        return self._site

    def refresh(self) -> bool:
        """Read the stores' epochs; where one moved, build the new state and put it in place. True where it did.

        A state that cannot be built is reported in `last_error`, and the one before goes on serving.
        """
        with self._refreshing:
            try:
                epochs = (self._rulesets.epoch(), self._content.epoch())
                self.is_sure = epochs == self._epochs
                if epochs in (self._epochs, self._refused):
                    return False
                with _uncollected():
                    built = self._build(epochs[0])
                    if built is not None and self._site is None:
                        _spare_the_collector()  # before it is on again, for it would begin with all of that
            except (TesseraError, RuleError, ValueError) as error:
                if self.last_error != str(error):
                    _log.error("the published state cannot be built; the one before goes on serving: %s", error)
                self.last_error = str(error)
                self.is_sure = False
                if not isinstance(error, TesseraError):
                    # What it is made of is wrong, and stays so until it changes; a store that fails is asked again.
                    self._refused = epochs
                return False
            self._epochs = epochs
            self._refused = None
            self.is_sure = True
            self.last_error = None
            if built is None:
                return False
            if self._site is not None and self._site.shared.is_asked:
                built.shared.prepare()
            if self._site is not None and self._site.ruleset is not built.ruleset:
                self._partly = MOST_PARTLY
            if self._site is not None:
                self._replaced += 1
            self._site = built
            self._quiet_s = 0.0
            for notify in self.on_change:
                notify(built)
            return True

    def _build(self, rules_epoch: int) -> Site | None:
        before = self._site
        if before is not None and self._epochs is not None and self._epochs[0] == rules_epoch:
            # The content alone moved: the document is long, and need not be read again.
            ruleset, number, born = before.ruleset, before.version, before.born
            epoch = before.revision.partition(".")[0]
        else:
            published = self._rulesets.published()
            if published is None:
                return None
            version = published.version
            number, epoch, born = (
                version.number,
                f"{published.epoch}",
                f"{version.number} {version.created_at.isoformat()}",
            )
            if before is not None and before.version == number:
                ruleset = before.ruleset
            else:
                ruleset = load(msgspec.json.decode(version.document), name=f"version {number}", stored=True)
        made_of = self._made_of[1] if self._made_of is not None and self._made_of[0] is before else None
        snapshot = self._content.snapshot(made_of)
        # What is as it was goes on as the same objects, and so does what was worked out for it.
        known: Mapping[int, Mapping[str, object]] = {}
        if before is not None and made_of is not None:
            pairs = zip(made_of.entries, before.content.candidates, strict=True)
            known = {id(stored): one.entry for stored, one in pairs}
        entries = [known.get(id(entry)) or as_content(entry) for entry in snapshot.entries]
        content = ruleset.prepare(entries, before=before.content if before is not None else None)
        self._report(content)
        built = site_of(
            ruleset,
            content,
            number,
            f"{epoch}.{snapshot.epoch}",
            sources=[entry.source for entry in snapshot.entries],
            born=born,
            before=before,
        )
        self._made_of = (built, snapshot)
        return built

    def _report(self, content: Content) -> None:
        """Say once what of the content can never be shown."""
        found = [
            f"the tag 'audience:{name}' names no segment, so that nobody sees {_listed(ids)}"
            for name, ids in content.unknown_audiences.items()
        ]
        if content.repeated:
            found.append(f"two entries have the id of {_listed(content.repeated)}; only the newer is shown")
        for sentence in found:
            if sentence not in self.remarks:
                _log.warning("%s", sentence)
        self.remarks = tuple(found)

    def start(self) -> None:
        """Poll in a thread of this process; call after forking."""
        if self._thread is None or not self._thread.is_alive():
            self._stop.clear()
            self._thread = Thread(target=self._run, name="tessera-published-state", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
            self._thread = None

    def _run(self) -> None:
        wait_s = 0.0
        while not self._stop.wait(wait_s):
            wait_s = self._poll_s
            try:
                self.refresh()
                for notify in self.on_look:
                    notify(self._site)
                self._tidy()  # last, for whoever waits until this state is served need not wait for that
            except Exception:  # noqa: BLE001 - the thread must outlive what nobody foresaw; it is logged and shown
                _log.exception("reading the published state failed")
                self.last_error = "reading the published state failed; see the log"

    def _tidy(self) -> None:
        """Collect what states before this one left, once it has been quiet, or there were many of them.

        To walk everything there is costs more than to build a state. Rules refer to each other in circles, and go only
        so; content does not, and only now and then is it looked whether anything of it is left all the same.
        """
        self._quiet_s += self._poll_s
        if self._replaced >= MOST_REPLACED or (self._replaced and self._quiet_s >= QUIET_S):
            self._replaced = 0
            self._partly += 1
            if self._partly >= MOST_PARTLY:
                self._partly = 0
                gc.unfreeze()
            gc.collect()
            _spare_the_collector()


def _listed(names: Sequence[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _spare_the_collector() -> None:
    """What was just built lives until the next publication: it need not be walked again and again."""
    gc.freeze()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector: of the millions of values that a state is built of, it would walk all again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def site_of(
    ruleset: Ruleset,
    content: Content,
    version: int,
    revision: str,
    *,
    sources: Sequence[str] = (),
    born: str = "",
    before: Site | None = None,
) -> Site:
    """A rule set and content as one state, with what requests need worked out.

    Args:
        sources: of the entries in order.
        before: a state of which what is the same is taken over.
    """
    slots = {slot: ruleset.compiled(slot) for slot in ruleset.slots}
    shared = SharedSlots(ruleset, content, before.shared if before is not None else None)
    written = before.texts if before is not None else {}
    surrogates = before.surrogates if before is not None and before.ruleset is ruleset else None
    return Site(
        version=version,
        revision=revision,
        ruleset=ruleset,
        content=content,
        texts={id(one.entry): written.get(id(one.entry)) or block_text(one.entry) for one in content.candidates},
        reads={slot: reads.attributes for slot, reads in shared.reads.items()},
        wanted=wanted_by(ruleset),
        shared=shared,
        public_segments=frozenset(one.id for one in ruleset.document.segments if one.public),
        surrogates=surrogates or {name: surrogates_of(one) for name, one in slots.items()},
        strict=frozenset(name for name, one in slots.items() if any(rule.strict for rule in one.rules)),
        sources={id(one.entry): source for one, source in zip(content.candidates, sources, strict=False)},
        born=born,
    )
