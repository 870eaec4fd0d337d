"""A geography port that knows nothing: for sites without a database."""

from __future__ import annotations

from adapters.geo.port import Place


class NullGeo:
    """No address is known."""

    def find(self, address: str, /) -> Place | None:  # noqa: ARG002  # the port's signature
        """Nothing is known of any address."""
        return None

    def close(self) -> None:
        """Nothing is held."""
