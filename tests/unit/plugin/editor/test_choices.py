"""Items made by choosing: what is chosen is what is written, and what cannot be is said at its field."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest

from plugin.service.preconditions import ANY
from tests.unit.plugin.editor.conftest import Editor, tag
from tests.unit.plugin.editor.controls import controls
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


VIP = "/items/rules/hero-vip"


def test_an_item_is_changed_in_the_form_that_made_it(editor: Editor) -> None:
    sent = controls(editor.get(VIP).text)
    assert (sent["tag"], sent["segment"], sent["effect"], sent["over"]) == ("vip", "big", "pin", "stays")
    changed = {"country": "fr, be", "first": "2026-12-01", "last": "2026-12-24", "effect": "boost", "by": "0.4"}
    saved = editor.client.post(f"/editor{VIP}", data={**sent, **changed})
    assert saved.location == "/editor/items/rules/hero-vip?done=saved"
    assert editor.draft()["rules"][0] == {
        "id": "hero-vip",
        "name": "The best for the best",
        "slot": "home.hero",
        "priority": 50,
        "when": {"segment": "big", "geo.country": ["FR", "BE"]},
        "then": [{"boost": {"content.tags": "vip"}, "by": 0.4}],
        "from": "2026-12-01",
        "until": "2026-12-25",
    }
    sent = controls(editor.get(VIP).text)
    editor.client.post(f"/editor{VIP}", data={**sent, "segment": "", "outside": "new"})
    assert editor.draft()["rules"][0]["when"] == {"geo.country": ["FR", "BE"], "not": {"segment": "new"}}
    sent = controls(editor.get(VIP).text)
    assert editor.client.post(f"/editor{VIP}", data={**sent, "over": "hero-local"}).status_code == 303
    assert editor.draft()["rules"][0]["priority"] == 100


def test_what_the_form_does_not_show_stays(editor: Editor) -> None:
    text = (
        "id: night\nslot: home.hero\nstrict: true\ncap: {per_visitor: 3, within: 1d}\n"
        "when: {any: [{geo.eu: true}], segment: big}\nthen: [{stop: true}]"
    )
    editor.post("/new/rules", {"text": text})
    page = editor.get("/items/rules/night").text
    assert "This form does not show all of it." in page
    sent = controls(page)
    assert "entry" not in sent
    editor.client.post("/editor/items/rules/night", data={**sent, "segment": "", "visits": "new", "entry": "gala"})
    made = editor.draft()["rules"][-1]
    assert made["when"] == {"any": [{"geo.eu": True}], "visitor.new": True}
    assert (made["cap"], made["then"]) == ({"per_visitor": 3, "within": "1d"}, [{"stop": True}])


@pytest.mark.parametrize(
    ("section", "id_", "changed", "name", "said"),
    [
        ("rules", "hero-vip", {"country": "France"}, "country", "two letters for each"),
        ("rules", "hero-vip", {"slot": "gone"}, "slot", "there is no slot"),
        ("rules", "hero-vip", {"segment": "bigger"}, "segment", "there is no segment"),
        ("rules", "hero-vip", {"device": "toaster"}, "device", "toaster"),
        ("rules", "hero-vip", {"entry": "gala"}, "tag", "not both"),
        ("rules", "hero-vip", {"effect": "boost", "by": "much"}, "by", "not a number"),
        ("rules", "hero-vip", {"place": "first"}, "place", "whole number"),
        ("rules", "hero-vip", {"first": "2026-12-24", "last": "2026-12-01"}, "last", "ends before"),
        ("segments", "new", {"visits": ""}, "visits", "who is in it"),
    ],
)
def test_what_cannot_be_saved_is_said_at_its_field_and_stays_chosen(
    editor: Editor, section: str, id_: str, changed: dict[str, str], name: str, said: str
) -> None:
    before = editor.draft()
    sent = {**controls(editor.get(f"/items/{section}/{id_}").text), "name": "Still typed", **changed}
    page = editor.client.post(f"/editor/items/{section}/{id_}", data=sent)
    assert page.status_code == 422
    hint = page.text.partition(f'id="make-{name}-hint">')[2].partition("<")[0]
    assert said in hint, page.text
    assert controls(page.text)["name"] == "Still typed"
    assert editor.draft() == before


def test_choices_are_put_upon_what_somebody_else_saved(editor: Editor) -> None:
    """Nobody's change is lost: theirs is in the form, and what was chosen on top of it."""
    sent = controls(editor.get(VIP).text)
    held = editor.draft()["rules"][0]
    theirs = {**held, "cap": {"per_visitor": 1, "within": "1d"}, "name": "Theirs"}
    editor.small.services.drafting.put("rules", "hero-vip", theirs, precondition=ANY, author="rea")
    page = editor.client.post(f"/editor{VIP}", data={**sent, "device": "tv"})
    assert page.status_code == 412
    assert "Somebody else changed this rule" in page.text
    both = controls(page.text)
    assert (both["name"], both["device"]) == ("Theirs", "tv")
    assert editor.draft()["rules"][0] == theirs
    assert editor.client.post(f"/editor{VIP}", data=both).status_code == 303
    assert editor.draft()["rules"][0] == {**theirs, "when": {"segment": "big", "device.type": "tv"}}


