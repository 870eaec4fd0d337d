"""The visitor's device: the User-Agent, corrected by client hints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from plugin.flow.signals import hints as ch
from plugin.flow.signals.cdn import CLOUDFRONT_AGENT, CLOUDFRONT_DEVICES
from plugin.flow.signals.notes import Draft
from plugin.flow.signals.ports import Device, Devices
from plugin.flow.signals.text import clean, header

TYPES = frozenset({"mobile", "tablet", "desktop", "tv", "bot", "other"})
_BODY_KEYS = ("type", "os", "os_version", "browser", "browser_version")
_LONGEST = 64


def derive_device(
    headers: Mapping[str, Sequence[str]],
    given_agent: object,
    given_device: object,
    *,
    trusted: bool,
    devices: Devices,
    longest: int,
    draft: Draft,
) -> None:
    """Adds `device.*`.

    Args:
        headers: of the request.
        given_agent: the body's `user_agent`, for callers that ask on behalf of a browser; its headers' hints
            are then the caller's own, so they are not read.
        given_device: the body's `device`, for apps; it wins, key by key.
        trusted: whether a trusted proxy sent the request, so that CloudFront's device headers count.
        devices: reads a User-Agent.
        longest: most characters of one header.
        draft: takes the result.
    """
    hints = None
    if given_agent is None:
        agent = header(headers, "user-agent") or ""
        hints = ch.read_hints(headers)
    else:
        agent = clean(given_agent, longest, "user_agent", draft) or ""
    if len(agent) > longest:
        draft.note("user-agent", "too_long")
        agent = agent[:longest]
    if trusted and agent == CLOUDFRONT_AGENT:
        for name, kind in CLOUDFRONT_DEVICES:
            if header(headers, name) == "true":
                draft.attributes["device.type"] = kind
                break
    else:
        draft.attributes.update(_attributes(devices.identify(agent), hints))
    if given_device is not None:
        _given(given_device, draft)


@lru_cache(maxsize=2048)
def _attributes(device: Device, hints: ch.Hints | None) -> Mapping[str, object]:
    kind, os, os_version = device.type, device.os, device.os_version
    name, version = device.browser, device.browser_version
    if hints is not None and kind != "bot":
        if (system := ch.platform(hints)) is not None and kind != "tv":
            # A hint without a version keeps the agent's only where both speak of the same system.
            os, os_version = system[0], system[1] or (os_version if system[0] == os else None)
        if (found := ch.browser(hints)) is not None:
            # The short list has the major version alone; the agent's is as good where it agrees.
            short = found[1] is None or "." not in found[1]
            agrees = name == found[0] and version is not None and version.partition(".")[0] == (found[1] or "")
            name, version = found[0], version if short and agrees else found[1]
        kind = "bot" if ch.is_headless(hints) else ch.form(hints, os, kind) or kind
    values = {"type": kind, "os": os, "os_version": os_version, "browser": name, "browser_version": version}
    return {f"device.{key}": value for key, value in values.items() if value is not None}


def _given(value: object, draft: Draft) -> None:
    if not isinstance(value, dict):
        draft.note("device", "wrong_type")
        return
    for key in _BODY_KEYS:
        item = value.get(key)
        if item is None:
            continue
        text = clean(item, _LONGEST, f"device.{key}", draft)
        if text is None:
            continue
        if key == "type" and text not in TYPES:
            draft.note("device.type", "unknown")
            continue
        draft.attributes[f"device.{key}"] = text
