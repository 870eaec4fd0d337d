"""An origin that follows the letter of the protocol and fails when told to: for faults that the real one does not have.

It is the site's frontend, too. Its pages show every header that they got: the worst that a frontend can do.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.contract.http_server import Reply, Request
from tests.integration.edge.operator import KEY

READS = {
    "home.hero": ("t-country", "t-device", "t-class"),
    "home.feed": ("t-utm-campaign", "t-locale"),
    "home.cart": None,
}
"""Which inputs the rules of a slot read; None: it is private."""
SHARED = "public, max-age=0, s-maxage=60, stale-while-revalidate=30"
ALWAYS = frozenset({"host", "accept-encoding", "user-agent", "x-varnish", "tessera-step", "connection", "via"})


@dataclass
class Standin:
    """Counts and keeps what it is asked.

    Attributes:
        version: of the rule set.
        shared: the `Cache-Control` of what may be shared.
        keys: that of key lookups.
        fault: asked first; what it answers is answered.
        headers: more of them on every page.
        reads: other inputs than `READS` has, by slot.
        state: that is published, said with every answer that may be shared; "": none.
        alike: what is said of values that are alike; "" where every value counts.
    """

    version: int = 7
    shared: str = SHARED
    keys: str = "public, max-age=0, s-maxage=600"
    headers: dict[str, str] = field(default_factory=dict)
    reads: dict[str, tuple[str, ...]] = field(default_factory=dict)
    alike: str = ""
    state: str = ""
    fault: Callable[[Request], Reply | None] = lambda _request: None
    asked: list[Request] = field(default_factory=list)
    made: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def reset(self) -> None:
        """As new, but for the version, which nothing that is stored knows yet."""
        self.version += 1
        self.shared, self.keys, self.headers, self.reads = SHARED, Standin.keys, {}, {}
        self.alike = self.state = ""
        self.fault = lambda _request: None
        self.asked.clear()

    def answer(self, request: Request) -> Reply:
        with self.lock:
            self.asked.append(request)
            self.made += 1
            number = self.made
        found = self.fault(request)
        if found is not None:
            return found
        if request.path == "/v1/audience":
            return self._audience(request)
        return self._page(request, number)

    def paths(self) -> list[str]:
        """What was asked since the last reset."""
        return [one.path for one in self.asked]

    def _audience(self, request: Request) -> Reply:
        if request.headers.get("t-edge") != "1" or request.headers.get("x-tessera-key") != KEY:
            return Reply.of({"type": "unauthorized"}, 401, Cache_Control="private, no-store")
        slots = request.query["slots"].split(",")
        known = {**READS, **self.reads}
        reads = sorted({name for slot in slots for name in known.get(slot) or ()})
        vary = {"Vary": ", ".join(name.title() for name in reads)} if reads else {}
        private = [slot for slot in slots if known.get(slot) is None]
        went_by, digest = request.headers.get("t-values"), self.alike.partition(" ")[0] or None
        if went_by != digest:
            vary["T-Values"] = self.alike or "none"
            if went_by is not None:
                refused = {"T-Error": "values", "T-Private": ",".join(slots), "T-Values": vary["T-Values"]}
                return Reply.of({}, 200, **{"Cache-Control": "private, no-store", **refused})
        headers = {"Cache-Control": self.keys, "xkey": "audience", **vary, **self._state()}
        if private:
            return Reply.of({}, 200, **{**headers, "T-Private": ",".join(private)})
        told = {slot: self._key(slot, request.headers) for slot in slots}
        return Reply.of({}, 200, **{**headers, "T-Key": ",".join(f"{slot}={key}" for slot, key in told.items())})

    def _state(self) -> dict[str, str]:
        return {"T-State": self.state} if self.state else {}

    def _key(self, slot: str, headers: Mapping[str, str]) -> str:
        said = "_".join(headers.get(name, "-") for name in self.reads.get(slot) or READS[slot] or ())
        return f"{self.version}.{''.join(one if one.isalnum() else '-' for one in said)}"

    def _page(self, request: Request, number: int) -> Reply:
        key = request.headers.get("t-key")
        shown = {name: value for name, value in request.headers.items() if name not in ALWAYS}
        where = f"{request.headers['host']} {request.method} {request.path} {sorted(request.query.items())}"
        body = f"{where} key={key} {sorted(shown.items())} body={request.body!r}".encode()
        if key is None and request.headers.get("tessera-step") != "keyed":
            return Reply(200, body, {"Cache-Control": "private, no-store", "Set-Cookie": "seen=1", **self.headers})
        if key is not None and f"={self.version}." not in key:
            return Reply.of({"type": "unknown-key"}, 409, Cache_Control="no-store", Vary="T-Key")
        headers = {
            "Cache-Control": self.shared,
            "Vary": "T-Key",
            "ETag": f'"{number}"',
            "X-Made": str(number),
            "xkey": "slot:home.hero entry:x/1",
            "Surrogate-Key": "slot:home.hero entry:x/1",
            "Cache-Tag": "slot:home.hero,entry:x/1",
            "CDN-Cache-Control": "max-age=60",
            "Cache-Status": "tessera; fwd=miss",
            **self._state(),
        }
        return Reply(200, body, headers | self.headers)