def test_choices_that_do_not_fit_upon_theirs_are_shown_as_text(editor: Editor) -> None:
    sent = controls(editor.get(VIP).text)
    theirs = {**editor.draft()["rules"][0], "when": {"device.type": ["tv", "mobile"]}}
    editor.small.services.drafting.put("rules", "hero-vip", theirs, precondition=ANY, author="rea")
    page = editor.client.post(f"/editor{VIP}", data={**sent, "device": "tv"})
    assert page.status_code == 412
    assert "− when: {device.type: [tv, mobile]}" in page.text.replace("&#39;", "'")
    assert "+ when: {segment: big, device.type: tv}" in page.text
    assert "Save mine over theirs" in page.text


def test_choices_of_an_item_that_somebody_deleted_can_be_added_again(editor: Editor) -> None:
    sent = controls(editor.get(VIP).text)
    editor.small.services.drafting.delete("rules", "hero-vip", precondition=ANY, author="rea")
    page = editor.client.post(f"/editor{VIP}", data={**sent, "device": "tv", "country": "nowhere"})
    assert (page.status_code, controls(page.text)["device"]) == (422, "tv")
    page = editor.client.post(f"/editor{VIP}", data={**sent, "device": "tv"})
    assert page.status_code == 412
    assert "Somebody deleted this rule meanwhile" in page.text
    assert "device.type: tv" in page.text


@pytest.mark.parametrize("base", ["", "x", "[]", "{}", '{"id": "other"}', "[" * 1_050])
def test_a_form_of_another_item_is_refused_and_given_back(editor: Editor, base: str) -> None:
    sent = {**controls(editor.get(VIP).text), "base": base, "name": "An hour of work"}
    page = editor.client.post(f"/editor{VIP}", data=sent)
    assert page.status_code == 422
    assert "name: An hour of work" in page.text


@pytest.mark.parametrize("name", ["if.0.kept", "then.1.kept"])
@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_what_is_no_number_is_refused_where_it_was_put_in_by_hand(editor: Editor, name: str, number: str) -> None:
    before = editor.draft()
    sent = {**controls(editor.get(VIP).text), "if.join": "none", name: f'{{"pin": {{"x": {number}}}}}'}
    page = editor.client.post(f"/editor{VIP}", data=sent)
    assert (page.status_code, "cannot be read any more" in page.text) == (422, True)
    assert editor.draft() == before


def test_hours_on_the_visitors_clock_take_the_days_along(editor: Editor) -> None:
    """One field says whose clock it is, and it stands beside all of them."""
    dated = {**editor.draft()["rules"][0], "from": "2026-12-01"}
    editor.small.services.drafting.put("rules", "hero-vip", dated, precondition=ANY, author="rea")
    sent = controls(editor.get(VIP).text)
    assert sent["clock"] == "site"
    chosen = {"starts": "09:30", "ends": "11:15", "clock": "visitor"}
    assert editor.client.post(f"/editor{VIP}", data={**sent, **chosen}).status_code == 303
    made = editor.draft()["rules"][0]
    assert (made["from"], made["timezone"]) == ("2026-12-01", "visitor")
    assert {name: controls(editor.get(VIP).text)[name] for name in chosen} == chosen


def test_choices_are_given_back_where_the_session_is_over(editor: Editor) -> None:
    sent = {**controls(editor.get("/new/rules").text), "name": "An hour of work"}
    editor.small.clock.move(3 * 3600)
    page = editor.client.post("/editor/new/rules", data=sent)
    assert page.status_code == 401
    assert "name: An hour of work" in page.text
    assert sent["csrf"] not in page.text


