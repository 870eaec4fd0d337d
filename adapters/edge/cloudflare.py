"""Cloudflare, by the purge of cache tags in its API.

    POST https://api.cloudflare.com/client/v4/zones/ZONE/purge_cache
    Authorization: Bearer TOKEN
    {"tags": ["entry:shop/12", ...]}                  (up to 100)

answers `{"success": true, "errors": [], "messages": [], "result": {"id": "..."}}`; other answers have `success`
false, and errors of a code and a message. A 429 is obeyed by `Retry-After`. The token needs the permission Cache
Purge for the zone. **Every purge is hard**: Cloudflare has no soft one by tags. Its tags do not tell upper case from
lower, so keys that differ in nothing else are purged together.

Options: `zone`, `token` (required), `timeout_s` (5, of each request), `api_url`.

Tested against a local HTTP server that imitates the documented API, its limits and its errors; never against
Cloudflare.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from adapters.bounded import Bearer
from adapters.edge.asked import api_url, decoded, shown, timeout, token
from adapters.edge.keys import batches, checked
from adapters.edge.line import Answer, Ask, Line
from adapters.edge.port import EdgeAuthError, EdgeError, EdgeRefused
from adapters.options import OptionReader
from adapters.runtime import Runtime

MOST = 100
"""Tags of one request ("operations"), by Cloudflare's documentation, on every plan."""
AUTH_CODES = frozenset((6003, 9106, 10000))
"""Headers of authentication that are malformed, missing, or of nobody; not always with status 401 or 403."""
_ZONE = re.compile(r"[0-9a-f]{32}")


class CloudflarePurger:
    """Purges one zone. Safe to call from several threads."""

    def __init__(self, zone: str, line: Line, url: str, secret: str) -> None:
        self._url = f"{url}/zones/{zone}/purge_cache"
        self._line = line
        self._secret = secret

    def purge(self, keys: Sequence[str], *, hard: bool) -> None:  # noqa: ARG002 - there is no soft purge
        """See the port; always hard. Batches go out one after the other, up to the first that fails."""
        for batch in batches(checked(keys), most=MOST):
            ask = Ask(method="POST", url=self._url, headers={"Accept": "application/json"}, json={"tags": batch})
            self._believe(self._line.start(ask)())

    def close(self) -> None:
        """Closes the kept connection."""
        self._line.close()

    def _believe(self, answer: Answer) -> None:
        said = decoded(answer.body)
        if not isinstance(said, dict) or not isinstance(said.get("success"), bool):
            raise EdgeRefused(f"Cloudflare: status {answer.status} without its envelope: is api_url Cloudflare's?")
        if answer.status == 200 and said["success"]:
            return
        found = said.get("errors")
        first = found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else {}
        told = f"status {answer.status}, code {shown(str(first.get('code')), self._secret)}, "
        told += shown(first.get("message"), self._secret)
        if answer.status in (401, 403) or first.get("code") in AUTH_CODES:
            raise EdgeAuthError(f"Cloudflare: {told}: check the token, its permission Cache Purge, and its zones")
        raise EdgeRefused(f"Cloudflare: {told}{': check zone' if answer.status == 404 else ''}")


def build(options: Mapping[str, object], runtime: Runtime) -> CloudflarePurger:
    """Raises EdgeError naming every option that is wrong."""
    take = OptionReader(options)
    zone = take.required_text("zone")
    if zone and not _ZONE.fullmatch(zone):
        take.complain("zone", "want an id: 32 hexadecimal digits")
    secret = token(take)
    url = api_url(take, "https://api.cloudflare.com/client/v4")
    timeout_s = timeout(take)
    if problems := take.problems():
        raise EdgeError("; ".join(problems))
    return CloudflarePurger(zone, Line("Cloudflare", Bearer(secret), timeout_s, runtime), url, secret)
