"""`/graphql` by POST and GET, in front of Flask like `/v1/personalize`, and behind the same gate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from plugin.errors import MethodNotAllowed, UnsupportedMediaType
from plugin.graphql import page
from plugin.graphql.asking import Asking, Services
from plugin.graphql.execution import Executing
from plugin.graphql.problems import Problems
from plugin.graphql.request import OWN_PARAMETERS, Address, Asked, from_address, from_body, read_address
from plugin.graphql.served import Schemas
from plugin.web.auth import Caller, Keyring
from plugin.web.cors import Cors
from plugin.web.limits import Buckets
from plugin.web.metrics import HttpMetrics
from plugin.web.problems import Rendered
from plugin.web.wsgi import read_input, read_query

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/graphql"
METHODS = ("GET", "HEAD", "POST")
JSON, OWN_JSON = "application/json", "application/graphql-response+json"
_SENT = frozenset({JSON, "text/plain", ""})
_STATUS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphqlRoute:
    """The route; `behind` answers all other paths, and preflights.

    Attributes:
        sees_page: whether the sender of a cookie header may see the page to try queries on.
    """

    behind: WSGIApplication
    services: Services
    schemas: Schemas
    executing: Executing
    problems: Problems
    keyring: Keyring
    cors: Cors
    buckets: Buckets
    metrics: HttpMetrics
    max_body_bytes: int
    headers: Sequence[tuple[str, str]]
    sees_page: Callable[[str | None], bool]
    monotonic: Callable[[], float]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI."""
        path, method = environ.get("PATH_INFO"), environ["REQUEST_METHOD"]
        preflight = "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ and method == "OPTIONS"
        if (path != PATH and path not in page.FILES) or preflight:
            return self.behind(environ, start_response)
        began = self.monotonic()
        body, status, headers = self._answered(str(path), method, environ)
        own = {name: value for name, value in self.headers if name not in headers}
        lines = {**headers, **own}
        if status != HTTPStatus.NOT_MODIFIED:  # else it would be that of the whole answer
            lines["Content-Length"] = str(len(body))
        for name, value in self.cors.answer(environ.get("HTTP_ORIGIN")).items():
            lines[name] = f"{lines[name]}, {value}" if name == "Vary" and name in lines else value
        start_response(_STATUS[status], list(lines.items()))
        self.metrics.observe(method, PATH, status, self.monotonic() - began)
        return [b"" if method == "HEAD" else body]

    def _answered(self, path: str, method: str, environ: WSGIEnvironment) -> Rendered:
        """The answer, or the problem as an error of GraphQL; nothing is raised from here."""
        try:
            if path != PATH:
                return _file(path, method)
            if method == "OPTIONS":
                return b"", HTTPStatus.NO_CONTENT, {"Allow": ", ".join((*METHODS, "OPTIONS"))}
            if method not in METHODS:
                raise MethodNotAllowed(METHODS)
            if method == "POST":
                found = self._post(environ)
            else:
                address = read_address(environ.get("QUERY_STRING", ""))
                if self._wants_page(environ, address):
                    return page.file("page.html")
                found = self._get(environ, address, counted=method == "GET")
        except Exception as error:  # noqa: BLE001 - the last resort: logged with an id, answered without details
            found = self.problems.refusal(error)
        return _typed(found, environ.get("HTTP_ACCEPT", ""))

    def _post(self, environ: WSGIEnvironment) -> Rendered:
        query = read_query(text) if (text := environ.get("QUERY_STRING")) else {}
        caller = self._caller(environ, query)
        media_type = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if media_type not in _SENT or environ.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
            raise UnsupportedMediaType([JSON])
        asked = from_body(read_input(environ, self.max_body_bytes))
        said = {name: values for name, values in query.items() if name not in OWN_PARAMETERS}
        return self._answer(asked, caller, environ, said)

    def _get(self, environ: WSGIEnvironment, address: Address, *, counted: bool) -> Rendered:
        caller = self._caller(environ, address.own)
        asked = address.asked or from_address(address.own)
        unchanged = self.services.sharing.unchanged(
            environ, _address(environ), self.schemas.served().site, environ.get("HTTP_T_KEY")
        )
        if unchanged is not None:
            return unchanged
        return self._answer(asked, caller, environ, address.said, by_get=True, counted=counted)

    def _caller(self, environ: WSGIEnvironment, query: Mapping[str, tuple[str, ...]]) -> Caller:
        caller = self.keyring.caller(environ, (query.get("key") or (None,))[-1])
        self.buckets.take(caller.name)
        return caller

    def _answer(
        self,
        asked: Asked,
        caller: Caller,
        environ: WSGIEnvironment,
        said: Mapping[str, tuple[str, ...]],
        *,
        by_get: bool = False,
        counted: bool = True,
    ) -> Rendered:
        served = self.schemas.served()
        asking = Asking(
            services=self.services,
            site=served.site,
            caller=caller,
            environ=environ,
            address=_address(environ),
            query=said,
            by_get=by_get,
            counted=counted,
        )
        return self.executing.answer(asked, asking, served.built, lambda more: self.buckets.take(caller.name, more))

    def _wants_page(self, environ: WSGIEnvironment, address: Address) -> bool:
        """Whether a browser asks for the page, and not for an answer."""
        return (
            not address.own
            and "text/html" in environ.get("HTTP_ACCEPT", "")
            and self.sees_page(environ.get("HTTP_COOKIE"))
        )


def _address(environ: WSGIEnvironment) -> str:
    return f"{PATH}?{environ.get('QUERY_STRING', '')}"


def _file(path: str, method: str) -> Rendered:
    if method not in {"GET", "HEAD"}:
        raise MethodNotAllowed(["GET", "HEAD"])
    return page.file(page.FILES[path])


def _typed(found: Rendered, accepts: str) -> Rendered:
    """The answer with its media type. What a shared cache keeps has one for everyone, so that it need not vary."""
    body, status, headers = found
    if status == HTTPStatus.NOT_MODIFIED:
        return found
    cache = headers.get("Cache-Control", "")
    if OWN_JSON in accepts.lower() and not cache.startswith("public"):
        return body, status, {"Content-Type": OWN_JSON, **headers}
    return body, status, {"Content-Type": JSON, **headers}