def test_a_new_rule_is_added_from_its_form(editor: Editor) -> None:
    """What is added is what is chosen at that moment, not what was shown in words before."""
    sent = {**controls(editor.get("/new/rules?slot=home.hero").text), **RULE}
    shown = editor.client.post("/editor/new/rules", data=sent)
    assert "the visitor has been here before" in shown.text
    again = {**controls(shown.text), "visits": "new", "add": "yes"}
    added = editor.client.post("/editor/new/rules", data=again)
    assert added.location == "/editor/items/rules/back-in-the-evening?done=created"
    assert editor.draft()["rules"][-1]["when"]["visitor.new"] is True
    refused = editor.client.post("/editor/new/rules", data={**again, "slot": "gone", "over": ""})
    assert (refused.status_code, 'id="make-slot-hint"' in refused.text) == (422, True)


def test_an_experiment_against_what_is_there_anyway(editor: Editor) -> None:
    sent = controls(editor.get("/new/experiments?slot=home.hero").text)
    chosen = {"name": "Gala?", "other": "gala", "traffic": "50", "goal": "signup", "add": "yes"}
    assert editor.client.post("/editor/new/experiments", data={**sent, **chosen}).status_code == 303
    made = editor.draft()["experiments"][-1]
    assert made["arms"] == [
        {"id": "as-it-is", "weight": 1},
        {"id": "gala", "weight": 1, "then": [{"pin": {"id": "gala"}}]},
    ]
    assert "shared" not in made, "the others see the gala in no other way while it is measured"
    sent = controls(editor.get("/items/experiments/gala").text)
    assert (sent["entry"], sent["other"], sent["goal"]) == ("", "gala", "signup")
    editor.client.post("/editor/items/experiments/gala", data={**sent, "other": "welcome", "traffic": "20"})
    made = editor.draft()["experiments"][-1]
    assert made["arms"][1] == {"id": "gala", "weight": 1, "then": [{"pin": {"id": "welcome"}}]}, "nobody changes arms"
    assert (made["traffic"], made["goal"]) == (20, {"event": "signup", "within": "1d"})


def test_who_may_only_look_finds_no_form(nobody: Editor) -> None:
    nobody.log_in(READER)
    assert controls(nobody.get(VIP).text) == {}


def test_effects_are_added_and_moved_by_buttons(editor: Editor) -> None:
    """Each button gives the form back with what was chosen, and nothing is saved by it."""
    sent = {**controls(editor.get(VIP).text), "place": "2"}
    more = controls(editor.client.post(f"/editor{VIP}", data={**sent, "do": "then:add"}).text)
    assert (more["tag"], more["place"], more["then.1.effect"]) == ("vip", "2", "pin")
    assert "autofocus" in editor.client.post(f"/editor{VIP}", data={**sent, "do": "then:add"}).text
    stop = {**more, "then.1.effect": "stop", "do": "then.1:up"}
    moved = controls(editor.client.post(f"/editor{VIP}", data=stop).text)
    assert (moved["effect"], moved["then.1.tag"]) == ("stop", "vip")
    named = {**moved, "do": "of1:add"}
    named = controls(editor.client.post(f"/editor{VIP}", data=named).text)
    chosen = {"of1.0.what": "content.region", "of1.0.test": "bare-ref", "of1.0.v": "geo.region"}
    assert editor.draft()["rules"][0]["then"] == [{"pin": {"content.tags": "vip"}}]
    saved = editor.client.post(f"/editor{VIP}", data={**named, **chosen})
    assert saved.status_code == 303, saved.text
    assert editor.draft()["rules"][0]["then"] == [
        {"stop": True},
        {"pin": {"content.tags": "vip", "content.region": {"ref": "geo.region"}}, "position": 2},
    ]


def test_what_the_rules_say_of_a_line_stands_at_that_line(editor: Editor) -> None:
    sent = controls(editor.get(VIP).text)
    wrong = {"if.join": "any", "if.0.what": "geo.city", "if.0.test": "matches", "if.0.v": "(",
             "if.1.what": "geo.city", "if.1.test": "eq", "if.1.v": "Paris"}  # fmt: skip
    page = editor.client.post(f"/editor{VIP}", data={**sent, **wrong})
    assert page.status_code == 422
    assert 'id="make-if.0.v-hint"' in page.text
    wrong = {
        "of0.join": "all",
        "of0.0.what": "content.*",
        "of0.0.own": "topics",
        "of0.0.test": "matches",
        "of0.0.v": "(",
    }
    page = editor.client.post(f"/editor{VIP}", data={**sent, **wrong})
    assert (page.status_code, 'id="make-of0.0.v-hint"' in page.text) == (422, True)


