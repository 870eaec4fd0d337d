"""Whatever an editor does, a document that a page asks goes on being answered."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.graphql.names import type_names
from plugin.graphql.served import Schemas
from plugin.graphql.shapes import BLOCK_FIELDS, TEXTS
from plugin.store import Store
from tests.unit.plugin.graphql.answering import MANAGER, Answering, answering
from tests.unit.plugin.service.site_support import entry, put

BOTH = '{ personalize(slots: [{id: "feed"}]) { slots { blocks { id %s } } } }'
TITLES = BOTH % "fields ... on HeroBlock { title } ... on LandingPageBlock { title }"
VALUES = ["x", 5, 2.5, True, None, {"a": 1}, ["x"], [1], [[1]], 2**31, 2**53 + 1]


@pytest.fixture
def site(sqlite_store: Store) -> Answering:
    found = answering(sqlite_store)
    change(found, sqlite_store, gone=("d", "e"))
    return found


def ask(site: Answering, text: str) -> dict[str, Any]:
    """The blocks by their ids; a projection and an execution say the same."""
    projected, executed = (site.ask(text, projects=projects) for projects in (True, False))
    assert projected == executed
    body, status, _ = projected
    assert status == 200, body
    return {one["id"]: one for one in body["data"]["personalize"]["slots"][0]["blocks"]}


def change(site: Answering, store: Store, *entries: Any, gone: tuple[str, ...] = ()) -> None:
    put(store, *entries, gone=gone)
    site.service.sites.refresh()


@pytest.mark.parametrize("value", VALUES)
def test_a_value_of_another_type_breaks_no_document(site: Answering, sqlite_store: Store, value: Any) -> None:
    assert ask(site, TITLES)["a"]["title"] == "A"
    change(site, sqlite_store, entry("a", type_="hero", title=value))
    found = ask(site, TITLES)
    assert found["a"]["fields"]["title"] == value
    assert found["b"]["title"] == "<B>"
    assert found["c"]["title"] == "C"


@pytest.mark.parametrize(
    ("value", "told"),
    [("x", "x"), (5, "5"), (2.5, "2.5"), (True, "true"), (None, None), ({"a": 1}, None), (["x"], None)],
)
def test_what_block_templates_print_is_a_text_or_null_whatever_entries_hold(
    site: Answering, sqlite_store: Store, value: Any, told: str | None
) -> None:
    change(site, sqlite_store, *(entry(name, type_="hero", title=value) for name in "ab"))
    found = ask(site, TITLES)["a"]
    assert (found["title"], found["fields"]["title"]) == (told, value)
    assert types(site, "HeroBlock")["title"] == "String"


def test_a_field_that_block_templates_print_is_one_of_every_type(site: Answering, sqlite_store: Store) -> None:
    change(site, sqlite_store, entry("e"))
    assert types(site, "CardBlock") == dict.fromkeys(TEXTS, "String")
    assert ask(site, BOTH % "... on HeroBlock { kicker }")["a"]["kicker"] is None


def test_fields_under_one_key_may_come_to_be_of_two_types(site: Answering, sqlite_store: Store) -> None:
    change(site, sqlite_store, entry("a", type_="hero", lead="A"), entry("c", type_="landing-page", intro="C"))
    text = BOTH % "... on HeroBlock { first: lead } ... on LandingPageBlock { first: intro }"
    assert ask(site, text)["a"]["first"] == "A"
    change(site, sqlite_store, entry("a", type_="hero", lead={"text": "A"}))
    found = ask(site, text)
    assert (found["a"]["first"], found["c"]["first"]) == ({"text": "A"}, "C")
    assert types(site, "HeroBlock")["lead"] == "JSON"
    for name in ("type", "html"):  # what a block has of its own may be null as well, and is a text
        ask(site, text.replace("first: intro", f"first: {name}"))


def test_a_field_and_a_type_that_were_there_stay_when_their_last_entry_goes(
    site: Answering, sqlite_store: Store
) -> None:
    text = BOTH % "__typename ... on LandingPageBlock { parts open } ... on HeroBlock { weight call_to_action }"
    first = ask(site, text)
    assert first["b"]["call_to_action"] == "go"
    documents = site.schemas.served().built.documents
    change(site, sqlite_store, entry("a", type_="hero"), entry("b", type_="hero"), gone=("c",))
    found = ask(site, text)
    assert found["b"] == {"id": "b", "__typename": "HeroBlock", "weight": None, "call_to_action": None}
    assert set(found) == {"a", "b"}
    assert types(site, "HeroBlock")["weight"] == "Float"
    assert site.schemas.served().built.documents is documents, "nothing is parsed again"
    change(site, sqlite_store, entry("b", type_="hero", weight=3), entry("c", type_="landing-page", open=False))
    found = ask(site, text)
    assert (found["b"]["weight"], found["c"]["open"]) == (3, False)


def test_after_a_restart_there_is_what_entries_hold_and_what_is_declared(site: Answering, sqlite_store: Store) -> None:
    change(site, sqlite_store, entry("a", type_="hero"), entry("b", type_="hero", weight=True))
    site.schemas = Schemas(site.service.sites.current, frozenset())
    assert types(site, "HeroBlock") == {**dict.fromkeys(TEXTS, "String"), "weight": "Boolean"}
    assert ask(site, TITLES)["a"]["title"] is None
    assert site.ask(BOTH % "... on HeroBlock { sizes }")[1] == 400


def test_a_name_goes_to_what_entries_hold_now(site: Answering, sqlite_store: Store) -> None:
    change(site, sqlite_store, entry("b", type_="hero", **{"call-to-action": "went"}))
    assert ask(site, BOTH % "... on HeroBlock { call_to_action }")["b"]["call_to_action"] == "went"


def test_the_name_that_a_field_had_is_of_the_type_that_it_has_now(site: Answering, sqlite_store: Store) -> None:
    """One of two gets the name of both when the other goes, and is told under its old name, too."""
    change(site, sqlite_store, entry("b", type_="hero", **{"call to action": "go", "call_to_action": "now"}))
    (old,) = (name for name in types(site, "HeroBlock") if name.startswith("call_to_action_"))
    text = BOTH % f"... on HeroBlock {{ {old} }}"
    assert ask(site, text)["b"][old] == "go"
    change(site, sqlite_store, entry("b", type_="hero", **{"call to action": {"text": "go"}}))
    assert ask(site, text)["b"][old] == {"text": "go"}


def test_documents_are_not_made_again_for_values_of_another_type(site: Answering, sqlite_store: Store) -> None:
    assert types(site, "HeroBlock")["weight"] == "Float"
    before = site.schemas.served().built
    change(site, sqlite_store, entry("a", type_="hero", weight="heavy"))
    after = site.schemas.served().built
    assert types(site, "HeroBlock")["weight"] == "JSON"
    assert after.schema is not before.schema
    assert after.documents is before.documents


def test_what_registered_documents_name_is_there_from_the_start(sqlite_store: Store) -> None:
    text = BOTH % "... on HeroBlock { subtitle ... { motto: byline } } ...F" + "fragment F on GoneBlock { title price }"
    site = answering(sqlite_store, {"hash": text})
    change(site, sqlite_store, gone=("c", "d"))
    found = ask(site, text)
    assert (found["a"]["subtitle"], found["a"]["motto"]) == (None, None)
    assert types(site, "GoneBlock")["price"] == "JSON"
    change(site, sqlite_store, entry("a", type_="hero", byline="by"), entry("e", type_="gone", price=4))
    found = ask(site, text)
    assert (found["a"]["motto"], found["e"]["price"]) == ("by", 4)
    assert types(site, "GoneBlock")["price"] == "Int"
    assert site.ask(BOTH % "... on HeroBlock { nobody }")[1] == 400


def test_a_type_of_content_may_have_the_name_that_a_registered_document_gives_another(sqlite_store: Store) -> None:
    text = BOTH % "__typename ... on GoneBlock { price }"
    site = answering(sqlite_store, {"hash": text})
    change(site, sqlite_store, entry("e", type_="GoneBlock", price=4), gone=("c", "d"))
    assert ask(site, text)["e"] == {"id": "e", "__typename": "GoneBlockBlock"}
    change(site, sqlite_store, entry("d", type_="gone", price=5))
    assert ask(site, text)["d"] == {"id": "d", "__typename": "GoneBlock", "price": 5}
    change(site, sqlite_store, gone=("d",))
    assert set(ask(site, text)) == {"a", "b", "e"}


def test_registered_documents_may_name_types_whose_names_end_in_a_digest(sqlite_store: Store) -> None:
    names = type_names(["landing-page", "landing page"])
    digested = names["landing-page"]
    assert digested.startswith("LandingPageBlock_")
    text = BOTH % f"__typename ... on {digested} {{ parts }}"
    site = answering(sqlite_store, {"hash": text})
    change(site, sqlite_store, gone=("c", "d"))
    assert set(ask(site, text)) == {"a", "b", "e"}
    change(site, sqlite_store, entry("c", type_="landing-page", parts=[1]), entry("d", type_="landing page"))
    assert ask(site, text)["c"] == {"id": "c", "__typename": digested, "parts": [1]}


def types(site: Answering, kind: str) -> dict[str, str]:
    """The own fields of a type as its schema tells them, and their types."""
    text = f'{{ __type(name: "{kind}") {{ fields {{ name type {{ name kind ofType {{ name }} }} }} }} }}'
    body, _, _ = site.ask(text, caller=MANAGER)
    return {
        one["name"]: one["type"]["name"] for one in body["data"]["__type"]["fields"] if one["name"] not in BLOCK_FIELDS
    }
