"""An item opened in the form of choices and saved is the very same item, whatever it says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given, note
from hypothesis import strategies as st

from plugin.editor import choices, more, tree, tree_fields
from plugin.editor.parts import MADE, Part, put
from plugin.editor.phrases import plain
from plugin.editor.readable import parts_of, same
from plugin.editor.vocabulary import vocabulary_of
from plugin.editor.words import Words
from plugin.resources import folder
from plugin.service.preconditions import ANY
from plugin.service.rulesets.items import Section, items
from rules.attributes import BUILT_IN
from rules.source import parse
from tests.strategies import World, worlds
from tests.strategies.profiles import searched
from tests.unit.plugin.editor.conftest import Editor
from tests.unit.plugin.editor.controls import controls
from tests.unit.plugin.editor.texts import DOCUMENT

WORDS = Words(vocabulary_of(DOCUMENT, BUILT_IN))
TEXTS = st.sampled_from(["Evening", "", " x", "a\nb", "a\r\nb", "a\x00", "é\u00a0!", "\u2028", "1", "<b>\"'&amp;"])


def _site() -> dict[str, Any]:
    """The sample site's document, read as documents are."""
    found: dict[str, Any] = {}
    for path in sorted((folder("site") / "rules").glob("*.yaml")):
        for key, held in parse(path.read_text("utf-8")).data.items():
            found[key] = [*found[key], *held] if isinstance(found.get(key), list) else held
    return found


SITE = _site()
SITES_ITEMS = [(section, id_) for section in MADE for id_ in items(SITE, section)]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 200) | st.sampled_from([0.5, 1.0, 1e300]) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
PLACES = st.sampled_from(
    ["2026-12-24", "2026-12-01", "2026-12-24T18:00", "0001-01-01", "9999-12-31", "soon", "", "20261224"]
)
HOURS = st.sampled_from(["18:00", "22:59", "08:30", "24:00", "6:00", ""])
ENTRIES = st.sampled_from(["gala", "welcome", "it's", " gala", ""])
SELECTED = st.one_of(
    ENTRIES.map(lambda id_: {"id": id_}),
    st.sampled_from([{"content.tags": "vip"}, {"content.tags": ["vip"]}, {"content.id": "gala"}, {}]),
    ENTRIES.map(lambda id_: {"id": id_, "content.tags": "vip"}),
)
PINS = st.fixed_dictionaries(
    {"pin": SELECTED}, optional={"position": st.sampled_from([1, 2, 1.0, 0, True, "1"]), "max": st.just(2)}
)
BOOSTS = st.fixed_dictionaries({"boost": SELECTED, "by": st.sampled_from([0.5, 1, 1.0, -0.25, 1e-7, True, "1"])})
EFFECTS = st.one_of(
    PINS, BOOSTS, SELECTED.map(lambda one: {"hide": one}), SELECTED.map(lambda one: {"only": one}),
    st.sampled_from([{"stop": True}, {"set": {"presentation.images": "small"}}, {}, None]),
)  # fmt: skip
CONDITIONS: dict[str, st.SearchStrategy[Any]] = {
    "visitor.new": st.sampled_from([True, False, 1, "new"]),
    "segment": st.sampled_from(["big", "nobody", ["big", "new"]]),
    "device.type": st.sampled_from(["mobile", "toaster", ["mobile", "tv"]]),
    "geo.country": st.sampled_from(["FR", "fr", ["FR", "BE"], ["FR"], [], {"ne": "FR"}, "FR, BE", ["FR", "FR"]]),
    "time.of_day": st.tuples(HOURS, HOURS).map(lambda both: {"between": list(both)}),
    "time.hour": st.sampled_from([{"between": [18, 22]}, {"between": [23, 4]}, {"between": [5, 5]}, {"gte": 5},
                                  {"between": [5, 9], "ne": 7}, {"between": [5.0, 9]}]),
    "profile.spend": st.just({"gte": 5}),
    "not": st.sampled_from([{"segment": "big"}, {"segment": ["big"]}, {"segment": "nobody"}, {"geo.country": "FR"},
                            {"segment": "big", "geo.country": "FR"}, {}]),
    "any": st.just([{"geo.country": "FR"}, {"segment": "big"}]),
}  # fmt: skip
WHEN = st.fixed_dictionaries({}, optional=CONDITIONS)
ARMS = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from(["a", "b", "gala"])},
        optional={"weight": st.sampled_from([1, 1.0, 2, 0]), "name": TEXTS, "then": st.lists(EFFECTS, max_size=2)},
    ),
    max_size=3,
)
COMMON: dict[str, st.SearchStrategy[Any]] = {"name": TEXTS, "description": TEXTS, "when": WHEN | JSON, "odd": JSON}
ACTING = COMMON | {
    "slot": st.sampled_from(
        [
            "home.hero",
            "home.feed",
            "nowhere",
            "*",
            ["home.hero"],
            ["home.hero", "home.feed"],
            ["home.feed", "home.hero"],
            ["home.feed"] * 2,
            [],
            ["*"],
            [["home.feed"]],
        ]
    ),
    "priority": st.sampled_from([0, 70, 70.0, 0.5, -10, "high", True]),
    "from": PLACES | JSON,
    "until": PLACES | JSON,
    "on": st.sampled_from(
        [
            {"weekdays": ["fri"], "hours": [17, 22]},
            {"hours": [22, 3], "weekdays": ["sat", "fri"]},
            {"hours": [9, 17]},
            {"weekdays": ["mon", "mon"]},
            {"weekdays": []},
            {"weekdays": ["someday"]},
            {"hours": [9]},
            {"hours": [True, 3]},
            {"hours": [9.0, 17]},
            {},
            None,
            {"weekdays": ["mon"], "odd": 1},
            "mon",
        ]
    ),
    "timezone": st.sampled_from(["visitor", "visitor", "Europe/Rome", None]),
    "enabled": st.booleans(),
    "cap": st.sampled_from(
        [
            {"per_visitor": 3, "within": "1d"},
            {"within": "12h", "per_visitor": 1},
            {"per_visitor": 3},
            {"per_visitor": True, "within": "1d"},
            {"per_visitor": 0, "within": "1d"},
            None,
            "often",
            {"per_visitor": 2, "within": "01d"},
        ]
    ),
    "strict": st.booleans(),
}
KEYS: Mapping[Section, dict[str, st.SearchStrategy[Any]]] = {
    "rules": ACTING | {"then": st.lists(EFFECTS, max_size=2) | JSON},
    "experiments": ACTING | {
        "arms": ARMS | JSON,
        "traffic": st.sampled_from([50, 100, 50.0, 33.3, 0, True, "50", 101]),
        "goal": st.sampled_from([{"event": "signup"}, {"event": "signup", "within": "1h"}, {"event": ""}, {}, None,
                                 {"event": "buy", "where": {"content.type": "article"}, "within": "1d"}]),
        "shared": st.booleans(),
        "group": TEXTS,
    },
    "segments": COMMON | {
        "pattern": st.just({"event": "view", "count": {"gte": 3}, "within": "30m"}),
        "members": st.just(["v-1"]),
        "computed": st.just(True),
        "lasts": st.just("2d"),
        "public": st.booleans(),
    },
}  # fmt: skip


