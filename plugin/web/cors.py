"""Cross-origin requests from browsers: to delivery routes only, from the origins that delivery keys are bound to."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from plugin.web.services import WebSettings

DELIVERY_PATHS = (
    "/v1/personalize",
    "/v1/preview",
    "/v1/events",
    "/v1/identify",
    "/v1/preferences",
    "/v1/audience",
    "/v1/class",
    "/graphql",
)
_METHODS = "GET, HEAD, POST"
_HEADERS = "Accept-Language, Authorization, Content-Type, If-None-Match, Prefer, X-Tessera-Key, X-Tessera-User-Token"
_EXPOSED = "ETag, Retry-After"
_FOR_ANY: Mapping[str, str] = MappingProxyType(
    {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": _EXPOSED}
)
_PREFLIGHT_AGE_S = 7_200  # browsers cap it there


class Cors:
    """Answers are readable by the origins of any delivery key; whose key was sent is checked with the key itself.

    A preflight carries no key, and so asks of all of them together. Credentials (cookies) are never allowed.
    """

    def __init__(self, settings: WebSettings) -> None:
        keys = settings.delivery_keys
        self._any = any(not key.origins for key in keys)
        own = urlsplit(settings.public_url)
        self._origins = {origin for key in keys for origin in key.origins}
        if keys:
            self._origins.add(f"{own.scheme}://{own.netloc}".lower())
        self._closed = not keys

    def answer(self, origin: str | None) -> Mapping[str, str]:
        """The headers of an answer, of an error too. They are the same for all origins where any origin may ask."""
        if self._closed:
            return {}
        if self._any:
            return _FOR_ANY
        if origin is None or origin.lower() not in self._origins:
            return {"Vary": "Origin"}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": _EXPOSED,
            "Vary": "Origin",
        }

    def preflight(self, origin: str | None, method: str | None) -> Mapping[str, str] | None:
        """The headers that allow a request to follow; None where none may."""
        allowed = self.answer(origin)
        if "Access-Control-Allow-Origin" not in allowed or method not in _METHODS.split(", "):
            return None
        return {
            **allowed,
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": _HEADERS,
            "Access-Control-Max-Age": str(_PREFLIGHT_AGE_S),
        }


def is_delivery(path: str) -> bool:
    """Whether browsers of other origins may ask for a path."""
    return path in DELIVERY_PATHS
