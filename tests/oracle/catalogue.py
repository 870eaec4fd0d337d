"""The types of attributes: the built-in ones, and those that the document declares."""

from __future__ import annotations

from typing import Any

BUILT_IN = {
    "device.type": "string",
    "device.os": "string",
    "device.os_version": "version",
    "device.browser": "string",
    "device.browser_version": "version",
    "geo.continent": "string",
    "geo.country": "string",
    "geo.region": "string",
    "geo.city": "string",
    "geo.eu": "boolean",
    "geo.location": "location",
    "geo.timezone": "string",
    "time.hour": "number",
    "time.of_day": "string",
    "time.weekday": "string",
    "time.date": "date",
    "time.now": "datetime",
    "network.save_data": "boolean",
    "network.effective_type": "string",
    "network.downlink_mbps": "number",
    "network.rtt_ms": "number",
    "request.path": "string",
    "request.host": "string",
    "request.locale": "string",
    "request.referrer_host": "string",
    "request.referrer_kind": "string",
    "request.search_terms": "string",
    "request.ip": "ip",
    "visitor.id": "string",
    "visitor.known": "boolean",
    "visitor.new": "boolean",
    "visitor.visits": "number",
    "visitor.days_since_last_visit": "number",
    "session.page_views": "number",
    "session.seconds": "number",
    "content.id": "string",
    "content.type": "string",
    "content.tags": "string_list",
    "content.locale": "string",
    "content.published_at": "datetime",
    "content.expires_at": "datetime",
}
OPEN_STRINGS = ("request.query.", "request.utm.", "request.cookie.", "request.header.")


def declared(document: dict[str, Any], name: str) -> dict[str, Any]:
    """The document's own declaration of an attribute, or an empty one."""
    found: dict[str, Any] = document.get("attributes", {}).get(name, {})
    return found


def type_of(document: dict[str, Any], name: str) -> str | None:
    """The attribute's type; None where its values alone tell (fields of content, no document)."""
    if name in BUILT_IN:
        return BUILT_IN[name]
    if name.startswith(OPEN_STRINGS):
        return "string"
    if name.startswith("consent."):
        return "boolean"
    return declared(document, name).get("type")