@pytest.mark.parametrize(
    ("chosen", "made"),
    [
        ({"days": "fri\nsat"}, {"on": {"weekdays": ["fri", "sat"]}, "timezone": "visitor"}),
        ({"days": "sat", "clock": "site"}, {"on": {"weekdays": ["sat"]}}),
        ({"days": "sat", "starts": "22:00", "ends": "02:59"},
         {"on": {"weekdays": ["sat"], "hours": [22, 2]}, "timezone": "visitor"}),
        ({"days": "sat", "starts": "17:30", "ends": "20:15"},
         {"on": {"weekdays": ["sat"]}, "timezone": "visitor",
          "when": {"segment": "big", "time.of_day": {"between": ["17:30", "20:15"]}}}),
        ({"starts": "09:00", "ends": "17:59", "clock": "site"}, {"on": {"hours": [9, 17]}}),
        ({"first": "2026-12-01"}, {"from": "2026-12-01"}),
        ({"times": "3", "span": "12", "unit": "h"}, {"cap": {"per_visitor": 3, "within": "12h"}}),
        ({"slot": "+", "slots": "home.hero\nhome.feed"}, {"slot": ["home.hero", "home.feed"]}),
        ({"slot": "+", "slots": "home.feed"}, {"slot": "home.feed"}),
        ({"slot": "*"}, {"slot": "*"}),
    ],
)  # fmt: skip
def test_times_and_places_are_written_as_they_are_chosen(
    editor: Editor, chosen: dict[str, str], made: dict[str, Any]
) -> None:
    before = editor.draft()["rules"][0]
    sent = controls(editor.get(VIP).text)
    saved = editor.client.post(f"/editor{VIP}", data={**sent, **chosen})
    assert saved.status_code == 303, saved.text
    assert editor.draft()["rules"][0] == {**before, **made}
    held = controls(editor.get(VIP).text)
    assert {name: held[name] for name in chosen if name != "slots"} == {
        name: text if made.get("slot") != "home.feed" else "home.feed"
        for name, text in chosen.items()
        if name != "slots"
    }
    emptied = {"days": "", "starts": "", "ends": "", "first": "", "slot": "home.hero", "slots": "",
               "times": "", "span": ""}  # fmt: skip
    assert editor.client.post(f"/editor{VIP}", data={**held, **emptied}).status_code == 303
    assert editor.draft()["rules"][0] == before


@pytest.mark.parametrize(
    ("chosen", "name", "said"),
    [
        ({"starts": "09:30", "ends": "17:00", "clock": "site"}, "starts", "full ones"),
        ({"starts": "22:00", "ends": "02:00", "days": "sat"}, "ends", "full hours"),
        ({"slot": "+", "slots": ""}, "slots", "at least one"),
        ({"clock": "sun"}, "clock", "choose"),
        ({"times": "3"}, "span", "say both"),
        ({"times": "often", "span": "1"}, "times", "whole number"),
        ({"days": "someday"}, "days", "choose"),
    ],
)
def test_times_and_places_that_cannot_be_are_said_at_their_fields(
    editor: Editor, chosen: dict[str, str], name: str, said: str
) -> None:
    page = editor.client.post(f"/editor{VIP}", data={**controls(editor.get(VIP).text), **chosen})
    assert page.status_code == 422
    assert said in page.text.partition(f'id="make-{name}-hint">')[2].partition("<")[0], page.text


def test_conditions_that_both_changed_are_put_upon_theirs(editor: Editor) -> None:
    sent = controls(editor.get(VIP).text)
    mine = {"if.0.what": "geo.city", "if.0.test": "eq", "if.0.v": "Paris"}
    theirs = {**editor.draft()["rules"][0], "name": "Theirs", "when": {"segment": "big", "geo.eu": True}}
    editor.small.services.drafting.put("rules", "hero-vip", theirs, precondition=ANY, author="rea")
    both = controls(editor.client.post(f"/editor{VIP}", data={**sent, **mine, "by": "", "place": "3"}).text)
    assert (both["name"], both["if.0.v"], both["place"]) == ("Theirs", "Paris", "3")
    editor.client.post(f"/editor{VIP}", data=both)
    made = editor.draft()["rules"][0]
    assert made["when"] == {"segment": "big", "geo.city": "Paris"}
    assert made["then"] == [{"pin": {"content.tags": "vip"}, "position": 3}]
