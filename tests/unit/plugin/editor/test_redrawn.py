"""A document that is written anew from what the form draws of it decides as before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import given, note

import rules
from plugin.editor import acting, tree
from plugin.editor.subjects_asked import Subjects
from plugin.editor.vocabulary import vocabulary_of
from rules.attributes import BUILT_IN
from tests.strategies import World, worlds
from tests.strategies.profiles import searched


def redrawn(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with its conditions and effects as the form would write them: nothing is spelled as it was."""
    vocabulary = vocabulary_of(document, BUILT_IN)
    visitors, entries = Subjects(vocabulary), Subjects(vocabulary, entries=True)

    def item(held: Mapping[str, Any]) -> dict[str, Any]:
        made = dict(held)
        if "when" in held:
            group, _spelled = tree.draw(held["when"], visitors)
            made["when"] = tree.write(group, visitors, {}) if group.nodes else {}
        if "then" in held:
            made["then"] = acting.write(acting.draw(held["then"], entries) or (), [], entries)
        return made

    return {
        **document,
        **{name: [item(one) for one in document[name]] for name in ("segments", "rules", "experiments")},
    }


@searched(150)
@given(worlds(3))
def test_a_document_decides_as_before(world: World) -> None:
    again = redrawn(world.document)
    note(again)
    before, after = rules.load(world.document), rules.load(again)
    for slot in world.slots:
        for person in world.people:
            told = {"segments": person.segments, "now": world.now, "scores": world.scores, "exposures": world.exposures}
            one, other = (each.decide(slot, person.attributes, world.content, **told) for each in (before, after))
            assert [block.entry for block in one.blocks] == [block.entry for block in other.blocks]
            assert one.presentation == other.presentation
