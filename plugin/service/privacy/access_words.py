"""What an export says of itself: what each part is, what it is for, and how long it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from plugin.profiles.settings import Settings
from plugin.service.privacy.retention import Keeps

IDS = (
    "No id is kept as the site gives it. Each `source` stands for one: a hash that only this site's keys can make. "
    "Internet addresses are never kept."
)


def parts(keeps: Keeps, settings: Settings) -> Sequence[Mapping[str, str]]:
    """The members of an export, in order."""
    own = settings.purpose
    profile = f"{keeps.profiles} days after the visitor was last seen"
    log = f"{keeps.events} days"
    shorter = "".join(f"; {name}: {days} days" for name, days in sorted(keeps.types.items()))
    rows = (
        (
            "profiles",
            "what is kept of each id: attributes that were set, consent, counts, interests, visits, "
            "preferences, what was shown; and the events that patterns look back at",
            f"{own}, but for attributes and counts of events that name another; consent is kept to be obeyed",
            profile,
        ),
        ("read_by_rules", "what rules can read of all of these together, as of now", own, "worked out when it is read"),
        ("links", "which ids are one person, since when", own, profile),
        (
            "segments",
            "groups that the visitor is in, by what happened or by lists of the site",
            own,
            profile + "; lists of the site until it changes them",
        ),
        ("segment_history", "when the visitor entered and left them", own, log),
        ("to_be_looked_at", "when the segments are looked at again though nothing happens", own, "until then"),
        ("events", "what the visitor did", "as each says", log + shorter),
        ("events_not_applied_yet", "what was accepted and is not in the profile yet", "as each says", "moments"),
        (
            "events_that_failed",
            "events that could not be applied, put aside for the site's engineers",
            "as each says",
            f"{keeps.dead_letters} days",
        ),
        (
            "who_read_or_changed_it",
            "uses of this data by people and programs of the site",
            "accountability",
            f"{keeps.audit} days",
        ),
    )
    return [{"part": part, "what": what, "purpose": why, "kept": kept} for part, what, why, kept in rows]
