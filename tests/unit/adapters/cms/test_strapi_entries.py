"""Strapi documents to entries: relations, media, components, rich text, drafts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.cms.port import BadResponse, Key, Link
from adapters.cms.strapi.blocks import is_blocks, render
from adapters.cms.strapi.cursor import Cursor, Listing, dump, load
from adapters.cms.strapi.entries import DocumentMapping, Draft

MOMENT = "2026-01-02T03:04:05.678Z"
IMAGE = {
    "id": 5, "documentId": "img1", "name": "x.png", "url": "/uploads/x.png", "mime": "image/png", "width": 10,
    "formats": {"small": {"url": "/uploads/small_x.png"}}, "alternativeText": "A <cat>",
}  # fmt: skip


def document(**more: Any) -> dict[str, Any]:
    return {
        "id": 1, "documentId": "abc", "locale": "en", "createdAt": MOMENT, "updatedAt": MOMENT, "publishedAt": MOMENT,
        "createdBy": {"email": "editor@example.com"}, "localizations": [{"documentId": "abc"}], **more,
    }  # fmt: skip


def made(raw: dict[str, Any], **options: Any) -> Any:
    return DocumentMapping(base="https://cms.example", **options).entry(raw, "articles", "articles page 1: data[0]")


def test_row_numbers_editors_and_translations_are_left_out() -> None:
    assert dict(made(document(title="T")).fields) == {"title": "T"}


def test_attributes_named_like_entry_properties_are_kept_under_another_name() -> None:
    entry = made(document(type="x", tags="y", published_at="z"), tags_field="topics")
    assert dict(entry.fields) == {"cms_type": "x", "cms_tags": "y", "cms_published_at": "z"}


def test_the_type_comes_from_a_field_then_a_name_then_the_api() -> None:
    assert made(document()).type == "articles"
    assert made(document(), type_names={"articles": "article"}).type == "article"
    assert made(document(kind="hero"), type_names={"articles": "article"}, type_field="kind").type == "hero"
    assert made(document(kind=""), type_field="kind").type == "articles"


def test_media_urls_become_absolute_in_every_format() -> None:
    entry = made(document(cover=IMAGE, file={**IMAGE, "url": "https://cdn.example/y.png"}))
    cover = entry.fields["cover"]
    assert cover["url"] == "https://cms.example/uploads/x.png"
    assert cover["formats"]["small"]["url"] == "https://cms.example/uploads/small_x.png"
    assert cover["alternativeText"] == "A <cat>"
    assert "documentId" not in cover
    assert entry.fields["file"]["url"] == "https://cdn.example/y.png"
    assert Link("/cover", "asset", "https://cms.example/uploads/x.png", id="img1") in entry.links


def test_relations_are_kept_to_the_depth_and_drafts_never() -> None:
    inner = {"id": 3, "documentId": "c", "name": "C", "publishedAt": MOMENT}
    author = {
        "id": 2,
        "documentId": "b",
        "name": "B",
        "publishedAt": MOMENT,
        "friend": inner,
        "createdBy": {"email": "x"},
    }
    raw = document(author=author, others=[{"documentId": "d", "publishedAt": None, "secret": "unfinished"}])
    deep = made(raw, link_depth=2)
    assert deep.fields["author"] == {
        "documentId": "b",
        "name": "B",
        "publishedAt": MOMENT,
        "friend": {"documentId": "c", "name": "C", "publishedAt": MOMENT},
    }
    assert deep.fields["others"] == [{"$ref": "d"}]
    assert made(raw, link_depth=1).fields["author"]["friend"] == {"$ref": "c"}
    assert made(raw, link_depth=0).fields["author"] == {"$ref": "b"}
    assert [(link.path, link.target, link.resolved) for link in deep.links] == [
        ("/author", "b", True), ("/author/friend", "c", True), ("/others/0", "d", False),
    ]  # fmt: skip


def test_components_and_dynamic_zones_are_kept_without_their_row_numbers() -> None:
    zone = [
        {"__component": "blocks.quote", "id": 9, "text": "Q"},
        {"__component": "blocks.media", "id": 10, "file": IMAGE},
    ]
    fields = made(document(zone=zone, data={"id": 7, "any": [1, {"x": None}]})).fields
    assert fields["zone"][0] == {"__component": "blocks.quote", "text": "Q"}
    assert fields["zone"][1]["file"]["url"] == "https://cms.example/uploads/x.png"
    assert fields["data"] == {"id": 7, "any": [1, {"x": None}]}, "JSON fields stay as they are"


def test_tags_come_from_relations_texts_and_paths() -> None:
    raw = document(
        tags=[{"documentId": "t", "name": " vip ", "slug": "v"}, {"documentId": "u", "name": None},
              {"documentId": "w", "name": "vip"}],
        audience={"segments": ["A", "B"]}, topic="food", section={"documentId": "s", "name": "Sport"},
    )  # fmt: skip
    options = {"prefixed_tags": {"audience": "audience.segments", "topic": "topic", "in": "section", "no": "not.there"}}
    assert made(raw, **options).tags == ("vip", "audience:A", "audience:B", "topic:food", "in:Sport")
    assert made(raw, tag_name="slug").tags == ("v",)
    assert made(document(topics=["x", "y"]), tags_field="topics").tags == ("x", "y")
    assert made(document(tags=None)).tags == ()
    assert made(document(tags={"count": 1})).tags == (), "what an unpublish sends"


def test_markdown_and_html_attributes_are_rendered_safely() -> None:
    fields = made(
        document(text="*x* ![](/u/p.png)<script>y</script>", note_html="<script>z</script>k"),
        markdown_fields=frozenset(("text",)),
    ).fields
    assert fields["text_html"] == '<p><em>x</em> <img src="https://cms.example/u/p.png" alt=""></p>\n'
    assert fields["note_html"] == "k"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"documentId": None}, r"data\[0\]\.documentId: want a text"),
        ({"documentId": None, "attributes": {}}, "Strapi 4"),
        ({"updatedAt": "noon"}, "updatedAt: want an ISO 8601"),
        ({"updatedAt": 3}, "updatedAt: want a text"),
        ({"publishedAt": "noon"}, "publishedAt"),
        ({"locale": 3}, "locale: want a text or null"),
    ],
)
def test_a_changed_schema_is_told_with_its_place(change: dict[str, Any], said: str) -> None:
    with pytest.raises(BadResponse, match=said):
        made({**document(), **change})


def test_drafts_and_bottomless_nesting_are_refused() -> None:
    with pytest.raises(Draft):
        made(document(publishedAt=None))
    deep: Any = "x"
    for _ in range(60):
        deep = {"a": [deep]}
    with pytest.raises(BadResponse, match="nested deeper"):
        made(document(deep=deep))


def absolute(url: str) -> str:
    return "https://cms.example" + url


def text(value: str, **marks: bool) -> dict[str, Any]:
    return {"type": "text", "text": value, **marks}


def test_every_kind_of_block_is_rendered() -> None:
    link = {"type": "link", "url": "https://x.example", "children": [text("l")]}
    words = [text("a\nb", bold=True, italic=True), text("c", underline=True, strikethrough=True)]
    inner = {"type": "list", "format": "unordered", "children": [{"type": "list-item", "children": [text("n")]}]}
    items = [{"type": "list-item", "children": [text("1")]}, inner]
    image = {"url": "/i.png", "alternativeText": 'A "b"', "width": 4, "height": 3}
    blocks = [
        {"type": "heading", "level": 3, "children": [text("H")]},
        {"type": "paragraph", "children": [*words, link, text("k", code=True)]},
        {"type": "list", "format": "ordered", "children": items},
        {"type": "quote", "children": [text("q")]},
        {"type": "code", "language": "python", "children": [text("1 < 2")]},
        {"type": "image", "image": image, "children": [text("")]},
    ]
    assert is_blocks(blocks)
    assert render(blocks, absolute) == (
        "<h3>H</h3><p><strong><em>a<br>b</em></strong><u><s>c</s></u>"
        '<a href="https://x.example" rel="noopener noreferrer">l</a><code>k</code></p>'
        "<ol><li>1</li><ul><li>n</li></ul></ol><blockquote>q</blockquote>"
        '<pre><code class="language-python">1 &lt; 2</code></pre>'
        '<img src="https://cms.example/i.png" alt="A &quot;b&quot;" width="4" height="3">'
    )


LINK = {"type": "link", "url": "javascript:x()", "children": [text("l")]}
BREAKING_OUT = {"type": "link", "url": 'https://x/" onclick="x()', "children": [text("l")]}


@pytest.mark.parametrize(
    ("node", "html"),
    [
        ({"type": "paragraph", "children": [text("<script>x()</script>")]}, "<p>&lt;script&gt;x()&lt;/script&gt;</p>"),
        ({"type": "paragraph", "children": [LINK]}, '<p><a rel="noopener noreferrer">l</a></p>'),
        (
            {"type": "paragraph", "children": [BREAKING_OUT]},
            '<p><a href="https://x/&quot; onclick=&quot;x()" rel="noopener noreferrer">l</a></p>',
        ),
        (
            {"type": "image", "image": {"url": 'x" onerror="x()', "alternativeText": '"><script>'}, "children": []},
            '<img src="x&quot; onerror=&quot;x()" alt="&quot;&gt;&lt;script&gt;">',
        ),
        ({"type": "code", "language": '"><script>', "children": [text("<i>")]}, "<pre><code>&lt;i&gt;</code></pre>"),
        ({"type": "heading", "level": "1><script>", "children": [text("x")]}, "<h2>x</h2>"),
    ],
)
def test_hostile_blocks_stay_text(node: dict[str, Any], html: str) -> None:
    assert render([node], lambda url: url) == html


@pytest.mark.parametrize(
    "value", [[], "x", None, {}, [{"type": "paragraph"}], [{"type": "odd", "children": []}], [1], [{"children": []}]]
)
def test_other_lists_are_no_blocks(value: Any) -> None:
    assert not is_blocks(value)


def test_unknown_nodes_give_their_text_and_depth_ends() -> None:
    assert render([{"type": "odd", "children": [text("t")]}], absolute) == "t"
    deep: Any = text("x")
    for _ in range(100):
        deep = {"type": "quote", "children": [deep]}
    assert "x" not in render([deep], absolute)


def test_a_cursor_comes_back_as_it_was_and_only_under_the_same_options() -> None:
    listing = Listing(
        datetime(2026, 1, 1, tzinfo=UTC), frozenset((Key("a", "en"), Key("b", None))), {Key("b", None): MOMENT}
    )
    cursor = Cursor({"articles en": listing, "tags": Listing()}, {"tags": "3 x"})
    assert load(dump(cursor, "f"), "f") == cursor
    assert load(dump(cursor, "f"), "g") is None
    assert load('{"v": 1, "options": "f", "listings": {"a": {"newest": 1}}, "related": {}}', "f") is None