@st.composite
def some_items(draw: st.DrawFn) -> tuple[Section, dict[str, Any]]:
    """An item of a kind that has a form: what the form can say, and what it just cannot, in any order of keys."""
    section = draw(st.sampled_from(MADE))
    item = {"id": "x", **draw(st.fixed_dictionaries({}, optional=KEYS[section]))}
    return section, dict(draw(st.permutations(list(item.items()))))


def form_of(section: Section, item: Mapping[str, Any], sent: Mapping[str, str] | None = None) -> choices.Choices:
    return choices.form(section, sent or {}, DOCUMENT, WORDS, item)


@searched(300)
@given(some_items())
def test_what_is_read_and_written_is_the_same_item(found: tuple[Section, dict[str, Any]]) -> None:
    """And where that is so, nothing of it is held to be wrong: what was there can always be saved."""
    section, item = found
    form = form_of(section, item)
    note((form.asked, form.values))
    assert choices.problems(form).keys() <= ({"visits"} if section == "segments" else set())
    assert same(choices.item(form, DOCUMENT), item)


@searched(300)
@given(some_items(), some_items(), st.data())
def test_a_changed_part_changes_nothing_else(
    found: tuple[Section, dict[str, Any]], source: tuple[Section, dict[str, Any]], data: st.DataObject
) -> None:
    section, item = found
    form, other = form_of(section, item), form_of(section, source[1])
    both = sorted((form.asked & other.asked) - {"over"})
    if not both:
        return
    changed = data.draw(st.sampled_from(both))
    part = next(one for one in parts_of(section) if one.name == changed)
    sent = form_of(section, item, {name: other.values[name] for name in part.fields})
    if choices.problems(sent):
        return
    made = choices.item(sent, DOCUMENT)
    assert _without(made, part) == _without(item, part)
    again = form_of(section, made)
    assert {name: again.values[name] for name in part.fields} == {name: sent.values[name] for name in part.fields}


@searched(300)
@given(some_items(), st.sampled_from(["if.0:remove", "if:add", "if.0:down", "if.1:up", "if:group"]))
def test_a_button_changes_nothing_but_conditions(found: tuple[Section, dict[str, Any]], doing: str) -> None:
    section, item = found
    form = form_of(section, item)
    if form.drawn is None:
        return
    sent = form_of(section, item, {**form.values, **tree_fields.written(form.drawn.top), "do": doing})
    if choices.problems(sent):
        return
    made = choices.item(sent, DOCUMENT)
    assert same(put(made, "when", None), put(item, "when", None))
    rest = more.rest_of(section, item, form.asked) or {}
    assert {key: held for key, held in (item.get("when") or {}).items() if key not in rest}.items() <= (
        made.get("when") or {}
    ).items()


