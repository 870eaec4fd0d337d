"""What an address of a Redis may say. The client takes any option from it, and prefers it to what its caller wants."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

SCHEMES = ("redis", "rediss", "unix")
_PATH = re.compile(r"/?([0-9]{1,9}/?)?")
_TEXT = (re.compile(r".+", re.DOTALL), "not empty")
_FLAG = (re.compile(r"true|false|yes|no|1|0", re.IGNORECASE), "true or false")
_NUMBER = (re.compile(r"[0-9]{1,9}"), "a whole number")
_PLAIN = {
    "db": _NUMBER,
    "username": _TEXT,
    "password": _TEXT,
    "client_name": _TEXT,
    "health_check_interval": _NUMBER,
    "socket_keepalive": _FLAG,
}
_ENCRYPTED = {
    "ssl_ca_certs": _TEXT,
    "ssl_ca_path": _TEXT,
    "ssl_certfile": _TEXT,
    "ssl_keyfile": _TEXT,
    "ssl_password": _TEXT,
    "ssl_cert_reqs": (re.compile(r"none|optional|required"), "none, optional or required"),
    "ssl_check_hostname": _FLAG,
}
_OURS = frozenset(
    {
        "decode_responses",
        "encoding",
        "encoding_errors",
        "legacy_responses",
        "max_connections",
        "protocol",
        "retry_on_error",
        "retry_on_timeout",
        "socket_connect_timeout",
        "socket_read_size",
        "socket_timeout",
        "timeout",
    }
)


def wrong_with(url: str) -> str | None:
    """What is wrong with an address, and what to do; None: nothing.

    It may hold a password, so nothing of it is repeated but names of options that the client knows.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
        said = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return "want an address whose port is a number; write #, ?, /, [ and @ of a password percent-encoded"
    if parts.scheme not in SCHEMES or len(url) <= len("://") + len(parts.scheme):
        return "want redis://HOST:PORT/NUMBER, rediss://… or unix://PATH"
    if parts.fragment:
        return "want an address without #; write that of a password as %23"
    if parts.scheme != "unix" and not _PATH.fullmatch(parts.path):
        return "want an address that ends with the number of the database, as in redis://HOST:PORT/0"
    return next((wrong for name, value in said if (wrong := _wrong(parts.scheme, name, value))), None)


def _wrong(scheme: str, name: str, value: str) -> str | None:
    if name in _OURS:
        return f"take {name} out of the address: how Redis is talked to is not for it to say"
    if name in _ENCRYPTED and scheme != "rediss":
        return f"{name} wants an address that begins with rediss://"
    kind = _PLAIN.get(name) or _ENCRYPTED.get(name)
    if kind is None:
        return f"want an address with no other options than {', '.join((*_PLAIN, *_ENCRYPTED))}"
    test, wanted = kind
    return None if test.fullmatch(value) else f"want an address whose {name} is {wanted}"
