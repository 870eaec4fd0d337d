"""Who hears what a site announces: a local server that verifies each request as Tessera does, and keeps the notices."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from adapters import registry
from adapters.cms.hooks import HookError, HookRequest, Notice
from adapters.runtime import Runtime
from tests.contract.http_server import Reply, Request, serve
from tests.integration.cms.wagtail_site import SECRET

PATH = "/webhooks/cms/wagtail"
PATIENCE_S = 90


@dataclass
class Witness:
    """Notices as they came, each request a batch. `answers` are given first, one a request, instead of 202."""

    url: str = ""
    batches: list[tuple[Notice, ...]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    answers: list[Reply] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def take(self, request: Request) -> Reply:
        hook = registry.hook("wagtail")({"secret": SECRET}, Runtime.system())
        with self.changed:
            try:
                asked = HookRequest(request.method, request.path, request.headers, request.body)
                notices = hook.read(asked, time.time())
            except HookError as fault:
                self.refused.append(str(fault))
                return Reply(401)
            if self.answers:
                return self.answers.pop(0)
            self.batches.append(notices)
            self.changed.notify_all()
        return Reply(202)

    def heard(self) -> set[Notice]:
        """Everything since the last `forget`, without the versions."""
        with self.changed:
            return {notice._replace(version=None) for batch in self.batches for notice in batch}

    def announced(self, id_: str) -> list[object]:
        """The versions that were announced of something, in the order in which they came."""
        with self.changed:
            return [notice.version for batch in self.batches for notice in batch if notice.id == id_]

    def forget(self) -> None:
        with self.changed:
            self.batches.clear()

    def wait(self, enough: Callable[[set[Notice]], bool]) -> set[Notice]:
        """Until what was heard is enough; what was heard."""
        with self.changed:
            came = self.changed.wait_for(lambda: enough(self.heard()), PATIENCE_S)
        assert came, f"heard only {self.heard()}"
        return self.heard()


@contextmanager
def listening() -> Iterator[Witness]:
    """A witness on a free port, for a site's `TESSERA_WEBHOOK_URL`."""
    witness = Witness()
    witness.changed = threading.Condition(threading.RLock())
    with serve(witness.take) as url:
        witness.url = f"{url}{PATH}"
        yield witness
