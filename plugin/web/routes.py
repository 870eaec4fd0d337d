"""Routes whose addresses are made on demand."""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.routing import Rule


class Route(Rule):
    """As Werkzeug's, but what builds its address is compiled when it is first asked to.

    Werkzeug compiles two functions for each route when it is added. Addresses of nearly all of ours are never built,
    and compiling them is most of what making the application takes.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled: list[Callable[..., tuple[str, str]]] = []

        def build(rule: Rule, /, **values: str) -> tuple[str, str]:
            if not compiled:
                compiled.append(super(Route, self)._compile_builder(append_unknown))
            return compiled[0](rule, **values)

        return build
