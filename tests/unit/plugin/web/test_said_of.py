"""Which attributes a body means, named with `profile.` or without."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from plugin.errors import ValidationFailed
from plugin.web.visitors import said_of

ONE, BOTH = ("plan",), ("plan", "profile.plan")


@pytest.mark.parametrize(
    ("declared", "given", "meant"),
    [
        (ONE, {"plan": 1}, {"plan": 1}),
        (ONE, {"profile.plan": 1}, {"plan": 1}),
        (ONE, {"profile.other": 1}, {"other": 1}),
        (BOTH, {"profile.plan": "a"}, {"profile.plan": "a"}),
        (BOTH, {"profile.profile.plan": "a"}, {"profile.plan": "a"}),
        (BOTH, {"profile.plan": "a", "plan": 1}, {"profile.plan": "a", "plan": 1}),
        (BOTH, {"profile.profile.plan": "a", "plan": 1}, {"profile.plan": "a", "plan": 1}),
    ],
)
def test_a_name_that_is_declared_as_it_stands_is_that_one(
    declared: tuple[str, ...], given: Mapping[str, object], meant: Mapping[str, object]
) -> None:
    """Where `profile.plan` and `profile.profile.plan` are declared, neither's value lands on the other."""
    assert said_of({"attributes": given}, lambda: declared).attributes == meant


@pytest.mark.parametrize(
    ("declared", "given", "place"),
    [
        (ONE, {"profile.plan": 1, "plan": 2}, "/attributes/profile.plan"),
        (BOTH, {"profile.profile.plan": "a", "profile.plan": "b"}, "/attributes/profile.profile.plan"),
    ],
)
def test_both_names_of_one_attribute_are_refused(
    declared: tuple[str, ...], given: Mapping[str, object], place: str
) -> None:
    with pytest.raises(ValidationFailed) as refused:
        said_of({"attributes": given}, lambda: declared)
    assert [one.pointer for one in refused.value.errors] == [place]
