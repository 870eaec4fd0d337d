"""Fastly, by the batch purge of surrogate keys in its API.

    POST https://api.fastly.com/service/SERVICE/purge
    Fastly-Key: TOKEN
    Fastly-Soft-Purge: 1                              (for a soft purge)
    {"surrogate_keys": ["entry:shop/12", ...]}        (up to 256)

answers 200 with an object that has an id for each key. A 429 is obeyed by `Retry-After`, else by
`Fastly-RateLimit-Reset`, a time in seconds since 1970. The token needs the scope `purge_select` for the service. A
soft purge is served stale for as long as the answer's own headers say.

Options: `service`, `token` (required), `timeout_s` (5, of each request), `api_url`.

Tested against a local HTTP server that imitates the documented API, its limits and its errors; never against Fastly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from adapters.edge.asked import api_url, decoded, shown, timeout, token
from adapters.edge.keys import batches, checked
from adapters.edge.line import Answer, Ask, Line, Secret
from adapters.edge.port import EdgeAuthError, EdgeError, EdgeRefused
from adapters.options import OptionReader
from adapters.runtime import Runtime

MOST = 256
"""Keys of one request, by Fastly's documentation."""
_SERVICE = re.compile(r"[A-Za-z0-9]{1,64}")


class FastlyPurger:
    """Purges one service. Safe to call from several threads."""

    def __init__(self, service: str, line: Line, url: str, secret: str) -> None:
        self._url = f"{url}/service/{service}/purge"
        self._line = line
        self._secret = secret

    def purge(self, keys: Sequence[str], *, hard: bool) -> None:
        """See the port. Batches go out one after the other, up to the first that fails."""
        headers = {"Accept": "application/json"} | ({} if hard else {"Fastly-Soft-Purge": "1"})
        for batch in batches(checked(keys), most=MOST):
            ask = Ask(method="POST", url=self._url, headers=headers, json={"surrogate_keys": batch})
            self._believe(self._line.start(ask)(), batch)

    def close(self) -> None:
        """Closes the kept connection."""
        self._line.close()

    def _believe(self, answer: Answer, batch: Sequence[str]) -> None:
        said = decoded(answer.body)
        if answer.status == 200:
            if isinstance(said, dict) and all(key in said for key in batch):
                return
            raise EdgeRefused("Fastly: status 200 without an id for each key: is api_url Fastly's?")
        message = shown(said.get("detail") or said.get("msg") if isinstance(said, dict) else None, self._secret)
        if answer.status in (401, 403):
            raise EdgeAuthError(
                f"Fastly: status {answer.status}, {message}: check the token, its scope purge_select, and its services"
            )
        advice = ": check service" if answer.status == 404 else ""
        raise EdgeRefused(f"Fastly: status {answer.status}, {message}{advice}")


def build(options: Mapping[str, object], runtime: Runtime) -> FastlyPurger:
    """Raises EdgeError naming every option that is wrong."""
    take = OptionReader(options)
    service = take.required_text("service")
    if service and not _SERVICE.fullmatch(service):
        take.complain("service", "want an id: letters and digits")
    secret = token(take)
    url = api_url(take, "https://api.fastly.com")
    timeout_s = timeout(take)
    if problems := take.problems():
        raise EdgeError("; ".join(problems))
    line = Line("Fastly", Secret("Fastly-Key", secret), timeout_s, runtime, reset=_reset)
    return FastlyPurger(service, line, url, secret)


def _reset(headers: Mapping[str, str], now: float) -> float | None:
    value = headers.get("Fastly-RateLimit-Reset", "").strip()
    return max(0.0, int(value) - now) if value.isascii() and value.isdigit() and len(value) < 12 else None
