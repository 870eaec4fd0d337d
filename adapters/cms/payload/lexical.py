"""Payload's rich text (Lexical's tree of nodes) to safe HTML. The tree itself stays as it is beside it."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping

from adapters.cms.markup import sanitize
from adapters.cms.port import Json

MAX_DEPTH = 60
# Bits of a text node's `format`, innermost first.
_MARKS = ((16, "code"), (32, "sub"), (64, "sup"), (4, "s"), (8, "u"), (128, "mark"), (2, "em"), (1, "strong"))
_PLAIN = {"quote": "blockquote", "table": "table", "tablerow": "tr"}
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))

LinkUrl = Callable[[str, Mapping[str, Json]], str | None]
"""The URL of a document by its collection and what is known of it; None: there is none."""


def is_rich_text(value: Json) -> bool:
    """Whether a value is the state of a Lexical editor."""
    root = value.get("root") if isinstance(value, dict) else None
    return isinstance(root, dict) and root.get("type") == "root" and isinstance(root.get("children"), list)


def render(state: Json, link_url: LinkUrl) -> str:
    """Sanitised HTML. Nodes of unknown types give what is in them; blocks, the rich text in their fields."""
    return sanitize(_Renderer(link_url).node(state["root"], 0)) if isinstance(state, dict) else ""


class _Renderer:
    def __init__(self, link_url: LinkUrl) -> None:
        self._link_url = link_url

    def node(self, node: Json, depth: int) -> str:
        if not isinstance(node, dict) or depth > MAX_DEPTH:
            return ""
        kind = node.get("type")
        if kind in ("text", "code-highlight"):
            return _text(node)
        if kind in ("linebreak", "horizontalrule"):
            return "<br>" if kind == "linebreak" else "<hr>"
        if kind == "tab":
            return "\t"
        if kind == "upload":
            return _upload(node)
        if kind in ("block", "inlineBlock"):
            return self._block(node, depth)
        if kind == "code":
            return f"<pre><code{_language(node.get('language'))}>{self._children(node, depth)}</code></pre>"
        inner = self._children(node, depth)
        if kind == "paragraph":
            return f"<p>{inner or '<br>'}</p>"
        if kind == "heading":
            tag = node.get("tag")
            tag = tag if tag in _HEADINGS else "h2"
            return f"<{tag}>{inner}</{tag}>"
        if kind == "list":
            return _list(node, inner)
        if kind == "listitem":
            return f"<li>{_box(node)}{inner}</li>"
        if kind in ("link", "autolink"):
            return self._link(node, inner)
        if kind == "tablecell":
            state = node.get("headerState")
            tag = "th" if isinstance(state, int) and state > 0 else "td"
            return f"<{tag}>{inner}</{tag}>"
        tag = _PLAIN.get(kind) if isinstance(kind, str) else None
        return f"<{tag}>{inner}</{tag}>" if tag else inner

    def _children(self, node: Mapping[str, Json], depth: int) -> str:
        children = node.get("children")
        return "".join(self.node(child, depth + 1) for child in children) if isinstance(children, list) else ""

    def _link(self, node: Mapping[str, Json], inner: str) -> str:
        url: Json = None
        fields = node.get("fields")
        if isinstance(fields, dict):
            url = fields.get("url")
            target = fields.get("doc")
            if fields.get("linkType") == "internal":
                url = None
                if isinstance(target, dict) and isinstance(target.get("relationTo"), str):
                    document = target.get("value")
                    url = self._link_url(str(target["relationTo"]), document if isinstance(document, dict) else {})
        return f'<a href="{html.escape(url)}">{inner}</a>' if isinstance(url, str) and url else inner

    def _block(self, node: Mapping[str, Json], depth: int) -> str:
        fields = node.get("fields")
        if not isinstance(fields, dict):
            return ""
        code = fields.get("code")
        if isinstance(code, str) and "language" in fields:  # the code block that comes with Payload
            return f"<pre><code{_language(fields.get('language'))}>{html.escape(code, quote=False)}</code></pre>"
        nested = [value["root"] for value in fields.values() if isinstance(value, dict) and is_rich_text(value)]
        return "".join(self.node(root, depth + 1) for root in nested)


def _text(node: Mapping[str, Json]) -> str:
    text, bits = node.get("text"), node.get("format")
    made = html.escape(text, quote=False).replace("\n", "<br>") if isinstance(text, str) else ""
    if not made or not isinstance(bits, int):
        return made
    for bit, tag in _MARKS:
        if bits & bit:
            made = f"<{tag}>{made}</{tag}>"
    return made


def _list(node: Mapping[str, Json], inner: str) -> str:
    if node.get("listType") != "number":
        return f"<ul>{inner}</ul>"
    start = node.get("start")
    first = f' start="{start}"' if isinstance(start, int) and start != 1 else ""
    return f"<ol{first}>{inner}</ol>"


def _box(node: Mapping[str, Json]) -> str:
    checked = node.get("checked")
    return ("☑ " if checked else "☐ ") if isinstance(checked, bool) else ""


def _upload(node: Mapping[str, Json]) -> str:
    file = node.get("value")
    url = file.get("url") if isinstance(file, dict) else None
    if not isinstance(file, dict) or not isinstance(url, str):
        return ""
    kind, name, alt = file.get("mimeType"), file.get("filename"), file.get("alt")
    if isinstance(kind, str) and not kind.startswith("image/"):
        return f'<p><a href="{html.escape(url)}">{html.escape(name if isinstance(name, str) else url)}</a></p>'
    sizes = "".join(f' {side}="{size}"' for side in ("width", "height") if isinstance(size := file.get(side), int))
    return f'<img src="{html.escape(url)}" alt="{html.escape(alt if isinstance(alt, str) else "")}"{sizes}>'


def _language(name: Json) -> str:
    fits = isinstance(name, str) and name.isascii() and name.isalnum()
    return f' class="language-{name}"' if fits else ""
