"""How one setting is read: from the text of an environment variable, or from a value of ``tessera.toml``.

Each kind is a function from either to the typed value. It raises ``Wanted`` with what it wanted, never with
the value: that may be a secret in the wrong place.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias, TypeVar
from urllib.parse import urlsplit

from adapters.redis_url import wrong_with
from plugin.ports import JSON

Network: TypeAlias = IPv4Network | IPv6Network
T = TypeVar("T")

SCOPES = frozenset({"explain", "read", "write", "publish", "simulate", "visitors"})
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # of RFC 9110: names of headers and cookies
_TYPE = re.compile(r"[a-z][a-z0-9_]{0,62}")  # of an event
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_SHORTEST_SECRET = 16


class Wanted(ValueError):  # noqa: N818  # reads as it is raised
    """What the setting should have been."""


class Secret:
    """Text that must not be shown: ``reveal`` is the only way to it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def matches(self, candidate: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self._text.encode(), candidate.encode(errors="surrogatepass"))

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "***"


@dataclass(frozen=True, slots=True)
class DeliveryKey:
    """A public key, as browsers send it, and the origins that it is bound to; none: any."""

    key: str
    origins: frozenset[str]


@dataclass(frozen=True, slots=True)
class ManagementKey:
    """A secret key; ``name`` is the author in histories."""

    name: str
    key: Secret
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Plugged:
    """A CMS source or a model: the adapter's name, and its options as the adapter itself will check them."""

    name: str
    adapter: str
    options: Mapping[str, JSON] = field(repr=False)  # tokens are among them


def text(value: object) -> str:
    """Not empty, without space around it."""
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise Wanted("want text")


def secret(value: object) -> Secret:
    """A text long enough not to be guessed."""
    found = text(value)
    if len(found) < _SHORTEST_SECRET:
        raise Wanted(f"want at least {_SHORTEST_SECRET} characters")
    return Secret(found)


def flag(value: object) -> bool:
    """A boolean; in a variable true, yes and 1, or false, no and 0."""
    if isinstance(value, bool):
        return value
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if isinstance(value, str) and value.strip().lower() in known:
        return known[value.strip().lower()]
    raise Wanted("want true or false")


def whole(low: int, high: int) -> Callable[[object], int]:
    """An integer from `low` to `high`."""

    def read(value: object) -> int:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}", value.strip()):
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        raise Wanted(f"want a whole number from {low} to {high}")

    return read


def milliseconds(low: int, high: int) -> Callable[[object], timedelta]:
    """A whole number of them, from `low` to `high`."""
    number = whole(low, high)
    return lambda value: timedelta(milliseconds=number(value))


def one_of(*words: str) -> Callable[[object], str]:
    """One of some words, in any case."""

    def read(value: object) -> str:
        if isinstance(value, str) and value.strip().lower() in words:
            return value.strip().lower()
        raise Wanted(f"want one of {', '.join(words)}")

    return read


def path(value: object) -> Path:
    """A path, which need not be there."""
    return Path(text(value))


def database_url(value: object) -> Secret:
    """A secret, for it may hold a password."""
    found = text(value)
    if not re.match(r"sqlite:///.|postgres(ql)?(\+psycopg)?://", found):
        raise Wanted("want sqlite:///FILE or postgresql://USER@HOST/DATABASE")
    return Secret(found)


def web_url(value: object) -> str:
    """Of http or https, without query and fragment, and without a slash at its end."""
    found = text(value)
    try:
        parts = urlsplit(found)
        good = parts.scheme in {"http", "https"} and parts.hostname and not (parts.query or parts.fragment)
    except ValueError:
        good = False
    if not good:
        raise Wanted("want an address such as https://tessera.example.com")
    return found.rstrip("/")


def address(value: object) -> str:
    """HOST:PORT, or [HOST]:PORT for IPv6."""
    found = text(value)
    if not re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^\s:\[\]]+):[0-9]{1,5}", found) or int(found.rpartition(":")[2]) > 65535:
        raise Wanted("want HOST:PORT")
    return found


def plugged_one(value: object) -> Plugged:
    """One table with an ``adapter`` and what that adapter understands."""
    table = _parsed(value)
    if not isinstance(table, dict) or not isinstance(table.get("adapter"), str):
        raise Wanted("want a table with an adapter")
    options = {key: option for key, option in table.items() if key != "adapter"}
    return Plugged("stream", table["adapter"], MappingProxyType(options))


