"""Who calls: keys, and what each may do. No Flask in here, so that the hot route can ask before Flask wakes."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from plugin.errors import Forbidden, Unauthorized
from plugin.web.services import WebSettings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of a key. Of a delivery key, which is public, the name is the key."""

    kind: Literal["delivery", "management"]
    name: str
    scopes: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()

    def may(self, scope: str) -> bool:
        """Whether the key has this right."""
        return scope in self.scopes


class Keyring:
    """Every key of the settings."""

    def __init__(self, settings: WebSettings) -> None:
        self._delivery = [
            (key.key.encode(), Caller("delivery", key.key, origins=key.origins)) for key in settings.delivery_keys
        ]
        self._management = [(key.key, Caller("management", key.name, key.scopes)) for key in settings.management_keys]
        own = urlsplit(settings.public_url)
        self._own_origin = f"{own.scheme}://{own.netloc}".lower()

    def authenticate(
        self, *, authorization: str | None, header: str | None, query: str | None, origin: str | None
    ) -> Caller:
        """The caller, by the first credential that is there.

        Args:
            authorization: the header `Authorization`, of the scheme Bearer.
            header: the header `X-Tessera-Key`.
            query: the parameter `key`, where it is looked at: of a GET, and of a POST that a browser sends without
                headers of its own. Addresses end up in logs, so no secret key is taken from there.
            origin: the header `Origin`; a browser's page may use a delivery key only from where it belongs.

        Raises:
            Unauthorized: no key, or one that is not known.
            Forbidden: a delivery key from an origin that it is not bound to.
        """
        if authorization:
            scheme, _, candidate = authorization.partition(" ")
            if scheme.lower() != "bearer":
                raise Unauthorized("Send the key as 'Authorization: Bearer KEY'.")
            found = self._find(candidate.strip(), public_only=False)
        elif header:
            found = self._find(header.strip(), public_only=False)
        elif query:
            found = self._find(query, public_only=True)
        else:
            raise Unauthorized("Send a key in the header Authorization or X-Tessera-Key.")
        if found is None:
            raise Unauthorized("The key is not known.")
        if found.origins and origin and origin.lower() not in (*found.origins, self._own_origin):
            raise Forbidden("This key is bound to other origins.")
        return found

    def caller(self, environ: WSGIEnvironment, query: str | None) -> Caller:
        """The caller of a request in front of Flask; ``query`` and what is raised as of `authenticate`."""
        return self.authenticate(
            authorization=environ.get("HTTP_AUTHORIZATION"),
            header=environ.get("HTTP_X_TESSERA_KEY"),
            query=query,
            origin=environ.get("HTTP_ORIGIN"),
        )

    def require(self, caller: Caller, scope: str) -> None:
        """Raises: Forbidden where the caller has not this right."""
        if not caller.may(scope):
            raise Forbidden(f"A management key with the scope {scope!r} is needed.")

    def _find(self, candidate: str, *, public_only: bool) -> Caller | None:
        """Compare with every key, found or not, so that the time taken tells nothing."""
        found: Caller | None = None
        octets = candidate.encode(errors="surrogatepass")
        for key, caller in self._delivery:
            if hmac.compare_digest(key, octets):
                found = caller
        for secret, caller in self._management:
            if secret.matches(candidate) and not public_only:
                found = caller
        return found
