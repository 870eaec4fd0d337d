"""Items made by choosing: what is chosen is what is written, and what cannot be is said at its field."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest

from tests.unit.plugin.editor.conftest import Editor, tag
from tests.unit.plugin.web.small_app import READER

RULE = {"write": "yes", "name": "Back in the évening!", "slot": "home.hero", "entry": "gala", "visits": "back",
        "device": "mobile", "country": "fr", "starts": "18:00", "ends": "23:00", "first": "2026-12-01",
        "last": "2026-12-24", "over": "hero-vip"}  # fmt: skip


def written(editor: Editor, section: str, given: dict[str, str]) -> dict[str, Any]:
    """Choose, add the text that comes of it, and give the item as it is in the draft."""
    page = editor.get(f"/new/{section}?{urlencode(given)}")
    assert page.status_code == 200, page.text
    text = page.text.partition('<textarea id="editor"')[2].partition(">\n")[2].partition("</textarea>")[0]
    made = editor.post(f"/new/{section}", {"text": text.replace("&#39;", "'").replace("&#34;", '"')})
    assert made.status_code == 303, made.text
    return dict(editor.draft()[section][-1])


def test_what_was_chosen_is_what_is_added(editor: Editor) -> None:
    assert written(editor, "rules", RULE) == {
        "id": "back-in-the-evening",
        "name": "Back in the évening!",
        "slot": "home.hero",
        "priority": 70,  # between hero-vip with 50 and hero-local with 90
        "when": {
            "visitor.new": False,
            "device.type": "mobile",
            "geo.country": "FR",
            "time.of_day": {"between": ["18:00", "23:00"]},
        },
        "from": "2026-12-01",
        "until": "2026-12-25",
        "then": [{"pin": {"id": "gala"}}],
    }
    assert written(editor, "rules", RULE)["id"] == "back-in-the-evening-2"


def test_a_test_of_two_entries_takes_neither_from_those_who_are_not_in_it(editor: Editor) -> None:
    given = {"write": "y", "name": "Which?", "slot": "home.hero", "entry": "gala", "other": "welcome", "over": ""}
    made = written(editor, "experiments", {**given, "traffic": "50", "goal": "signup"})
    assert made["arms"] == [{"id": id_, "weight": 1, "then": [{"pin": {"id": id_}}]} for id_ in ("gala", "welcome")]
    assert (made["traffic"], made["shared"], made["goal"]) == (50, True, {"event": "signup", "within": "1d"})
    assert made["priority"] == -10, "behind all of the slot"


def test_a_segment_is_its_conditions(editor: Editor) -> None:
    made = written(editor, "segments", {"write": "y", "name": "New here", "visits": "new", "segment": "big"})
    assert made == {"id": "new-here", "name": "New here", "when": {"visitor.new": True, "segment": "big"}}


@pytest.mark.parametrize(
    ("section", "given", "name"),
    [
        ("rules", {"name": " "}, "name"),
        ("rules", {"entry": ""}, "entry"),
        ("rules", {"country": "Germany"}, "country"),
        ("rules", {"ends": ""}, "ends"),
        ("rules", {"ends": "18:00"}, "ends"),
        ("rules", {"ends": "late"}, "ends"),
        ("rules", {"last": "2026-11-01"}, "last"),
        ("rules", {"last": "9999-12-31"}, "last"),
        ("rules", {"first": "soon"}, "first"),
        ("experiments", {"other": "gala"}, "other"),
        ("experiments", {"other": "welcome", "traffic": "0"}, "traffic"),
        ("segments", {"visits": "", "device": "", "country": "", "starts": "", "ends": ""}, "visits"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_chosen_is_lost(
    editor: Editor, section: str, given: dict[str, str], name: str
) -> None:
    page = editor.get(f"/new/{section}?{urlencode({**RULE, **given})}")
    assert page.status_code == 422
    assert page.text.count('aria-invalid="true"') == 1
    assert f'aria-describedby="make-{name}-hint"' in page.text
    if given.get("name") is None:
        assert 'value="Back in the évening!"' in page.text


def test_entries_follow_the_slot(editor: Editor) -> None:
    assert '<option value="gala">' in editor.get("/new/rules?slot=home.hero").text
    other = editor.get("/new/rules?slot=home.feed&entry=gala&over=hero-vip").text
    assert '<option value="gala"' not in other
    assert "hero-vip" not in other


def test_a_priority_is_set_from_the_list_and_not_over_somebody_elses_change(editor: Editor) -> None:
    held = tag(editor.get("/items/rules/hero-vip"))
    sent = {"tag": held, "priority": "95", "slot": "home.hero"}
    assert editor.post("/priority/rules/hero-vip", sent).location == "/editor/slots/home.hero?done=moved"
    page = editor.get("/slots/home.hero").text
    assert page.index(">The best for the best</a>") < page.index(">hero-local</a>")
    assert editor.post("/priority/rules/hero-vip", sent).status_code == 412
    refused = editor.post("/priority/rules/hero-vip", {**sent, "priority": "high"})
    assert (refused.status_code, "“high” is not a number" in refused.text) == (422, True)
    assert editor.post("/priority/experiments/bold", {"tag": "x", "priority": "1"}).status_code == 412


def test_who_may_only_look_moves_nothing(nobody: Editor) -> None:
    nobody.log_in(READER)
    assert nobody.post("/priority/rules/hero-vip", {"tag": "x", "priority": "1"}).status_code == 403
    assert "/editor/priority/" not in nobody.get("/slots/home.hero").text


@pytest.mark.parametrize(
    ("lines", "fields"),
    [
        ("when: {geo.country: FR, visitor.new: false}", ("a.geo.country=FR", "a.visitor.new=no")),
        ("when: {segment: friends}", ("segment=friends",)),
        ("when: {custom.topics: {contains_all: [sea, sand]}}", ("a.custom.topics=sea,+sand",)),
        ("from: 2031-05-01\nuntil: 2031-05-02", ("date=2031-05-01", "time=")),
        ("when: {time.hour: {between: [2, 4]}}", ("date={today}", "time=0")),
    ],
)
def test_the_preview_of_a_rule_begins_with_a_visitor_whom_it_is_for(
    editor: Editor, lines: str, fields: tuple[str, ...]
) -> None:
    text = f"id: for-some\nslot: home.hero\npriority: 99\n{lines}\nthen: [{{pin: {{id: gala}}}}]\n"
    assert editor.post("/new/rules", {"text": text}).status_code == 303
    page = editor.get("/items/rules/for-some").text
    address = page.partition('href="/editor/preview?')[2].partition('"')[0].replace("&amp;", "&")
    today = editor.small.clock().astimezone(ZoneInfo("Europe/Paris")).date().isoformat()
    assert all(field.format(today=today) in address for field in fields), address
    shown = editor.get(f"/preview?{address}").text
    draft = shown.partition('data-rules="draft"')[2]
    assert 'data-block="gala"' in draft, shown
