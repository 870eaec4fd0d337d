"""What routes say of sharing answers, wired."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from plugin.edge.headers import Longest
from plugin.service.delivery.tokens import DecisionTokens
from plugin.settings import Settings
from plugin.web.shared import Sharing


def open_sharing(
    settings: Settings,
    *,
    tokens: DecisionTokens,
    templates: Path,
    version: str,
    consent_cookie: str | None,
    clock: Callable[[], datetime],
) -> Sharing:
    """How answers are shared by caches.

    Args:
        templates: the folder of those of blocks.
        version: of the program.
    """
    longest = Longest(settings.edge_ttl_s, settings.edge_stale_s, settings.edge_error_s)
    made = made_of(templates, version, tokens)
    return Sharing(longest=longest, made=made, clock=clock, consent_cookie=consent_cookie)


def made_of(templates: Path, version: str, tokens: DecisionTokens) -> str:
    """Another text where answers have other bytes though what is published is the same: for ETags."""
    digest = hashlib.sha256(f"{version}\0{tokens.make(0, '', '', {})}".encode())
    for path in sorted(one for one in templates.rglob("*") if one.is_file()):
        digest.update(path.relative_to(templates).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
