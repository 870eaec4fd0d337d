"""A running Payload: editors work in it through its own API, and the adapter sees what is published."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from adapters.cms.port import AuthError, Key, Link, NotFound, Source, digest
from tests.integration.payload.server import KEY, Editor

pytestmark = pytest.mark.server

PUBLISHED = {"_status": "published"}
DRAFT = {"_status": "draft"}
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


def test_the_life_of_a_document_as_its_readers_see_it(editor: Editor, source: Source) -> None:
    cursor = source.changes(None).cursor

    number = editor.create("articles", {"title": "Life", **DRAFT})["id"]
    entry_id = f"articles.{number}"
    step = source.changes(cursor)
    assert (step.entries, step.deleted) == ((), ()), "a draft"
    with pytest.raises(NotFound):
        source.fetch(entry_id)
    assert source.draft(entry_id, "en").fields["title"] == "Life"

    editor.update("articles", number, {"title": "Life begins", **PUBLISHED})
    step = source.changes(step.cursor)
    assert [(entry.key, entry.fields["title"]) for entry in step.entries] == [(Key(entry_id, "en"), "Life begins")]

    editor.update("articles", number, {"title": "La vie", **PUBLISHED}, query="locale=fr")
    step = source.changes(step.cursor)
    assert [(entry.key, entry.fields["title"]) for entry in step.entries] == [(Key(entry_id, "fr"), "La vie")]

    before = source.fetch(entry_id, "en")
    editor.update("articles", number, {"title": "Life, revised", **DRAFT}, query="draft=true")
    step = source.changes(step.cursor)
    assert (step.entries, step.deleted) == ((), ()), "a draft over what is published"
    after = source.fetch(entry_id, "en")
    assert (digest(after), after.version) == (digest(before), before.version)
    assert source.draft(entry_id, "en").fields["title"] == "Life, revised"

    editor.update("articles", number, DRAFT)
    step = source.changes(step.cursor)
    assert step.entries == ()
    assert set(step.deleted) == {Key(entry_id, "en"), Key(entry_id, "fr")}, "withdrawn"

    editor.update("articles", number, {"title": "Life again", "slug": "renamed", **PUBLISHED})
    step = source.changes(step.cursor)
    renamed = next(entry for entry in step.entries if entry.locale == "en")
    assert (renamed.fields["title"], renamed.fields["slug"]) == ("Life again", "renamed")
    assert not source.spec.ordering.older(renamed, before.version)
    assert source.spec.ordering.older(before, renamed.version)

    editor.delete("articles", number)
    step = source.changes(step.cursor)
    assert (step.entries, set(step.deleted)) == ((), {Key(entry_id, "en"), Key(entry_id, "fr")})


def test_what_is_in_the_trash_is_gone_and_comes_back(editor: Editor, source: Source) -> None:
    number = editor.create("articles", {"title": "Thrown away", **PUBLISHED})["id"]
    key = Key(f"articles.{number}", "en")
    first = source.changes(None)
    editor.update("articles", number, {"deletedAt": "2026-11-22T00:00:00.000Z"})
    second = source.changes(first.cursor)
    assert second.deleted == (key,)
    editor.update("articles", number, {"deletedAt": None}, query="trash=true")
    assert [entry.key for entry in source.changes(second.cursor).entries] == [key]


def test_relations_uploads_people_and_tags_come_across_as_promised(editor: Editor, source: Source) -> None:
    tag = editor.create("tags", {"name": "topic:food"})["id"]
    cover = editor.upload("media", "dot.png", PICTURE, "image/png")["id"]
    secret = editor.create("articles", {"title": "Secret plans", **DRAFT})["id"]
    content = {"title": "Rich", "tags": [tag], "cover": cover, "related": secret, "author": 1, "audience": ["vip"]}
    quote = {"layout": [{"blockType": "quote", "words": "So it is", "source": "Ann"}], "seo": {"summary": "Short"}}
    number = editor.create("articles", {**content, **quote, **PUBLISHED})["id"]
    entry = source.fetch(f"articles.{number}", "en")
    assert entry.tags == ("topic:food", "audience:vip")
    assert entry.fields["related"] == {"$ref": f"articles.{secret}"}
    assert entry.fields["author"] == {"id": 1, "name": "Reader"}
    assert entry.fields["seo"] == {"summary": "Short"}
    url = f"{editor.url}/api/media/file/dot.png"
    assert set(entry.links) == {
        Link("", "term", f"tags.{tag}"),
        Link("/cover", "asset", url, id=f"media.{cover}"),
        Link("/related", "entry", f"articles.{secret}", resolved=False),
        Link("/author", "entry", "users.1"),
    }
    assert editor.session.get(url, timeout=60).content == PICTURE


def test_two_documents_that_refer_to_each_other_are_cut_where_they_meet(editor: Editor, source: Source) -> None:
    one = editor.create("articles", {"title": "One", **PUBLISHED})["id"]
    two = editor.create("articles", {"title": "Two", "related": one, **PUBLISHED})["id"]
    editor.update("articles", one, {"related": two, **PUBLISHED})
    related = source.fetch(f"articles.{one}", "en").fields["related"]
    assert isinstance(related, dict)
    assert (related["title"], related["related"]) == ("Two", {"$ref": f"articles.{one}"})


def test_a_renamed_tag_reaches_the_articles_that_have_it(editor: Editor, source: Source) -> None:
    tag = editor.create("tags", {"name": "topic:sea"})["id"]
    number = editor.create("articles", {"title": "Waves", "tags": [tag], **PUBLISHED})["id"]
    first = source.changes(None)
    editor.update("tags", tag, {"name": "topic:ocean"})
    second = source.changes(first.cursor)
    assert next(entry for entry in second.entries if entry.id == f"articles.{number}").tags == ("topic:ocean",)


def test_every_page_is_read_and_the_ids_are_in_the_order_of_numbers(
    editor: Editor, open_source: Callable[..., Source]
) -> None:
    numbers = [editor.create("articles", {"title": f"Page {n}", **PUBLISHED})["id"] for n in range(12)]
    found = open_source(page_size=2).changes(None)
    assert {f"articles.{number}" for number in numbers} <= {entry.id for entry in found.entries}
    assert len({entry.key for entry in found.entries}) == len(found.entries)
    again = open_source(page_size=2)
    assert again.changes(found.cursor).entries == ()


def test_a_collection_without_drafts_is_read(open_source: Callable[..., Source], editor: Editor) -> None:
    number = editor.create("tags", {"name": "plain"})["id"]
    source = open_source(collections=["tags"], related=[])
    entry = source.fetch(f"tags.{number}")
    assert (entry.locale, entry.fields) == (None, {"name": "plain"})
    assert entry in source.changes(None).entries


def test_an_id_that_the_database_cannot_take_is_not_found(source: Source) -> None:
    """At /articles/abc this Payload answers 500, which would look like an outage."""
    for entry_id in ("articles.abc", "articles.999999", "articles.-1"):
        with pytest.raises(NotFound):
            source.fetch(entry_id, "en")


@pytest.mark.parametrize("token", ["a wrong key", None])
def test_strangers_see_what_is_published_and_a_wrong_key_is_told_from_that(
    token: str | None, editor: Editor, open_source: Callable[..., Source]
) -> None:
    number = editor.create("articles", {"title": "For all", **PUBLISHED})["id"]
    source = open_source(token=token)
    if token is None:
        source.ping()
        assert source.fetch(f"articles.{number}", "en").fields["title"] == "For all"
        return
    for step in (source.ping, lambda: source.changes(None), lambda: source.fetch(f"articles.{number}", "en")):
        with pytest.raises(AuthError):
            step()


def test_a_collection_that_is_not_open_to_the_key_is_an_auth_error(open_source: Callable[..., Source]) -> None:
    with pytest.raises(AuthError, match="status 403"):
        open_source(collections=["users"], token=None, related=[]).ping()


def test_the_key_is_the_one_of_this_site(editor: Editor) -> None:
    assert editor.session.headers["Authorization"] == f"users API-Key {KEY}"