def _without(item: Mapping[str, Any], part: Part) -> str:
    """The item without what the part is about, as text."""
    held = json.loads(json.dumps(item))
    for path in part.paths:
        inner = held.get("when") if len(path) > 1 else held
        if isinstance(inner, dict):
            inner.pop(path[-1], None)
    if not held.get("when"):
        held.pop("when", None)
    return json.dumps(held)


@searched(60)
@given(worlds(1))
def test_items_of_any_document_are_the_same_afterwards(world: World) -> None:
    words = Words(vocabulary_of(world.document, BUILT_IN))
    for section in MADE:
        for item in items(world.document, section).values():
            form = choices.form(section, {}, world.document, words, item)
            assert not choices.problems(form)
            assert same(choices.item(form, world.document), item)
            assert form.kept or set(item) <= {"id", "priority", "enabled", "when", "then"} | {
                path[0] for part in parts_of(section) if part.name in form.asked for path in part.paths
            }


@pytest.mark.parametrize(("section", "id_"), SITES_ITEMS)
def test_every_condition_of_the_sample_site_is_drawn(section: Section, id_: str) -> None:
    form = choices.form(section, {}, SITE, Words(vocabulary_of(SITE, BUILT_IN)), items(SITE, section)[id_])
    assert not [node for _path, node in tree.lines(form.conditions or tree.NOTHING) if isinstance(node, tree.Kept)]


@pytest.fixture
def site(editor: Editor) -> Editor:
    """The pages, with the sample site's document as the draft."""
    editor.small.services.drafting.replace(SITE, precondition=ANY, author="seed")
    return editor


@pytest.mark.parametrize(("section", "id_"), SITES_ITEMS)
def test_every_item_of_the_sample_site_is_the_same_afterwards(section: Section, id_: str) -> None:
    words, item = Words(vocabulary_of(SITE, BUILT_IN)), items(SITE, section)[id_]
    form = choices.form(section, {}, SITE, words, item)
    assert {"name", "description"} <= form.asked
    assert not choices.problems(form)
    assert same(choices.item(form, SITE), item)


def test_items_of_the_sample_site_are_saved_as_they_were(site: Editor) -> None:
    """Through the page, as a browser sends it: one item in five, of each kind."""
    before = json.dumps(site.draft())
    for section, id_ in SITES_ITEMS[::5]:
        sent = controls(site.get(f"/items/{section}/{id_}").text)
        answer = site.client.post(f"/editor/items/{section}/{id_}", data=sent)
        assert answer.status_code == 303, (section, id_, answer.text)
        assert answer.location.endswith("?done=unchanged")
    assert json.dumps(site.draft()) == before


@pytest.mark.parametrize(
    ("section", "id_", "kept"),
    [
        ("rules", "hero-night-mail", {}),
        ("rules", "hero-small-hours", {}),
        ("rules", "feed-winter-notice", {}),
        ("rules", "offer-subscription", {}),
        ("rules", "hero-weekend", {}),
        ("rules", "hero-tonight-nearby", {}),
        ("segments", "near-a-night-platform", {}),
        ("rules", "feed-region-first", {}),
        ("rules", "shop-winter", {}),
        ("rules", "light-pictures-on-slow-lines", {}),
        ("experiments", "hero-voice", {"Excludes other experiments of the group": "home-page"}),
        ("experiments", "long-reads-first", {"What is shown": "other shares than two halves: No change",
                                             "Excludes other experiments of the group": ""}),
        ("segments", "mountain-lovers", {"Who is in it": "after “view” with type article"}),
        ("segments", "newcomers", {"A visitor’s browser may learn of it": "yes"}),
    ],
)  # fmt: skip
def test_what_the_form_does_not_show_is_said(section: Section, id_: str, kept: dict[str, str]) -> None:
    form = choices.form(section, {}, SITE, Words(vocabulary_of(SITE, BUILT_IN)), items(SITE, section)[id_])
    told = {fact.label: plain(fact.phrase) for fact in form.kept}
    assert told.keys() == kept.keys()
    assert all(told[label].startswith(begins) for label, begins in kept.items()), told


def test_yaml_that_the_form_made_is_read_back(editor: Editor) -> None:
    sent = controls(editor.get("/items/rules/hero-vip").text)
    page = editor.client.post("/editor/items/rules/hero-vip", data={**sent, "as_text": "yes", "device": "tv"}).text
    text = controls(page.replace('class="sheet"', 'id="sheet"'), "sheet")
    assert yaml.safe_load(text["text"])["when"] == {"segment": "big", "device.type": "tv"}
    assert editor.draft()["rules"][0]["when"] == {"segment": "big"}, "nothing was saved"
    saved = editor.client.post("/editor/items/rules/hero-vip", data=text)
    assert saved.location.endswith("?done=saved")
