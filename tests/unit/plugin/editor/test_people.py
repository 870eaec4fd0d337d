"""Who is in a segment, as the editors' pages tell it: numbers and words, and never who."""

from __future__ import annotations

from plugin.editor.people import told
from plugin.ports import Traffic
from plugin.service.segments.asked import Asked, Terms
from plugin.service.segments.reading import Activity, Size
from tests.unit.plugin.editor.conftest import Editor
from tests.unit.plugin.service.taking import HASHER

QUIET = Traffic(0, 0)


def test_the_page_of_a_list_tells_how_many_are_in_it_and_what_uses_it(editor: Editor) -> None:
    services = editor.small.services
    services.drafting.create("segments", {"id": "guests", "name": "Guests", "members": ["v-secret"]}, author="ed")
    services.segments.members.put("guests", [Asked("v-other")], Terms(), replace=False, author="crm")
    page = editor.client.get("/editor/items/segments/guests").text
    people = page[page.index("Who is in it now") : page.index('id="edit"')]
    assert "2 visitors." in people
    assert "1 stand in the document, 1 were loaded" in people
    assert "1 came in, 0 went out" in people
    assert "until you publish" in people
    assert "v-secret" not in people
    assert HASHER.source("v-other") not in page


def test_a_condition_says_why_it_has_no_number() -> None:
    found = told(Activity(Size("x", "X", "when", True, None, 0, True, False, "why"), QUIET, QUIET))
    assert found.size == "Nobody is kept in it: each visit is looked at anew."
    assert found.lines == ()


def test_numbers_are_told_in_words() -> None:
    size = Size("x", "X", "pattern", False, 12_345, 0, True, False)
    found = told(Activity(size, QUIET, Traffic(2_000, 1)))
    assert found.size == "12,345 visitors."
    assert dict(found.lines)["Last 24 hours"] == "nobody came or went"
    assert dict(found.lines)["Last 7 days"] == "2,000 came in, 1 went out"
    assert found.notes == ("It is switched off: no visitor counts as being in it.",)
