"""A mapped source keeps every promise that sources make."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.cms.mapped import MappedSource
from adapters.cms.mapping_options import read_mapping
from tests.contract.cms import test_sources as promises
from tests.contract.cms.harness import HARNESSES, Harness

_OF_ADAPTERS = "test_unknown_options_are_named"


@pytest.fixture(params=["files", "strapi"])
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Harness]:
    with HARNESSES[request.param](tmp_path) as made:
        made.source = MappedSource(made.source, read_mapping(None, request.param))
        yield made


@pytest.fixture
def any_source(harness: Harness) -> Harness:
    return harness


globals().update(
    {
        name: promise
        for name, promise in vars(promises).items()
        if name.startswith("test_") and not name.startswith(_OF_ADAPTERS)
    }
)
