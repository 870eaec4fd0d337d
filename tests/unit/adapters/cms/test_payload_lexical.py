"""Payload's rich text as markup: recorded from a real editor, and hostile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.cms.payload.entries import Documents
from adapters.cms.payload.fields import Relations
from adapters.cms.payload.identity import Identity
from adapters.cms.payload.lexical import is_rich_text, render
from adapters.cms.port import Json, Link

RECORDING = Path(__file__).parents[3] / "fixtures" / "cms" / "payload" / "rich-text.json"


def html(*nodes: Any) -> str:
    return render({"root": {"type": "root", "children": list(nodes)}}, lambda _collection, _document: None)


def text(value: object, bits: object = 0) -> Any:
    return {"type": "text", "text": value, "format": bits}


def test_what_a_real_editor_saved_is_markup_and_data_side_by_side() -> None:
    relations = Relations("https://cms.example", frozenset(("articles",)), link_urls={"articles": "/blog/{slug}"})
    documents = Documents(identity=Identity(True), relations=relations, locales={"en": "en", "fr": "fr"})
    (raw,) = json.loads(RECORDING.read_text("utf-8"))["body_json"]["docs"]
    made = documents.variants(raw, "articles", "x")
    (entry,) = made.entries
    assert not made.problems
    assert is_rich_text(entry.fields["body"])
    assert entry.fields["body_html"] == (
        "<h2>Trail &lt;shoes&gt;</h2>"
        "<p>plain <strong>bold</strong> <strong><em>bold italic</em></strong> <s>struck</s> <u>under</u> "
        "<code>code</code><sub>2</sub><sup>3</sup><br>after</p>"
        '<ol start="3"><li>one</li><li>two</li></ol><ul><li>☑ done</li><li>☐ open</li></ul>'
        "<blockquote>said</blockquote><hr>"
        '<p><a href="https://example.com/a?b=1&amp;c=2" rel="noopener noreferrer">out</a> '
        '<a href="/blog/other" rel="noopener noreferrer">in</a> '
        '<a href="https://www.example.org" rel="noopener noreferrer">www.example.org</a></p>'
        '<img src="https://cms.example/api/media/file/dot.png" alt="A dot" width="1" height="1">'
        '<pre><code class="language-js">if (a &lt; b) {}</code></pre>'
        "<table><tbody><tr><th><p>head</p></th><td><p>cell</p></td></tr></tbody></table>"
    )
    picture = "https://cms.example/api/media/file/dot.png"
    assert entry.links == (
        Link("/body/root/children/6/children/2/fields/doc/value", "entry", "articles.1"),
        Link("/body/root/children/7/value", "asset", picture, id="media.1"),
        Link("/body/root/children/8/value", "entry", "articles.2", resolved=False),
        Link("/body/root/children/10/fields/picture", "asset", picture, id="media.1"),
    )
    assert "Secret plans" not in json.dumps(dict(entry.fields)), "a draft that the text refers to"


@pytest.mark.parametrize(
    ("node", "wanted"),
    [
        (text("<script>steal()</script>", 1), "<strong>&lt;script&gt;steal()&lt;/script&gt;</strong>"),
        ({"type": "link", "fields": {"url": "javascript:steal()"}, "children": [text("x")]}, "x</a>"),
        ({"type": "heading", "tag": "script", "children": [text("x")]}, "<h2>x</h2>"),
        ({"type": "mystery", "children": [text("kept")]}, "kept"),
        ({"type": "mystery", "tag": "iframe", "src": "https://evil.example"}, ""),
        (
            {"type": "upload", "value": {"url": "javascript:x()", "mimeType": "image/png", "alt": '"onerror=x()'}},
            "<img",
        ),
        ({"type": "upload", "value": 5}, ""),
        (
            {"type": "upload", "value": {"url": "/a.pdf", "mimeType": "application/pdf", "filename": "a&b"}},
            "a&amp;b</a>",
        ),
        ({"type": "block", "fields": None}, ""),
        ({"type": "block", "fields": {"note": {"root": {"type": "root", "children": [text("in it")]}}}}, "in it"),
        ({"type": ["list"], "children": "x"}, ""),
        ({"type": "paragraph", "children": []}, "<p><br></p>"),
        (text(5, "bold"), ""),
        (text("a\nb", 2.5), "a<br>b"),
        ("text", ""),
        (
            {
                "type": "link",
                "fields": {"linkType": "internal", "doc": {"relationTo": "x", "value": 3}},
                "children": [],
            },
            "",
        ),
    ],
)
def test_nodes_that_nobody_foresaw_are_safe(node: Any, wanted: str) -> None:
    made = html(node)
    assert wanted in made
    for bad in ("<script", "javascript:", '" onerror', "<iframe"):
        assert bad not in made
    if not wanted:
        assert made == ""


def test_a_tree_without_end_is_cut() -> None:
    node: Json = text("deep")
    for _ in range(150):
        node = {"type": "listitem", "children": [node]}
    assert "deep" not in html(node)


def test_other_data_with_a_root_is_no_rich_text() -> None:
    for value in (None, [], {"root": 1}, {"root": {"type": "root"}}, {"root": {"type": "x", "children": []}}):
        assert not is_rich_text(value)  # type: ignore[arg-type]
