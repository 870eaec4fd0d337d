"""Real Varnish caches, started once for all tests of the edge."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from tests.contract.edge.varnish_site import Edge, edge


@pytest.fixture(scope="package")
def xkey_edge() -> Iterator[Edge]:
    with edge("xkey") as running:
        yield running


@pytest.fixture(scope="package")
def bans_edge() -> Iterator[Edge]:
    with edge("bans") as running:
        yield running


@pytest.fixture(scope="package")
def numbers() -> Callable[[], int]:
    return count(1).__next__
