"""What the storefront records its visitors with, out of the parts of the application."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from plugin.demo.known import Ledger
from plugin.demo.live import Live
from plugin.profiles.identity import Identity
from plugin.settings import Settings
from plugin.store import Store
from plugin.web.script import script


def live_of(
    settings: Settings,
    store: Store,
    *,
    cookie: str,
    identify: Callable[[str], Identity],
    token: Callable[[int, str, str, Mapping[str, str]], str],
    now_ms: Callable[[], int],
    forget: Callable[[str], str] | None = None,
) -> Live | None:
    """What pages record with; None where there is no delivery key that they could carry.

    Args:
        cookie: in which `tessera.js` keeps the visitor's id.
        forget: erases a visitor by their id, and gives the receipt's id; None where that cannot be done.
    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    if not settings.delivery_keys:
        return None
    now = script()
    return Live(
        key=settings.delivery_keys[0].key,
        script=f"/{now.name}",
        integrity=now.integrity,
        cookie=cookie,
        token=token,
        known=Ledger(store.visitors, store.event_log, identify, now_ms).of,
        forget=forget,
    )
