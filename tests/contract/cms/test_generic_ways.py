"""The promises of every source, asked of the generic adapter in each of its ways; `test_sources` asks one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

from tests.contract.cms import test_sources
from tests.contract.cms.generic_server import PAGINGS, GenericHarness, generic, generic_file

SINCE = {"since_param": "changed_since", "updated_at": "$.updated", "full_every_s": 1e6}
COUNTLESS = {"total": None, "entry_path": None, "entry_params": None}


@contextmanager
def since(tmp_path: Path, **options: Any) -> Iterator[GenericHarness]:
    """Changes only: such a source keeps what it deletes, marked."""
    with generic(tmp_path, **SINCE, **options) as made:

        def remove(piece: Any) -> None:
            thing = made.server.find(piece.id, piece.locale)
            made.save({**thing, "status": "gone", "updated": made.moment()})

        made.remove = remove  # type: ignore[method-assign]
        yield made


WAYS: dict[str, tuple[Callable[..., AbstractContextManager[GenericHarness]], dict[str, Any]]] = {
    "a file": (generic_file, {}),
    **{f"paging by {name}": (generic, options) for name, options in PAGINGS.items()},
    "no count and no address of an entry": (generic, {**PAGINGS["offset"], **COUNTLESS}),
    "changes only": (since, PAGINGS["page"]),
}


@pytest.fixture(params=sorted(WAYS))
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GenericHarness]:
    make, options = WAYS[request.param]
    with make(tmp_path, **options) as made:
        yield made


@pytest.fixture
def any_source(harness: GenericHarness) -> GenericHarness:
    return harness


PROMISES = {
    name: value
    for name, value in vars(test_sources).items()
    if name.startswith("test_") and {"harness", "any_source"} & set(signature(value).parameters)
}
globals().update(PROMISES)


def test_all_promises_are_asked() -> None:
    assert len(PROMISES) >= 20
