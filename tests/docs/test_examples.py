"""Every example in the documentation is run: a page that is wrong fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from flask import Flask

from plugin.cli.root import tessera  # noqa: F401 - imported before the folder changes
from tests.docs.pages import ROOT, examples, pages
from tests.docs.runner import Page
from tests.docs.site import served


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Flask]]:
    """The sample site, as pages ask it; made when the first page does."""
    with served(tmp_path_factory) as made:
        yield made


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_example_of_a_page_does_what_the_page_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, app: Callable[[], Flask]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    shared = Page(tmp_path, cache(app))
    for example in examples(page):
        shared.run(example)


def test_there_are_examples_of_every_kind() -> None:
    """So that the runner cannot fall silent."""
    kinds = {example.language for page in pages() for example in examples(page)}
    assert {"python", "yaml", "console", "json", "toml"} <= kinds
