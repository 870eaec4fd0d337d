"""Reading drafts from the sources while somebody waits: all sources at once, until a deadline, and never in its way."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from threading import Condition, Lock, Thread

from adapters.cms.port import AuthError, CmsError, Entry, Source, Unavailable
from plugin.errors import ServiceUnavailable
from plugin.service.previews.tokens import DraftRef

_log = logging.getLogger(__name__)
PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Drafted:
    """What came of one draft; `entry` None: what is published stays in place, and `detail` says why.

    Attributes:
        absent: whether the CMS answered, and has nothing to show.
    """

    ref: DraftRef
    entry: Entry | None
    detail: str | None = None
    absent: bool = False


class Drafts:
    """The configured sources, each opened when first asked and used by one thread at a time.

    A source that does not answer in time goes on by itself in its thread, within its own time-outs; until it is done,
    others who ask for it get no draft, and nobody waits longer than the patience.
    """

    def __init__(
        self,
        names: Collection[str],
        open_source: Callable[[str], Source],
        *,
        monotonic: Callable[[], float],
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.names = tuple(names)
        self._open = open_source
        self._monotonic = monotonic
        self._patience_s = patience_s
        self._opened: dict[str, Source] = {}
        self._opening = Lock()
        self._closed = False
        self._busy = {name: Lock() for name in self.names}

    def previews(self, name: str) -> bool:
        """Whether a source shows drafts; nothing is asked of it.

        Raises:
            ServiceUnavailable: it cannot be opened as it is configured.
        """
        try:
            return self._source(name).spec.previews
        except Exception as error:
            _log.exception("the source %s cannot be opened", name)
            raise ServiceUnavailable(f"The source {name!r} cannot be opened; see the log.") from error

    def read(self, refs: Sequence[DraftRef]) -> list[Drafted]:
        """Each draft, or why there is none, in the order asked. Takes at most about the patience."""
        deadline = self._monotonic() + self._patience_s
        found: dict[DraftRef, Drafted] = {}
        changed = Condition()
        for name in dict.fromkeys(ref.source for ref in refs):
            wanted = [ref for ref in dict.fromkeys(refs) if ref.source == name]

            def work(name: str = name, wanted: Sequence[DraftRef] = wanted) -> None:
                for drafted in self._of_source(name, wanted, deadline):
                    with changed:
                        found[drafted.ref] = drafted
                        changed.notify()

            Thread(target=work, name=f"tessera-drafts-{name}", daemon=True).start()
        with changed:
            while len(found) < len(set(refs)) and (left := deadline - self._monotonic()) > 0:
                changed.wait(left)
            return [found.get(ref) or Drafted(ref, None, "the CMS did not answer in time") for ref in refs]

    def close(self) -> None:
        """Close what was opened, once nobody uses it; a source that is still busy after the patience is closed too.

        What is asked afterwards gets no draft.
        """
        with self._opening:
            self._closed = True
            opened, self._opened = self._opened, {}
        deadline = self._monotonic() + self._patience_s
        for name, source in opened.items():
            free = self._busy[name].acquire(timeout=max(0.0, deadline - self._monotonic()))
            try:
                source.close()
            except Exception:  # noqa: BLE001 - an adapter may be somebody else's code; the others are closed all the same
                _log.exception("the source %s cannot be closed", name)
            finally:
                if free:
                    self._busy[name].release()

    def _of_source(self, name: str, wanted: Sequence[DraftRef], deadline: float) -> Iterator[Drafted]:
        if name not in self._busy:
            yield from (Drafted(ref, None, f"the source {name!r} is no longer configured") for ref in wanted)
        elif not self._busy[name].acquire(timeout=max(0.0, deadline - self._monotonic())):
            yield from (Drafted(ref, None, "the CMS is still busy with what was asked before") for ref in wanted)
        else:
            try:
                for ref in wanted:
                    if self._monotonic() < deadline:
                        yield self._one(ref)
            finally:
                self._busy[name].release()

    def _one(self, ref: DraftRef) -> Drafted:
        try:
            return Drafted(ref, self._source(ref.source).draft(ref.id, ref.locale, content_type=ref.type))
        except (Unavailable, AuthError) as error:
            _log.warning("%s: the draft of %s cannot be read: %s", ref.source, ref.id, error)
            return Drafted(ref, None, "the CMS cannot be read now")
        except CmsError as error:
            return Drafted(ref, None, str(error), absent=True)
        except Exception:  # noqa: BLE001 - an adapter may be somebody else's code; it is logged
            _log.exception("%s: the draft of %s cannot be read", ref.source, ref.id)
            return Drafted(ref, None, "the CMS cannot be read; see the log")

    def _source(self, name: str) -> Source:
        with self._opening:
            found = self._opened.get(name)
            if self._closed:
                raise Unavailable("this process is ending")
            if found is None:
                found = self._opened[name] = self._open(name)
            return found
