"""What Tessera itself reads of a source's options, and what its adapter gets."""

from __future__ import annotations

import pytest

from adapters.cms.port import OptionsError
from adapters.cms.tables import split_tables


def test_the_tables_are_taken_out_of_the_options() -> None:
    found = split_tables({"url": "x", "mapping": {"types": ["a"]}, "webhook": {"secret": "s"}})
    assert found.options == {"url": "x"}
    assert (found.mapping, found.webhook) == ({"types": ["a"]}, {"secret": "s"})


def test_what_is_not_there_is_none() -> None:
    found = split_tables({"url": "x"})
    assert (found.mapping, found.webhook) == (None, None)


def test_what_is_no_table_is_refused_by_name() -> None:
    with pytest.raises(OptionsError) as caught:
        split_tables({"mapping": ["a"], "webhook": "on"})
    assert [problem.partition(":")[0] for problem in caught.value.problems] == ["mapping", "webhook"]


def test_secrets_of_a_webhook_and_of_an_adapter_are_in_no_repr() -> None:
    assert "hush" not in repr(split_tables({"token": "hush", "webhook": {"secret": "hush"}}))
