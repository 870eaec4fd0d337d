"""Which hosts a source may be read from: not the inside of the network, unless the settings say so; and which are one.

Names are resolved and checked before each request. A name server that answers differently a moment later
could still lead inside; where that is a threat, the network has to forbid it.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

Resolve = Callable[[str, int], Iterable[str]]


class PrivateAddress(Exception):  # noqa: N818 - named for what was met
    """The host is, or resolves to, an address that is not public."""


class UnknownHost(Exception):  # noqa: N818 - named for what was met
    """The host's name does not resolve."""


def system_resolve(host: str, port: int) -> list[str]:
    """All addresses of a host by the system's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def refuse_private(host: str, port: int, resolve: Resolve = system_resolve) -> None:
    """Returns if every address of the host is public.

    Raises:
        PrivateAddress, UnknownHost: see there.
    """
    try:
        addresses = [ipaddress.ip_address(address.partition("%")[0]) for address in resolve(host, port)]
    except (OSError, UnicodeError, ValueError) as fault:
        raise UnknownHost(f"{host} does not resolve") from fault
    for address in addresses:
        inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None) or address
        if not inner.is_global or inner.is_multicast:
            raise PrivateAddress(f"{host} leads to {address}, which is not a public address")


def same_origin(one: str, other: str) -> bool:
    """Whether two addresses have scheme, host and port in common. Raises ValueError where one is no address."""
    return _origin(one) == _origin(other)


def _origin(url: str) -> tuple[str, str | None, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
