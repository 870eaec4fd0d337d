"""Contentful's rich text to safe HTML. The document itself stays as data beside it."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping

from adapters.cms.markup import sanitize
from adapters.cms.port import Json

Node = dict[str, Json]
Describe = Callable[[Node], tuple[str, str | None]]
"""The text that names an embedded entry, and its address on the site, or None."""

MAX_DEPTH = 60
_BLOCKS: Mapping[str, str] = {
    "paragraph": "p",
    **{f"heading-{level}": f"h{level}" for level in range(1, 7)},
    "ordered-list": "ol",
    "unordered-list": "ul",
    "list-item": "li",
    "blockquote": "blockquote",
    "table-row": "tr",
    "table-cell": "td",
    "table-header-cell": "th",
}
# From the inside out, so that the same marks give the same markup in whatever order the editor set them.
_MARKS = (
    ("code", "code"),
    ("superscript", "sup"),
    ("subscript", "sub"),
    ("strikethrough", "s"),
    ("underline", "u"),
    ("italic", "em"),
    ("bold", "strong"),
)


def is_document(value: Json) -> bool:
    """Whether a value is a rich text document."""
    return isinstance(value, dict) and value.get("nodeType") == "document" and isinstance(value.get("content"), list)


def render(document: Json, describe: Describe) -> str:
    """Sanitised HTML of a document whose links are followed.

    Nodes of unknown types give what is in them. An embedded entry gives the text that names it, linked where it has
    an address; a link to an entry without address gives its text alone. Images become images, other files links.
    """
    return sanitize(_Renderer(describe).nodes([document], 0))


class _Renderer:
    def __init__(self, describe: Describe) -> None:
        self._describe = describe

    def nodes(self, listed: Json, depth: int) -> str:
        if not isinstance(listed, list) or depth > MAX_DEPTH:
            return ""
        return "".join(self._node(node, depth) for node in listed if isinstance(node, dict))

    def _node(self, node: Node, depth: int) -> str:
        kind = node.get("nodeType")
        if kind == "text":
            return _text(node)
        if kind == "hr":
            return "<hr>"
        inner = self.nodes(node.get("content"), depth + 1)
        if isinstance(kind, str) and kind in _BLOCKS:
            tag = _BLOCKS[kind]
            return f"<{tag}{_spans(node) if tag in ('td', 'th') else ''}>{inner}</{tag}>"
        if kind == "table":
            return f"<table><tbody>{inner}</tbody></table>"
        data = node.get("data")
        data = data if isinstance(data, dict) else {}
        if kind == "hyperlink":
            return _anchor(data.get("uri"), inner)
        target = data.get("target")
        if not isinstance(target, dict):
            return inner
        if kind == "asset-hyperlink":
            return _anchor(target.get("url"), inner)
        if kind == "entry-hyperlink":
            return _anchor(self._describe(target)[1], inner)
        if kind == "embedded-asset-block":
            return _asset(target)
        if kind in ("embedded-entry-block", "embedded-entry-inline"):
            name, url = self._describe(target)
            made = _anchor(url, html.escape(name, quote=False)) if name else ""
            return f"<p>{made}</p>" if made and kind == "embedded-entry-block" else made
        return inner


def _text(node: Node) -> str:
    value, marks = node.get("value"), node.get("marks")
    made = html.escape(value if isinstance(value, str) else "", quote=False).replace("\n", "<br>")
    given = {mark.get("type") for mark in marks if isinstance(mark, dict)} if isinstance(marks, list) else set()
    for mark, tag in _MARKS:
        if made and mark in given:
            made = f"<{tag}>{made}</{tag}>"
    return made


def _spans(node: Node) -> str:
    data = node.get("data")
    found = ((name, data.get(name)) for name in ("colspan", "rowspan")) if isinstance(data, dict) else ()
    return "".join(f' {name}="{size}"' for name, size in found if isinstance(size, int) and size > 1)


def _anchor(url: Json, inner: str) -> str:
    return f'<a href="{html.escape(url)}">{inner}</a>' if isinstance(url, str) and url else inner


def _asset(asset: Node) -> str:
    url, file = asset.get("url"), asset.get("file")
    if not isinstance(url, str):
        return ""
    file = file if isinstance(file, dict) else {}
    title, description, kind = asset.get("title"), asset.get("description"), file.get("contentType")
    named = next((text for text in (description, title) if isinstance(text, str)), "")
    if not isinstance(kind, str) or not kind.startswith("image/"):
        shown = next((text for text in (title, file.get("fileName")) if isinstance(text, str) and text), url)
        return f"<p>{_anchor(url, html.escape(shown, quote=False))}</p>"
    details = file.get("details")
    image = details.get("image") if isinstance(details, dict) else None
    found = ((name, image.get(name)) for name in ("width", "height")) if isinstance(image, dict) else ()
    sizes = "".join(f' {name}="{size}"' for name, size in found if isinstance(size, int))
    return f'<img src="{html.escape(url)}" alt="{html.escape(named)}"{sizes}>'
