"""The visitor's IP address: the peer, or what trusted proxies say of it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from plugin.flow.signals.notes import Draft

MOST_HOPS = 64
_V4_PORT = re.compile(r"([0-9.]+):[0-9]{1,5}")
_FOR = re.compile(r"(?:^|;)\s*for\s*=\s*([^;\s]*)", re.IGNORECASE)
_LONGEST = 64


class Address(NamedTuple):
    """An IP address in its normal form; an IPv4 address mapped into IPv6 is IPv4."""

    text: str
    number: int
    version: int


class Network(NamedTuple):
    """A range of trusted peers, ready to compare."""

    version: int
    first: int
    shift: int

    @classmethod
    def parse(cls, text: str) -> Network:
        """A CIDR range or one address. Raises ValueError."""
        network = ipaddress.ip_network(text.strip(), strict=False)
        shift = network.max_prefixlen - network.prefixlen
        return cls(network.version, int(network.network_address) >> shift, shift)


def parse_address(text: str) -> Address | None:
    """An address with or without brackets, port and zone; None for anything else."""
    return _parse(text) if len(text) <= _LONGEST else None


@lru_cache(maxsize=4096)
def _parse(text: str) -> Address | None:
    """The latest are kept in memory, for parsing IPv6 is slow beside the rest; they are written nowhere."""
    text = text.strip()
    quick = _v4(text)
    if quick is not None:
        return quick
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif (ported := _V4_PORT.fullmatch(text)) is not None:
        text = ported[1]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return Address(str(address), int(address), address.version)


def _v4(text: str) -> Address | None:
    """The common case at a sixth of the cost of `ipaddress`; None sends the rest there."""
    if not (text.isascii() and text.replace(".", "").isdigit() and text.count(".") == 3):
        return None
    try:
        first, second, third, fourth = map(int, text.split("."))
    except ValueError:  # two dots in a row
        return None
    number = first << 24 | second << 16 | third << 8 | fourth
    # Spelled back, it shows leading zeros, which some read as octal.
    same = f"{first}.{second}.{third}.{fourth}" == text
    return Address(text, number, 4) if same and max(first, second, third, fourth) < 256 else None


def is_trusted(address: Address, networks: Sequence[Network]) -> bool:
    """Whether the address is one of the proxies that the settings name."""
    version, number = address.version, address.number
    for kind, first, shift in networks:  # noqa: SIM110 - asked for every hop; a generator costs more than the test
        if kind == version and number >> shift == first:
            return True
    return False


@lru_cache(maxsize=256)
def _peer(text: str, networks: tuple[Network, ...]) -> tuple[Address | None, bool]:
    """A peer read once: behind proxies they are few, and without any this is not called."""
    address = parse_address(text)
    return address, address is not None and is_trusted(address, networks)


def client_address(
    peer: str | None,
    headers: Mapping[str, Sequence[str]],
    forwarded: Sequence[str],
    networks: tuple[Network, ...],
    draft: Draft,
) -> tuple[Address | None, bool]:
    """The visitor's address, and whether the peer is a trusted proxy.

    The forwarding header is walked from its right end, where our own proxies write; the first address that is
    not one of them is the visitor, for everything to its left was said by the visitor. A hop that is no
    address ends the walk at the last good one, as in nginx.
    """
    if not peer:
        return None, False
    here, trusted = _peer(peer, networks) if networks else (parse_address(peer), False)
    if here is None:
        draft.note("request.ip", "malformed")
    if here is None or not trusted:
        return here, False
    for name in forwarded:
        values = headers.get(name)
        if values:
            hops = _forwarded(values) if name == "forwarded" else ",".join(values).split(",")
            return _walk(hops, here, networks, name, draft), True
    return here, True


def _walk(hops: Sequence[str], here: Address, networks: tuple[Network, ...], name: str, draft: Draft) -> Address:
    if len(hops) > MOST_HOPS:
        draft.note(name, "too_many")
    for hop in reversed(hops[-MOST_HOPS:]):
        found = parse_address(hop)
        if found is None:
            draft.note(name, "malformed")
            break
        here = found
        if not is_trusted(found, networks):
            break
    return here


def _forwarded(values: Sequence[str]) -> list[str]:
    """The `for` of each element (RFC 7239), empty where an element has none.

    Elements are split at every comma, quoted or not: a quote that the visitor leaves open must not swallow
    what our own proxy appends after it, and no address holds a comma.
    """
    hops = []
    for element in ",".join(values).split(","):
        found = _FOR.search(element)
        hops.append(found[1].strip('"') if found else "")
    return hops
