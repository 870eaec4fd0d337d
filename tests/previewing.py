"""A preview link as an editor makes it and opens it, of a running Tessera."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import requests

ADMIN = "the-key-of-an-editor-0123"
KEYS = f"""\
delivery_keys = [{{key = "pub"}}]
management_keys = [{{name = "ada", key = "{ADMIN}", scopes = ["simulate"]}}]
"""
"""For the settings of the Tessera that is asked, before its tables."""
CALL_S = 90


def previewed(
    session: requests.Session,
    url: str,
    slot: str,
    drafts: Sequence[tuple[str, str]],
    *,
    source: str,
    locale: str = "en",
) -> tuple[set[str], list[dict[str, Any]]]:
    """What the holder of a link sees in a slot.

    Args:
        drafts: the id and the language of each; no language where the entry has none.

    Returns:
        The titles, and what became of each draft.
    """
    entries = [{"source": source, "id": one, **({"locale": said} if said else {})} for one, said in drafts]
    wanted = {"entries": entries, "slots": [{"id": slot, "limit": 100}]}
    headers = {"Authorization": f"Bearer {ADMIN}"}
    made = session.post(f"{url}/v1/previews", json=wanted, headers=headers, timeout=CALL_S)
    assert made.status_code == 201, made.text
    query = {"token": made.json()["token"], "locale": locale}
    answer = session.get(f"{url}/v1/preview", params=query, timeout=CALL_S)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "private, no-store"
    found = answer.json()
    titles = {block["fields"]["title"] for block in found["slots"][slot]["blocks"]}
    return titles, found["preview"]["entries"]
