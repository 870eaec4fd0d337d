"""Which tests go to one worker."""

from __future__ import annotations

import pytest

from tests.sharing_out import group_of


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("tests/unit/rules/test_a.py::test_x[a::b@c]", "tests/unit/rules/test_a.py::test_y", True),
        ("tests/unit/rules/test_a.py::test_x", "tests/unit/rules/test_b.py::test_x", False),
        ("tests/e2e/test_demo.py::test_x", "tests/e2e/script/test_script_slots.py::test_y", True),
        ("tests/e2e/test_demo.py::test_x", "tests/e2e/test_editor.py::test_y", False),
        ("tests/integration/cms/test_wagtail.py::a", "tests/integration/cms/test_wagtail_served.py::b", True),
        ("tests/integration/payload/test_site.py::a", "tests/integration/payload/test_module.py::b", True),
        ("tests/integration/events/test_killed.py::a", "tests/integration/events/test_killed.py::b", False),
    ],
)
def test_what_shares_a_server_or_a_module_stays_together(one: str, other: str, together: bool) -> None:
    assert (group_of(one) == group_of(other)) is together