def secrets(value: object) -> tuple[Secret, ...]:
    """Texts that must not be shown, each once: as ``listed``, or JSON."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = _parsed(value)
    found = listed(secret)(value)
    _unique([one.reveal() for one in found], "key")
    return found


def redis_url(value: object) -> Secret:
    """A secret, for it may hold a password."""
    found = text(value)
    if wrong := wrong_with(found):
        raise Wanted(wrong)
    return Secret(found)


def listed(one: Callable[[object], T]) -> Callable[[object], tuple[T, ...]]:
    """A list in TOML, or separated by commas in a variable."""

    def read(value: object) -> tuple[T, ...]:
        if isinstance(value, str):
            value = [part for part in value.split(",") if part.strip()]
        if not isinstance(value, list):
            raise Wanted("want a list")
        return tuple(map(one, value))

    return read


def network(value: object) -> Network:
    """A CIDR range, or an address."""
    try:
        return ip_network(text(value))
    except ValueError as error:
        raise Wanted("want networks such as 10.0.0.0/8, without host bits") from error


def token(value: object) -> str:
    """The name of a header or a cookie."""
    found = text(value)
    if not _TOKEN.fullmatch(found):
        raise Wanted("want names as HTTP allows them")
    return found


def origin(value: object) -> str:
    """Scheme, host and port, as browsers send them (RFC 6454): lower case, no path."""
    found = web_url(value).lower()
    if urlsplit(found).path or "@" in found:
        raise Wanted("want origins such as https://shop.example, without a path")
    return found


def delivery_keys(value: object) -> tuple[DeliveryKey, ...]:
    """Tables of a key, and of the origins that it is bound to."""
    keys = [
        DeliveryKey(text(table["key"]), frozenset(listed(origin)(table.get("origins", []))))
        for table in _tables(value, required={"key"}, optional={"origins"})
    ]
    _unique([key.key for key in keys], "key")
    return tuple(keys)


def management_keys(value: object) -> tuple[ManagementKey, ...]:
    """Tables of a name, a key and its scopes."""
    keys = []
    for table in _tables(value, required={"name", "key", "scopes"}, optional=set()):
        scopes = frozenset(listed(one_of(*sorted(SCOPES)))(table["scopes"]))
        keys.append(ManagementKey(text(table["name"]), secret(table["key"]), scopes))
    _unique([key.name for key in keys], "name")
    _unique([key.key.reveal() for key in keys], "key")
    return tuple(keys)


def plugged(value: object) -> Mapping[str, Plugged]:
    """Tables by name, each with an ``adapter`` and what that adapter understands."""
    tables = _parsed(value)
    if not isinstance(tables, dict):
        raise Wanted("want tables by name, each with an adapter")
    made = {}
    for name, table in tables.items():
        if not _NAME.fullmatch(name):
            raise Wanted("want names of lower-case letters, digits, - and _")
        if not isinstance(table, dict) or not isinstance(table.get("adapter"), str):
            raise Wanted(f"want an adapter in {name}")
        options = {key: option for key, option in table.items() if key != "adapter"}
        made[name] = Plugged(name, table["adapter"], MappingProxyType(options))
    return MappingProxyType(made)


def days_by_name(value: object) -> Mapping[str, int]:
    """A table of types of events, each with days."""
    table = _parsed(value)
    if not isinstance(table, dict):
        raise Wanted("want a table of event types with days, such as { scroll = 30 }")
    for name in table:
        if not _TYPE.fullmatch(name):
            raise Wanted("want names of event types: small letters, digits and _")
    return MappingProxyType({name: whole(1, 3_650)(days) for name, days in sorted(table.items())})


def plugged_but(taken: str) -> Callable[[object], Mapping[str, Plugged]]:
    """The same, where a name is taken: entries that are pushed over the API have a source of their own."""

    def read(value: object) -> Mapping[str, Plugged]:
        made = plugged(value)
        if taken in made:
            raise Wanted(f"want another name than {taken!r}, which is the source of pushed entries")
        return made

    return read


def _parsed(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise Wanted("want JSON in a variable") from error


def _tables(value: object, *, required: set[str], optional: set[str]) -> list[dict[str, object]]:
    tables = _parsed(value)
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise Wanted(f"want a list of tables with {', '.join(sorted(required | optional))}")
    for number, table in enumerate(tables, 1):
        if not required <= set(table) <= required | optional:
            raise Wanted(f"want {', '.join(sorted(required | optional))} in table {number}, and no more")
    return tables


def _unique(values: list[str], what: str) -> None:
    if len(set(values)) != len(values):
        raise Wanted(f"want each {what} once")
