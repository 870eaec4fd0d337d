"""Adapters by name: names to import paths, and nothing imported before its first use.

Third parties announce theirs with an entry point in the group `tessera.cms`, `tessera.edge`, `tessera.hooks`,
`tessera.models` or `tessera.streams`;
the built-in ones come in by the same door. They are also listed here, because a checkout can run on distribution
metadata that is older than its code; a name listed here and announced by another distribution is a duplicate like
any other.
"""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, cast

from adapters.cms.hooks import Hook
from adapters.cms.port import Source
from adapters.edge.port import Purger
from adapters.models.port import ModelAdapter
from adapters.runtime import Runtime
from adapters.streams.port import Stream

Port: TypeAlias = Literal["cms", "edge", "hooks", "models", "streams"]
HookBuilder: TypeAlias = Callable[[Mapping[str, object], Runtime], Hook]
SourceBuilder: TypeAlias = Callable[[Mapping[str, object], Runtime], Source]
PurgerBuilder: TypeAlias = Callable[[Mapping[str, object], Runtime], Purger]
ModelBuilder: TypeAlias = Callable[[Mapping[str, object], Runtime], ModelAdapter]
StreamBuilder: TypeAlias = Callable[[Mapping[str, object], Runtime], Stream]

DISTRIBUTION = "tessera-personalization"
BUILT_IN: Mapping[Port, Mapping[str, str]] = MappingProxyType(
    {
        "cms": MappingProxyType(
            {
                "contentful": "adapters.cms.contentful:build",
                "files": "adapters.cms.files:build",
                "generic": "adapters.cms.generic:build",
                "null": "adapters.cms.null:build",
                "payload": "adapters.cms.payload:build",
                "strapi": "adapters.cms.strapi:build",
                "wagtail": "adapters.cms.wagtail:build",
                "wordpress": "adapters.cms.wordpress:build",
            }
        ),
        "edge": MappingProxyType(
            {
                "cloudflare": "adapters.edge.cloudflare:build",
                "console": "adapters.edge.console:build",
                "fastly": "adapters.edge.fastly:build",
                "varnish": "adapters.edge.varnish:build",
            }
        ),
        "hooks": MappingProxyType(
            {
                "contentful": "adapters.cms.contentful.hook:build",
                "files": "adapters.cms.files.hook:build",
                "generic": "adapters.cms.signed:build",
                "payload": "adapters.cms.signed:build",
                "strapi": "adapters.cms.strapi:build_hook",
                "wagtail": "adapters.cms.signed:build",
                "wordpress": "adapters.cms.signed:build",
            }
        ),
        "models": MappingProxyType(
            {
                "constant": "adapters.models.constant:build",
                "http": "adapters.models.http:build",
                "linear": "adapters.models.linear:build",
            }
        ),
        "streams": MappingProxyType({"local": "adapters.streams.local:build", "redis": "adapters.streams.redis:build"}),
    }
)


class RegistryError(Exception):
    """Root of what can go wrong between a name and its adapter."""


class DuplicateAdapter(RegistryError):  # noqa: N818 - named for what happened
    """Two distributions announce one name; neither silently wins."""


class UnknownAdapter(RegistryError):  # noqa: N818 - named for what happened
    """No adapter of that name.

    Attributes:
        nearest: the known name most like it, or None.
    """

    def __init__(self, port: Port, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        self.nearest = next(iter(difflib.get_close_matches(name, names, n=1)), None)
        hint = f"did you mean {self.nearest!r}?" if self.nearest else f"known: {', '.join(names)}"
        super().__init__(f"no {port} adapter {name!r}; {hint}")


class AdapterNotInstalled(RegistryError):  # noqa: N818 - named for what happened
    """The adapter is known, but a library that it needs is missing; the message says how to install it."""


class BrokenAdapter(RegistryError):  # noqa: N818 - named for what happened
    """The adapter's import path does not lead to a callable, or what it leads to fails."""


def discover(port: Port) -> Mapping[str, str]:
    """Every known name with its import path ("module:attribute"), read-only; imports no adapter.

    Raises:
        DuplicateAdapter: two different paths for one name.
    """
    return MappingProxyType({name: point.value for name, point in _points(port).items()})


def cms(name: str) -> SourceBuilder:
    """The builder of a content source: `cms("files")(options, runtime)`."""
    return cast(SourceBuilder, _load("cms", name))


def hook(name: str) -> HookBuilder:
    """The builder of a source's webhook: `hook("strapi")(options, runtime)`, by the name of the source's adapter."""
    return cast(HookBuilder, _load("hooks", name))


def edge(name: str) -> PurgerBuilder:
    """The builder of what purges a cache: `edge("console")(options, runtime)`."""
    return cast(PurgerBuilder, _load("edge", name))


def model(name: str) -> ModelBuilder:
    """The builder of a model: `model("linear")(options, runtime)`."""
    return cast(ModelBuilder, _load("models", name))


def stream(name: str) -> StreamBuilder:
    """The builder of an event stream: `stream("local")(options, runtime)`."""
    return cast(StreamBuilder, _load("streams", name))


def _points(port: Port) -> dict[str, EntryPoint]:
    group = f"tessera.{port}"
    built_in = BUILT_IN[port]
    found = {name: EntryPoint(name, value, group) for name, value in built_in.items()}
    for point in _announced(group, tuple(sys.path)):
        known = found.get(point.name)
        if known is None:
            found[point.name] = point
        elif point.value != known.value and not (_ours(point) and point.name in built_in):
            # Ours under another path is metadata older than this code, not a second adapter.
            raise DuplicateAdapter(f"{port} adapter {point.name!r}: both {known.value} and {point.value}")
    return found


@lru_cache(maxsize=16)
def _announced(group: str, _path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """Asked once for each path to look in: each time, every installed distribution is read."""
    return tuple(entry_points(group=group))


def _ours(point: EntryPoint) -> bool:
    return point.dist is not None and point.dist.name == DISTRIBUTION


def _load(port: Port, name: str) -> Callable[..., Any]:
    points = _points(port)
    if name not in points:
        raise UnknownAdapter(port, name, points)
    point = points[name]
    try:
        built: object = importlib.import_module(point.module)
        for part in filter(None, point.attr.split(".")):
            built = getattr(built, part)
    except ModuleNotFoundError as missing:
        library = missing.name or ""
        if point.module == library or point.module.startswith(library + "."):
            raise BrokenAdapter(f"{port} adapter {name!r}: there is no module {library!r}") from missing
        raise AdapterNotInstalled(
            f"{port} adapter {name!r} needs {library!r}; install it with: {_hint(point, library)}"
        ) from missing
    except (ImportError, AttributeError) as fault:
        raise BrokenAdapter(f"{port} adapter {name!r} at {point.value}: {fault}") from fault
    if not callable(built):
        raise BrokenAdapter(f"{port} adapter {name!r} at {point.value} is not callable")
    return built


def _hint(point: EntryPoint, library: str) -> str:
    if point.extras and point.dist is not None:
        return f"pip install '{point.dist.name}[{','.join(point.extras)}]'"
    return f"pip install {library}"
