"""How a document of Payload becomes entries: locales, tags, relations, and what must not come across."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.cms.payload.entries import Documents, Variants
from adapters.cms.payload.fields import Relations
from adapters.cms.payload.identity import Identity
from adapters.cms.payload.localised import pick
from adapters.cms.port import BadResponse, Entry, Key, Link

RECORDINGS = Path(__file__).parents[3] / "fixtures" / "cms" / "payload"
MOMENTS = {"createdAt": "2026-11-20T10:00:00.000Z", "updatedAt": "2026-11-21T10:00:00.123Z"}


def recorded(name: str) -> Any:
    return json.loads((RECORDINGS / f"{name}.json").read_text("utf-8"))["body_json"]


def documents(**more: Any) -> Documents:
    relations = more.pop("relations", None) or Relations("https://cms.example", frozenset(("articles", "tags")))
    return Documents(identity=Identity(more.pop("qualified", True)), relations=relations, **more)


def document(**fields: Any) -> dict[str, Any]:
    return {"id": 1, **MOMENTS, "_status": "published", **fields}


def variants(raw: dict[str, Any], **more: Any) -> Variants:
    return documents(locales={"en": "en", "fr": "fr"}, **more).variants(raw, "articles", "page 1")


def only(made: Variants) -> Entry:
    assert not made.problems
    (entry,) = made.entries
    return entry


def test_a_recorded_document_gives_one_entry_without_a_locale() -> None:
    entry = only(
        documents(prefixed_tags={"audience": "audience.segments"}).variants(recorded("single-article"), "articles", "x")
    )
    assert entry.key == Key("articles.2", None)
    assert entry.type == "articles"
    assert entry.tags == ("Visitors", "Returning", "audience:visitors", "audience:returning")
    assert entry.published_at == datetime(2026, 11, 21, 21, 10, 6, 296_000, UTC)
    assert entry.version == datetime(2026, 11, 21, 21, 10, 7, 31_000, UTC)
    assert entry.links == (Link("", "term", "tags.1"), Link("", "term", "tags.3"))
    assert set(entry.fields) == {"title", "slug", "kind", "priority", "body", "audience"}


def test_each_locale_with_content_of_its_own_gives_an_entry() -> None:
    made = variants(
        document(title={"en": "Hello", "fr": "Bonjour"}, teaser={"en": "Come in", "fr": None}, slug="hello")
    )
    english, french = made.entries
    assert (english.locale, english.fields["title"], english.fields["teaser"]) == ("en", "Hello", "Come in")
    assert (french.locale, french.fields["title"], french.fields["teaser"]) == ("fr", "Bonjour", None)
    assert english.fields["slug"] == french.fields["slug"] == "hello"


def test_a_french_tag_or_picture_makes_no_french_article() -> None:
    tag = {"id": 5, **MOMENTS, "name": {"en": "Food", "fr": "Cuisine"}}
    entry = only(variants(document(title={"en": "Hello", "fr": ""}, tags=[tag])))
    assert (entry.locale, entry.tags) == ("en", ("Food",))


def test_localised_values_in_groups_arrays_and_blocks_are_picked() -> None:
    raw = document(seo={"summary": {"en": "S", "fr": "R"}}, layout=[{"blockType": "quote", "words": {"fr": "Mots"}}])
    english, french = variants(raw).entries
    assert english.fields["layout"] == [{"blockType": "quote", "words": None}]
    assert french.fields == {"seo": {"summary": "R"}, "layout": [{"blockType": "quote", "words": "Mots"}]}


def test_a_locale_that_the_settings_do_not_name_is_a_problem_and_no_content() -> None:
    made = variants(document(title={"en": "Hello", "de": "Hallo"}))
    assert not made.entries
    assert {problem.key for problem in made.problems} == {Key("articles.1", tag) for tag in ("en", "fr", None)}
    assert "de" in made.problems[0].reason


def test_codes_of_the_site_become_bcp_47_tags() -> None:
    made = documents(locales={"pt_BR": "pt-BR"}).variants(document(title={"pt_BR": "Oi"}), "articles", "x")
    assert only(made).key == Key("articles.1", "pt-BR")


@pytest.mark.parametrize("status", ["draft", None, "scheduled"])
def test_what_is_not_published_gives_no_entry(status: str | None) -> None:
    made = variants(document(title={"en": "Not yet"}, _status=status))
    assert (made.entries, made.problems) == ((), ())


def test_a_document_in_the_trash_gives_no_entry() -> None:
    assert not variants(document(title={"en": "Gone"}, deletedAt="2026-11-21T00:00:00.000Z")).entries


def test_a_status_for_each_locale_is_heeded() -> None:
    """Sites may publish each locale for itself."""
    raw = document(title={"en": "Hello", "fr": "Bonjour"}, _status={"en": "published", "fr": "draft"})
    assert [entry.locale for entry in variants(raw).entries] == ["en"]
    untranslated = document(title={"en": "Hello"}, _status={"en": "published", "fr": "published"})
    assert [entry.locale for entry in variants(untranslated).entries] == ["en"]


def test_a_draft_can_be_shown_to_its_editor() -> None:
    raw = document(title={"en": "Not yet"}, _status="draft")
    made = documents(locales={"en": "en"}).variants(raw, "articles", "x", drafts=True)
    assert only(made).fields["title"] == "Not yet"


def test_a_related_draft_does_not_come_in_by_the_relation() -> None:
    draft = {"id": 7, **MOMENTS, "title": {"en": "Secret plans"}, "_status": "draft"}
    entry = only(variants(document(title={"en": "Hello"}, articles=draft, tags=[draft])))
    assert entry.fields["articles"] == {"$ref": "articles.7"}
    assert Link("/articles", "entry", "articles.7", resolved=False) in entry.links
    assert entry.tags == ()
    assert "Secret" not in json.dumps(dict(entry.fields))


def test_a_relation_back_to_the_document_is_cut() -> None:
    raw = document(title={"en": "Hello"})
    other = {"id": 2, **MOMENTS, "createdAt": "2026-11-19T00:00:00Z", "title": {"en": "Other"}, "_status": "published"}
    raw["articles"] = {**other, "articles": dict(raw)}
    entry = only(variants(raw))
    assert entry.fields["articles"] == {"id": 2, "title": "Other", "articles": {"$ref": "articles.1"}}


def test_ids_of_two_collections_do_not_mix() -> None:
    tag = {"id": 1, **MOMENTS, "name": "Food"}
    entry = only(variants(document(title={"en": "Hello"}, about={"relationTo": "tags", "value": tag})))
    assert entry.fields["about"] == {"relationTo": "tags", "value": {"id": 1, "name": "Food"}}
    assert entry.links == (Link("/about/value", "entry", "tags.1"),)


def test_a_relation_to_a_collection_that_nothing_names_is_kept_and_remarked() -> None:
    made = variants(document(title={"en": "Hello"}, author={"id": 3, **MOMENTS, "name": "Ann"}))
    (entry,) = made.entries
    assert entry.fields["author"] == {"id": 3, "name": "Ann"}
    assert entry.links == ()
    assert [(problem.blocking, "author" in problem.reason) for problem in made.problems] == [(False, True)]


def test_the_settings_can_name_the_collection_of_a_relation() -> None:
    relations = Relations("https://cms.example", named={"author": "people"})
    made = variants(document(title={"en": "Hello"}, author={"id": 3, **MOMENTS, "name": "Ann"}), relations=relations)
    assert only(made).links == (Link("/author", "entry", "people.3"),)


def test_plain_ids_are_those_of_the_documents() -> None:
    author = {"id": "d41d8cd9", **MOMENTS, "name": "Ann"}
    entry = only(variants(document(id="0cc175b9", title={"en": "Hello"}, author=author), qualified=False))
    assert entry.id == "0cc175b9"
    assert entry.links == (Link("/author", "entry", "d41d8cd9"),)


def test_of_people_neither_address_nor_keys_nor_sessions_come_across() -> None:
    secrets = {"email": "ann@example.com", "username": "ann", "apiKey": "k", "sessions": [{"id": "s"}]}
    flags = {"hasAPIKey": True, "enableAPIKey": True, "loginAttempts": 0, "collection": "users"}
    person = {"id": 3, **MOMENTS, "name": "Ann", **secrets, **flags}
    entry = only(variants(document(title={"en": "Hello"}, articles=person)))
    assert entry.fields["articles"] == {"id": 3, "name": "Ann"}
    assert set(only(documents().variants(person, "users", "x")).fields) == {"name"}


def test_uploads_get_whole_urls_and_an_identity() -> None:
    file = {"filename": "dot.png", "mimeType": "image/png", "url": "/api/media/file/dot.png"}
    sizes = {"small": {"url": "/api/media/file/dot-2.png", "width": 1}, "large": {"url": None}}
    more = {"alt": {"en": "A dot"}, "thumbnailURL": "/api/media/file/dot-1.png", "sizes": sizes}
    cover = {"id": 9, **MOMENTS, **file, **more}
    entry = only(variants(document(title={"en": "Hello"}, cover=cover)))
    base = "https://cms.example/api/media/file"
    made: Any = entry.fields["cover"]
    assert (made["url"], made["thumbnailURL"], made["alt"]) == (f"{base}/dot.png", f"{base}/dot-1.png", "A dot")
    assert made["sizes"] == {"small": {"url": f"{base}/dot-2.png", "width": 1}, "large": {"url": None}}
    assert entry.links == (Link("/cover", "asset", f"{base}/dot.png", id="media.9"),)


def test_tags_are_texts_documents_or_rows_and_fields_named_like_a_prefix() -> None:
    raw = document(
        title={"en": "Hello"},
        tags=["audience:vip", {"relationTo": "tags", "value": {"id": 1, **MOMENTS, "title": "topic:food"}}],
        slot="home-hero",
        audience=["returning", "audience:vip"],
        topic={"id": 2, **MOMENTS, "name": "travel"},
    )
    relations = Relations("https://cms.example", named={"topic": "topics"})
    tags = ("audience:vip", "topic:food", "slot:home-hero", "audience:returning", "topic:travel")
    assert only(variants(raw, relations=relations)).tags == tags


def test_dates_of_publication_and_end_are_fields_where_they_have_a_value() -> None:
    dates = {"publishedAt": "2026-12-01T08:00:00+01:00", "expiresAt": "2026-12-24"}
    entry = only(variants(document(title={"en": "Hello"}, **dates)))
    assert entry.published_at == datetime(2026, 12, 1, 7, tzinfo=UTC)
    assert entry.expires_at == datetime(2026, 12, 24, tzinfo=UTC)


def test_a_bad_date_breaks_the_variant_and_says_where() -> None:
    made = variants(document(title={"en": "Hello", "fr": "Bonjour"}, publishedAt={"en": "soon", "fr": None}))
    assert [entry.locale for entry in made.entries] == ["fr"]
    assert [(problem.key, problem.where) for problem in made.problems] == [(Key("articles.1", "en"), "articles/1 (en)")]
    assert made.held() == {Key("articles.1", "en"), Key("articles.1", "fr")}


def test_fields_named_like_properties_of_entries_get_a_prefix_and_unknown_ones_stay() -> None:
    raw = document(
        title={"en": "Hello"}, type="a", locale="b", published_at="c", whatever={"deep": [1, None, {"x": True}]}
    )
    fields = only(variants(raw)).fields
    assert (fields["cms_type"], fields["cms_locale"], fields["cms_published_at"]) == ("a", "b", "c")
    assert fields["whatever"] == {"deep": [1, None, {"x": True}]}


def test_markup_of_the_site_itself_is_sanitised() -> None:
    raw = document(title={"en": "Hello"}, body_html={"en": "<p onclick=x()>Hi<script>x()</script></p>"})
    assert only(variants(raw)).fields["body_html"] == "<p>Hi</p>"


def test_what_is_nested_without_end_is_a_problem() -> None:
    deep: Any = "x"
    for _ in range(200):
        deep = {"a": deep}
    made = variants(document(title={"en": "Hello"}, json=deep))
    assert not made.entries
    assert "nested deeper" in made.problems[0].reason


def test_a_document_without_an_id_cannot_be_placed() -> None:
    with pytest.raises(BadResponse, match=r"page 1\.id"):
        variants({**MOMENTS, "title": "Hello"})


def test_the_type_may_be_said_by_the_settings_or_by_a_field() -> None:
    raw = document(title={"en": "Hello"}, kind="hero")
    assert only(variants(raw, type_names={"articles": "story"})).type == "story"
    assert only(variants(raw, type_field="kind", type_names={"articles": "story"})).type == "hero"
    assert only(variants(document(title={"en": "Hello"}, kind=None), type_field="kind")).type == "articles"


def test_short_texts_that_are_equal_are_kept_once() -> None:
    shared: dict[str, str] = {}
    first, second = (pick({"type": "".join(("para", "graph")), "text": "x" * 50}, None, (), shared) for _ in range(2))
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert first == second
    assert first["type"] is second["type"]
    assert list(shared) == ["paragraph"]
