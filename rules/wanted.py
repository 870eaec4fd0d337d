"""What of a visitor some rule asks for, so that nothing else is derived of a request."""

from __future__ import annotations

from rules.conditions import Test, walk
from rules.ruleset import Ruleset

_ALWAYS = ("request.locale", "geo.timezone")


def wanted_by(ruleset: Ruleset) -> frozenset[str]:
    """Every attribute that some condition or selector of the rule set reads."""
    document = ruleset.document
    found = set(_ALWAYS)
    if any(one.unit == "person" for one in document.experiments):
        found.add("visitor.known")  # nobody else enters them
    for part in (document.rules, document.experiments, document.segments):
        for one in part:
            for leaf in walk(one.when):
                if isinstance(leaf, Test):
                    found.update(leaf.names)
    for slot in ruleset.slots:
        compiled = ruleset.compiled(slot)
        found.update(compiled.reads, compiled.slot.select_refs, compiled.slot.default_refs)
    return frozenset(found)
