"""What becomes of an item of API v2, of its rich text, and of a cursor."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.cms.port import BadResponse, Key, Link
from adapters.cms.wagtail import MODULE
from adapters.cms.wagtail.cursor import Record, dump, load
from adapters.cms.wagtail.entries import Shape
from adapters.cms.wagtail.richtext import Target, looks_rich, render

SHAPE = Shape(base="https://cms.example.com", page_types=frozenset(("blog.Article",)))
IMAGE = {
    "id": 5,
    "meta": {"type": "wagtailimages.Image", "detail_url": "x", "download_url": "/media/a.png"},
    "title": "A",
}


def item(**fields: Any) -> dict[str, Any]:
    meta = {"type": "blog.Article", "slug": "a", "locale": "en", "first_published_at": "2026-01-02T03:04:05+01:00"}
    return {"id": 7, "meta": meta, "title": "A", **fields}


def made(shape: Shape = SHAPE, **fields: Any) -> Any:
    return shape.entry(item(**fields), "here", page=True)


def test_an_image_has_an_absolute_address_and_an_identity_of_its_own() -> None:
    entry = made(cover=IMAGE)
    assert entry.fields["cover"]["url"] == "https://cms.example.com/media/a.png"
    assert entry.links == (Link("/cover", "asset", "https://cms.example.com/media/a.png", id="wagtailimages.Image:5"),)
    assert entry.links[0].depends_on == "wagtailimages.Image:5"


def test_a_rendition_has_absolute_addresses_and_no_identity() -> None:
    rendition = {"url": "/media/a.w.png", "full_url": "http://h/media/a.w.png", "width": 3, "height": 2, "alt": "A"}
    entry = made(small=rendition)
    assert entry.fields["small"] == {**rendition, "url": "https://cms.example.com/media/a.w.png"}
    assert [(link.kind, link.id) for link in entry.links] == [("asset", None)]


def test_a_related_page_and_a_snippet_are_links_by_their_identities() -> None:
    page = {"id": 9, "meta": {"type": "blog.Other", "detail_url": "https://x/api/v2/pages/9/"}, "title": "P"}
    author = {"id": 3, "meta": {"type": "blog.Author"}, "name": "Ann"}
    entry = made(related=[page], author=author)
    assert entry.links == (Link("/related/0", "entry", "9"), Link("/author", "entry", "blog.Author:3"))
    assert entry.fields["author"]["name"] == "Ann"


def test_names_of_an_entrys_own_and_of_meta_do_not_collide() -> None:
    entry = made(type="x", locale="y", slug="own", markup_html="<script>x</script><p>y</p>")
    assert (entry.fields["cms_type"], entry.fields["cms_locale"], entry.fields["slug"]) == ("x", "y", "own")
    assert entry.fields["markup_html"] == "<p>y</p>"


def test_an_item_that_nests_without_end_is_refused() -> None:
    deep: Any = "x"
    for _ in range(60):
        deep = {"a": [deep]}
    with pytest.raises(BadResponse, match="nested deeper"):
        made(deep=deep)


@pytest.mark.parametrize(
    "meta",
    [None, {}, {"type": 3}, {"type": "a.B", "locale": 3}, {"type": "a.B", "locale": "english"}],
)
def test_a_meta_that_is_none_is_told(meta: Any) -> None:
    with pytest.raises(BadResponse, match="here"):
        SHAPE.entry({"id": 1, "meta": meta}, "here", page=True)


def test_a_page_without_the_apps_field_is_told_where_the_app_is_meant_to_be() -> None:
    with pytest.raises(BadResponse, match="tessera_wagtail"):
        made(Shape(base="https://x", module=True, identity="page"))


def test_texts_beside_tags_can_be_audiences() -> None:
    shape = Shape(base="https://x", prefixed_tags={"audience": "groups", "topic": "about.kinds"})
    entry = made(shape, tags=[" a ", "b", "a"], groups=[{"name": "vip"}, {"title": "new"}, {}], about={"kinds": "x"})
    assert entry.tags == ("a", "b", "audience:vip", "audience:new", "topic:x")


# Rich text


def found(target: Target) -> dict[str, object] | None:
    return {
        ("page", "3"): {"url": "https://x/3/?a=1&b=2"},
        ("document", "4"): {"url": "javascript:alert(1)"},
        ("image", "5"): {"url": "https://x/5.png", "width": 3, "height": 2},
    }.get(target)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ('<a linktype="page" id="3">x</a>', '<a href="https://x/3/?a=1&amp;b=2" rel="noopener noreferrer">x</a>'),
        ('<a id="3" linktype="page">x</a>', '<a href="https://x/3/?a=1&amp;b=2" rel="noopener noreferrer">x</a>'),
        ('<a linktype="page" id="99">x</a>', '<a rel="noopener noreferrer">x</a>'),
        ('<a linktype="document" id="4">x</a>', '<a rel="noopener noreferrer">x</a>'),
        ('<a linktype="nonsense">x</a>', '<a rel="noopener noreferrer">x</a>'),
        ('<a href="https://y/">x</a>', '<a href="https://y/" rel="noopener noreferrer">x</a>'),
        (
            '<embed embedtype="image" id="5" alt="&quot;&gt;&lt;script&gt;" format="left"/>',
            '<img src="https://x/5.png" alt="&quot;><script>" width="3" height="2">',
        ),
        ('<embed embedtype="image" id="99" alt=""/>', ""),
        (
            '<embed embedtype="media" url="https://v/?a&amp;b"/>',
            '<a href="https://v/?a&amp;b" rel="noopener noreferrer">https://v/?a&amp;b</a>',
        ),
        ('<embed embedtype="media" url="javascript:x()"/>', '<a rel="noopener noreferrer">javascript:x()</a>'),
        ('<p onclick="x()">a<script>b</script></p><iframe src="x"></iframe>', "<p>a</p>"),
        ('<a linktype="page" id="3"', ""),
    ],
)
def test_links_and_embeds_become_html_that_is_safe(text: str, html: str) -> None:
    rendered = render(text, found)
    assert rendered.replace("&gt;", ">").replace("&lt;", "<") == html
    assert "<script" not in rendered


def test_a_long_run_of_open_tags_takes_no_time_by_its_square() -> None:
    assert render("<a " * 100_000, found) == ""


@pytest.mark.parametrize(
    ("text", "rich"),
    [
        ('<p data-block-key="x">Hi</p>', True),
        (" <h2>Hi</h2>\n", True),
        ('<embed embedtype="image" id="5"/>', True),
        ("<hr/>", True),
        ("Hi <b>there</b>", False),
        ("<p> is a paragraph", False),
        ("<param>", False),
        ("5 < 6", False),
        ("", False),
    ],
)
def test_rich_text_is_known_by_its_begin_and_end(text: str, rich: bool) -> None:
    assert looks_rich(text) is rich


# Cursors


def test_a_cursor_comes_back_as_it_went() -> None:
    listings = {"blog.Article": {7: Record("a", "en", "s"), 8: Record(None, None, "")}}
    assert load(dump(listings, "f"), "f") == listings
    assert load(dump(listings, "f"), "other") is None
    assert (Record("a", "en", "s").key, Record(None, None, "").key) == (Key("a", "en"), None)


@pytest.mark.parametrize(
    "listings",
    ['{"a": 1}', '{"a": {"x": ["a", null, ""]}}', '{"a": {"1": ["a", null]}}', '{"a": {"1": [1, null, ""]}}', "[]"],
)
def test_a_broken_cursor_is_none(listings: str) -> None:
    assert load(f'{{"v": 1, "options": "f", "listings": {listings}}}', "f") is None


def test_the_app_lies_where_the_documentation_says() -> None:
    assert (MODULE / "tessera_wagtail" / "apps.py").is_file()
