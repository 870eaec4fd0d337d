"""What purge APIs in JSON have in common: options, what an answer says, and batches one after the other."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

from adapters.bounded import url_fault
from adapters.options import OptionReader

LONGEST_SAID = 200
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_TOKEN = re.compile(r"[!-~]{8,1024}")


def api_url(take: OptionReader, default: str) -> str:
    """The option `api_url`, without a slash at its end: https, or this machine, for a token goes there."""
    url = (take.text("api_url", default) or default).rstrip("/")
    if fault := url_fault(url):
        take.complain("api_url", fault)
    elif not url.startswith("https:") and urlsplit(url).hostname not in _LOOPBACK:
        take.complain("api_url", "want https, for a token goes there")
    return url


def token(take: OptionReader, name: str = "token") -> str:
    """A required token; "" where it is missing or no token."""
    found = take.required_text(name)
    if found and not _TOKEN.fullmatch(found):
        take.complain(name, "want 8 to 1024 characters of printable ASCII, without spaces")
        return ""
    return found


def timeout(take: OptionReader) -> float:
    """Seconds for each request, all of it."""
    return take.number("timeout_s", 5.0, low=0.05, high=60)


def decoded(body: bytes) -> object:
    """The JSON of an answer; None where it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def shown(said: object, secret: str) -> str:
    """A message of a server's for the log: short, in one line, without the secret."""
    text = said if isinstance(said, str) and said else "no message"
    return ascii(text.replace(secret, "***")[:LONGEST_SAID])
