"""Strapi's rich text blocks to safe HTML. The blocks themselves stay as they are beside it."""

from __future__ import annotations

import html
from collections.abc import Callable

from adapters.cms.markup import sanitize
from adapters.cms.port import Json

MAX_DEPTH = 20
_BLOCKS = frozenset(("paragraph", "heading", "list", "quote", "code", "image"))
_MARKS = (("code", "code"), ("strikethrough", "s"), ("underline", "u"), ("italic", "em"), ("bold", "strong"))

Absolute = Callable[[str], str]


def is_blocks(value: Json) -> bool:
    """Whether a value is rich text in blocks: a list of nodes that each have a known type and children."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(node, dict) and node.get("type") in _BLOCKS and isinstance(node.get("children"), list)
            for node in value
        )
    )


def render(blocks: Json, absolute: Absolute) -> str:
    """Sanitised HTML. Nodes of unknown types give their text; a newline in a text is a line break.

    Args:
        absolute: makes an image's URL absolute.
    """
    return sanitize(_nodes(blocks, absolute, 0))


def _nodes(nodes: Json, absolute: Absolute, depth: int) -> str:
    if not isinstance(nodes, list) or depth > MAX_DEPTH:
        return ""
    return "".join(_node(node, absolute, depth) for node in nodes if isinstance(node, dict))


def _node(node: dict[str, Json], absolute: Absolute, depth: int) -> str:
    kind = node.get("type")
    if kind == "text":
        return _text(node)
    if kind == "image":
        return _image(node, absolute)
    if kind == "code":
        return f"<pre><code{_language(node)}>{_plain(node)}</code></pre>"
    inner = _nodes(node.get("children"), absolute, depth + 1)
    if kind == "paragraph":
        return f"<p>{inner}</p>"
    if kind == "heading":
        level = node.get("level")
        level = level if isinstance(level, int) and 1 <= level <= 6 else 2
        return f"<h{level}>{inner}</h{level}>"
    if kind == "list":
        tag = "ol" if node.get("format") == "ordered" else "ul"
        return f"<{tag}>{inner}</{tag}>"
    if kind == "list-item":
        return f"<li>{inner}</li>"
    if kind == "quote":
        return f"<blockquote>{inner}</blockquote>"
    if kind == "link":
        return f'<a href="{_attribute(node.get("url"))}">{inner}</a>'
    return inner


def _text(node: dict[str, Json]) -> str:
    text = node.get("text")
    made = html.escape(text if isinstance(text, str) else "", quote=False).replace("\n", "<br>")
    for mark, tag in _MARKS:
        if made and node.get(mark) is True:
            made = f"<{tag}>{made}</{tag}>"
    return made


def _plain(node: dict[str, Json]) -> str:
    children = node.get("children")
    texts = [child.get("text") for child in children if isinstance(child, dict)] if isinstance(children, list) else []
    return html.escape("".join(text for text in texts if isinstance(text, str)), quote=False)


def _language(node: dict[str, Json]) -> str:
    language = node.get("language")
    if isinstance(language, str) and language.isascii() and language.isalnum():
        return f' class="language-{language}"'
    return ""


def _image(node: dict[str, Json], absolute: Absolute) -> str:
    image = node.get("image")
    url = image.get("url") if isinstance(image, dict) else None
    if not isinstance(image, dict) or not isinstance(url, str):
        return ""
    sizes = "".join(f' {name}="{size}"' for name in ("width", "height") if isinstance(size := image.get(name), int))
    alternative = _attribute(image.get("alternativeText"))
    return f'<img src="{_attribute(absolute(url))}" alt="{alternative}"{sizes}>'


def _attribute(value: Json) -> str:
    return html.escape(value) if isinstance(value, str) else ""
