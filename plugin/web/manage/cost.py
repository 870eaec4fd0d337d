"""What caching each slot of a version costs."""

from __future__ import annotations

from plugin.service.rulesets.cost import SlotCost
from plugin.service.rulesets.publish import Publishing
from plugin.web.manage.rulesets import reference_of
from plugin.web.operations import Answer, Call, Operation
from plugin.web.schemas import cost as shapes


def operations(publishing: Publishing) -> list[Operation]:
    """The one operation."""

    def read(call: Call) -> Answer:
        found = publishing.cost(reference_of(call.path["version"]), only=call.query.get("only"))
        return Answer({"slots": [cost_json(one) for one in found]})

    return [
        Operation(
            name="read_ruleset_cost",
            method="GET",
            path="/v1/rulesets/<string:version>/cost",
            summary="What caching each slot costs: who may share it, how many versions, what each rule adds",
            description=(
                "Of a version, 'draft' or 'published', with the published content, over all visitors and every moment "
                "from now on. See the page on caching."
            ),
            tag="rulesets",
            access="read",
            query=shapes.CostQuery,
            answers={200: shapes.CostAnswer},
            refusals=(422,),
            run=read,
        )
    ]


def cost_json(cost: SlotCost) -> dict[str, object]:
    """A slot's cost, as the schema dumps it."""
    found = cost.found
    sentences = [sentence for _kind, _id, sentence in cost.additions]
    return {
        "slot": found.slot,
        "versions": found.versions,
        "how": found.how,
        "exact": found.exact,
        "grows_with": list(found.grows_with),
        "sharing": found.sharing,
        "causes": [
            {
                "makes": one.makes,
                "what": one.what,
                "rules": list(one.rules),
                "attribute": one.attribute,
                "input": one.input,
                "sentence": one.sentence,
                "remedy": one.remedy,
            }
            for one in found.causes
        ],
        "origin": list(found.origin),
        "distinctions": found.distinctions,
        "additions": [
            {
                "kind": one.kind,
                "id": one.id,
                "without": one.without,
                "without_how": one.without_how,
                "versions": one.versions,
                "met": one.met,
                "none": one.none,
                "sentence": sentence,
            }
            for one, sentence in zip(found.additions, sentences, strict=True)
        ],
        "ttl_s": found.stillness.ttl_s,
        "flips_a_day": found.stillness.flips_a_day,
        "summary": f"{cost.versions}, {cost.sharing}; {cost.still}",
    }
