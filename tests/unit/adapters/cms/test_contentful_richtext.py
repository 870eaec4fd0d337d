"""Contentful's rich text to HTML: every node, every mark, and whatever else may come."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.cms.contentful import richtext


def text(value: str, *marks: str) -> dict[str, Any]:
    return {"nodeType": "text", "value": value, "marks": [{"type": mark} for mark in marks], "data": {}}


def node(kind: str, *content: Any, **data: Any) -> dict[str, Any]:
    return {"nodeType": kind, "content": list(content), "data": data}


def render(*content: Any) -> str:
    def describe(target: richtext.Node) -> tuple[str, str | None]:
        return str(target.get("name", "")), f"/e/{target['slug']}" if "slug" in target else None

    return richtext.render(node("document", *content), describe)


IMAGE = {
    "id": "a1",
    "title": "A <cat>",
    "url": "https://images.example/cat.png?a=1&b=2",
    "file": {"contentType": "image/png", "details": {"image": {"width": 40, "height": 30}}},
}
PDF = {"id": "a2", "title": "Terms", "url": "https://assets.example/t.pdf", "file": {"contentType": "application/pdf"}}


@pytest.mark.parametrize(
    ("kind", "tag"),
    [
        ("paragraph", "p"),
        *((f"heading-{level}", f"h{level}") for level in range(1, 7)),
        ("blockquote", "blockquote"),
    ],
)
def test_blocks_become_their_elements(kind: str, tag: str) -> None:
    assert render(node(kind, text("Hi <b>"))) == f"<{tag}>Hi &lt;b&gt;</{tag}>"


def test_lists_and_rules() -> None:
    items = [node("list-item", node("paragraph", text(one))) for one in "ab"]
    assert render(node("unordered-list", *items)) == "<ul><li><p>a</p></li><li><p>b</p></li></ul>"
    assert render(node("ordered-list", items[0]), node("hr")) == "<ol><li><p>a</p></li></ol><hr>"


def test_tables_keep_their_spans() -> None:
    head = node("table-row", node("table-header-cell", node("paragraph", text("H")), colspan=2))
    body = node("table-row", node("table-cell", text("1"), rowspan=1), node("table-cell", text("2"), rowspan="x"))
    assert render(node("table", head, body)) == (
        '<table><tbody><tr><th colspan="2"><p>H</p></th></tr><tr><td>1</td><td>2</td></tr></tbody></table>'
    )


@pytest.mark.parametrize(
    ("mark", "tag"),
    [
        ("bold", "strong"),
        ("italic", "em"),
        ("underline", "u"),
        ("code", "code"),
        ("superscript", "sup"),
        ("subscript", "sub"),
        ("strikethrough", "s"),
    ],
)
def test_marks_become_their_elements(mark: str, tag: str) -> None:
    assert render(node("paragraph", text("x", mark))) == f"<p><{tag}>x</{tag}></p>"


def test_marks_give_the_same_markup_in_any_order_and_line_ends_are_breaks() -> None:
    assert render(text("x\ny", "bold", "italic")) == render(text("x\ny", "italic", "bold"))
    assert render(text("x\ny", "bold")) == "<strong>x<br>y</strong>"


def test_hyperlinks_of_web_addresses_only() -> None:
    good = render(node("hyperlink", text("go"), uri="https://x.example/?a=1&b=2"))
    assert good == '<a href="https://x.example/?a=1&amp;b=2" rel="noopener noreferrer">go</a>'
    assert "javascript" not in render(node("hyperlink", text("go"), uri="javascript:steal()"))
    assert ' onclick="' not in render(node("hyperlink", text("go"), uri='/" onclick="steal()'))
    assert render(node("hyperlink", text("go"), uri=None)) == "go"


def test_images_and_other_files() -> None:
    assert render(node("embedded-asset-block", target=IMAGE)) == (
        '<img src="https://images.example/cat.png?a=1&amp;b=2" alt="A &lt;cat&gt;" width="40" height="30">'
    )
    assert render(node("embedded-asset-block", target={**IMAGE, "description": "D"})).startswith("<img")
    assert 'alt="D"' in render(node("embedded-asset-block", target={**IMAGE, "description": "D"}))
    link = '<a href="https://assets.example/t.pdf" rel="noopener noreferrer">Terms</a>'
    assert render(node("embedded-asset-block", target=PDF)) == f"<p>{link}</p>"
    assert render(node("asset-hyperlink", text("Terms"), target=PDF)) == link


def test_embedded_entries_are_their_names_linked_where_they_have_an_address() -> None:
    known = {"id": "e", "name": "Name <i>", "slug": "s"}
    linked = '<a href="/e/s" rel="noopener noreferrer">Name &lt;i&gt;</a>'
    assert render(node("embedded-entry-block", target=known)) == f"<p>{linked}</p>"
    assert render(node("paragraph", node("embedded-entry-inline", target=known))) == f"<p>{linked}</p>"
    assert render(node("entry-hyperlink", text("see"), target=known)).endswith(">see</a>")
    assert render(node("entry-hyperlink", text("see"), target={"id": "e"})) == "see"


@pytest.mark.parametrize("kind", ["embedded-entry-block", "embedded-asset-block", "embedded-resource-block"])
@pytest.mark.parametrize(
    "data", [{}, {"target": None}, {"target": {"$ref": "gone"}}, {"target": {"sys": {"urn": "u"}}}]
)
def test_what_is_not_published_or_of_another_space_is_left_out(kind: str, data: dict[str, Any]) -> None:
    assert render(node(kind, **data), node("paragraph", text("after"))) == "<p>after</p>"


def test_unknown_nodes_give_what_is_in_them() -> None:
    assert render(node("column-group", node("column", node("paragraph", text("x", "sparkle"))))) == "<p>x</p>"


@pytest.mark.parametrize(
    "content",
    [
        None,
        3,
        "x",
        [None],
        [[]],
        [{}],
        [{"nodeType": 5}],
        [{"nodeType": "paragraph"}],
        [{"nodeType": "text", "value": 7}],
    ],
)
def test_content_of_any_shape_is_survived(content: Any) -> None:
    assert richtext.render({"nodeType": "document", "content": content}, lambda _: ("", None)) in ("", "<p></p>")


def test_depth_is_bounded() -> None:
    deep: Any = text("bottom")
    for _ in range(500):
        deep = node("blockquote", deep)
    assert "bottom" not in render(deep)


def test_scripts_in_texts_and_names_stay_texts() -> None:
    hostile = "<script>steal()</script>"
    shown = render(
        node("paragraph", text(hostile)),
        node("embedded-entry-block", target={"name": hostile}),
        node("embedded-asset-block", target={**PDF, "title": hostile, "url": "javascript:steal()"}),
    )
    assert "<script" not in shown
    assert "javascript:" not in shown


def test_documents_are_told_from_other_objects() -> None:
    assert richtext.is_document({"nodeType": "document", "content": []})
    for other in (None, [], {"nodeType": "document"}, {"nodeType": "paragraph", "content": []}):
        assert not richtext.is_document(other)
