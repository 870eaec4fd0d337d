"""A file of the media library as an entry shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from adapters.cms.markup import sanitize
from adapters.cms.port import Json

Absolute = Callable[[str], str]


def media(raw: Mapping[str, Json], absolute: Absolute) -> dict[str, Json] | None:
    """Address, kind, alternative text and sizes; None where it has no address.

    Args:
        absolute: makes an address absolute.
    """
    url = raw.get("source_url")
    if not isinstance(url, str) or not url:
        return None
    # PHP writes an empty mapping as a list.
    details = raw.get("media_details")
    details = details if isinstance(details, dict) else {}
    sizes = details.get("sizes")
    caption = raw.get("caption")
    rendered = caption.get("rendered") if isinstance(caption, dict) else None
    return {
        "url": absolute(url),
        "mime": raw.get("mime_type"),
        "alt": raw.get("alt_text") or "",
        "width": details.get("width"),
        "height": details.get("height"),
        "caption_html": sanitize(rendered) if isinstance(rendered, str) else "",
        "sizes": {
            name: {"url": absolute(str(size["source_url"])), "width": size.get("width"), "height": size.get("height")}
            for name, size in (sizes.items() if isinstance(sizes, dict) else ())
            if isinstance(size, dict) and isinstance(size.get("source_url"), str)
        },
    }
