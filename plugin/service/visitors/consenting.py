"""What a request says of consent: its words to keep, and its signals, which decide on what it brings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from plugin.flow.context import RawRequest
from plugin.flow.signals.consent import derive_consent
from plugin.flow.signals.notes import Draft
from plugin.flow.signals.policy import ContextPolicy
from plugin.service.visitors.changes import NotStored

_CONSENT = "consent."


class Heard(NamedTuple):
    """What a request says of consent.

    Attributes:
        consent: the words that it wants kept, by purpose.
        signals: what holds for the request itself: cookie, query, body and Global Privacy Control together.
        not_stored: the words that Global Privacy Control stands against.
    """

    consent: Mapping[str, bool]
    signals: Mapping[str, bool]
    not_stored: list[NotStored]


def listener(policy: ContextPolicy) -> Callable[[RawRequest], Heard]:
    """What reads the consent of requests; the words to keep are `consent` of the body."""

    def hear(raw: RawRequest) -> Heard:
        draft = Draft()
        body = raw.body.get("consent")
        derive_consent(
            raw.headers,
            raw.cookies.get(policy.consent_cookie),
            raw.query,
            body,
            gpc_purposes=policy.gpc_purposes,
            draft=draft,
        )
        signals = {name.removeprefix(_CONSENT): value is True for name, value in draft.attributes.items()}
        words = body if isinstance(body, Mapping) else {}
        kept = {purpose: word for purpose, word in words.items() if not word or signals.get(purpose)}
        against = [
            NotStored(f"/consent/{purpose}", "Global Privacy Control refuses the purpose, in every request")
            for purpose in words
            if purpose not in kept
        ]
        return Heard(kept, signals, against)

    return hear
