"""Telling each Varnish, and what each answered."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from adapters.bounded import url_fault
from adapters.edge.asked import timeout
from adapters.edge.keys import batches, checked
from adapters.edge.line import Answer, Ask, Line, Secret
from adapters.edge.port import LONGEST_KEY, EdgeAuthError, EdgeError, EdgeRefused, EdgeUnavailable, State
from adapters.options import OptionReader
from adapters.runtime import Runtime

METHOD = "TESSERAPURGE"
MOST_CACHES = 64
MOST_LATE = 4_000
"""Characters of the keys of one second purge: Varnish writes them several times in making a ban of them, and the room
that it has for a request does not grow with its headers."""
_SECRET = re.compile(r"[!-~]{16,256}")
_ADVICE: Mapping[str, tuple[type[EdgeError], str]] = {
    "address": (EdgeAuthError, "this machine's address is not in the ACL tessera_purgers"),
    "secret": (EdgeAuthError, "the secret is not that of tessera_purge_secret in its VCL"),
    "unset": (EdgeAuthError, "tessera_purge_secret in its VCL sets no secret of 16 characters or more"),
    "request": (EdgeRefused, "its tessera_purge.vcl is of another release: install that of this one"),
    "ban": (EdgeRefused, "it takes no ban: see std.ban_error in its log"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a purge at one cache; `fault` is None where all keys were purged."""

    url: str
    fault: EdgeError | None


class VarnishPurger:
    """Purges several caches as one. Safe to call from several threads."""

    def __init__(self, urls: Sequence[str], secret: str, timeout_s: float, header_bytes: int, runtime: Runtime) -> None:
        auth = Secret("Tessera-Purge-Secret", secret)
        self._lines = {url: Line(url, auth, timeout_s, runtime, direct=True) for url in urls}
        self._header_bytes = header_bytes

    def purge(self, keys: Sequence[str], *, hard: bool) -> None:
        """See the port; every cache is told, and the error says of each that failed what to do."""
        _raise(self.tell(keys, hard=hard))

    def purge_late(self, keys: Sequence[str], *, hard: bool, state: State) -> None:
        """See the port."""
        _raise(self.tell(keys, hard=hard, state=state))

    def tell(self, keys: Sequence[str], *, hard: bool, state: State | None = None) -> tuple[Told, ...]:
        """Purge, and give what became of it at each cache, in the order of the options; a cache that failed is sent
        no further batch. With a state, what was made of it or of a later one is spared.

        Raises:
            EdgeRefused: for what is no key; then no cache is told.
        """
        faults: dict[str, EdgeError | None] = dict.fromkeys(self._lines)
        most_chars = self._header_bytes if state is None else min(self._header_bytes, MOST_LATE)
        for batch in batches(checked(keys), most=len(keys), most_chars=most_chars):
            headers = {"Tessera-Purge-Mode": "hard" if hard else "soft", "Tessera-Purge-Keys": " ".join(batch)}
            if state is not None:
                headers["Tessera-Purge-Spared"] = rf"^{at_least(state.rules)}[.]{at_least(state.content)}$"
            well = [url for url, fault in faults.items() if fault is None]
            under_way = {url: _Call(self._lines[url], url, headers) for url in well}
            faults |= {url: call.fault() for url, call in under_way.items()}
        return tuple(Told(url, fault) for url, fault in faults.items())

    def close(self) -> None:
        """Closes the kept connections."""
        for line in self._lines.values():
            line.close()


def _raise(told: Sequence[Told]) -> None:
    """What failed anywhere, as one error."""
    faults = [one.fault for one in told if one.fault is not None]
    if faults:
        kinds = {type(fault) for fault in faults}
        waits = [fault.retry_after for fault in faults if fault.retry_after is not None]
        raise (kinds.pop() if len(kinds) == 1 else EdgeError)("; ".join(map(str, faults)), max(waits, default=None))


def at_least(number: int) -> str:
    """A regular expression for whole numbers, written without leading zeros, from one on: VCL compares no others."""
    digits = str(number)
    found = [f"[1-9][0-9]{{{len(digits)},}}", digits]
    for place, digit in enumerate(digits):
        if digit != "9":
            found.append(f"{digits[:place]}[{int(digit) + 1}-9][0-9]{{{len(digits) - place - 1}}}")
    return f"({'|'.join(found)})"


class _Call:
    """One request under way to one cache."""

    def __init__(self, line: Line, url: str, headers: Mapping[str, str]) -> None:
        self._url = url
        self._answer: Callable[[], Answer] | EdgeUnavailable
        try:
            self._answer = line.start(Ask(method=METHOD, url=url, headers=headers))
        except EdgeUnavailable as fault:  # closed meanwhile
            self._answer = fault

    def fault(self) -> EdgeError | None:
        """Waits for the answer; what is wrong with it."""
        if isinstance(self._answer, EdgeUnavailable):
            return self._answer
        try:
            answer = self._answer()
        except EdgeError as fault:
            return fault
        said = answer.headers.get("Tessera-Purge", "")
        if answer.status == 200 and said == "done":
            return None
        if said in _ADVICE:
            kind, advice = _ADVICE[said]
            return kind(f"{self._url}: refuses (status {answer.status}): {advice}")
        return EdgeRefused(
            f"{self._url}: status {answer.status}, and not from tessera_purge.vcl: is that included before all else, "
            "and is this the address of Varnish itself?"
        )


def build(options: Mapping[str, object], runtime: Runtime) -> VarnishPurger:
    """Raises EdgeError naming every option that is wrong."""
    take = OptionReader(options)
    urls = tuple(url.rstrip("/") for url in take.texts("urls"))
    if not 1 <= len(urls) <= MOST_CACHES or len(set(urls)) < len(urls):
        take.complain("urls", f"required, a list of 1 to {MOST_CACHES} addresses, each once")
    for fault in filter(None, map(url_fault, urls)):
        take.complain("urls", fault)
    secret = take.required_text("secret")
    if secret and not _SECRET.fullmatch(secret):
        take.complain("secret", "want 16 to 256 characters of printable ASCII, without spaces")
    timeout_s = timeout(take)
    header_bytes = take.whole("header_bytes", 4000, low=LONGEST_KEY, high=60_000)
    if problems := take.problems():
        raise EdgeError("; ".join(problems))
    return VarnishPurger(urls, secret, timeout_s, header_bytes, runtime)
