"""One evaluator for all tests of a process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.compiled.edge import Edge, edge


@pytest.fixture(scope="session")
def javascript() -> Iterator[Edge]:
    with edge() as running:
        yield running
