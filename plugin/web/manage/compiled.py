"""A version compiled, for edges that evaluate by themselves."""

from __future__ import annotations

import json
from hashlib import blake2b

from plugin.service.rulesets.publish import Publishing
from plugin.web.manage.rulesets import reference_of
from plugin.web.operations import Answer, Call, Operation
from plugin.web.schemas import compiled as shapes


def operations(publishing: Publishing) -> list[Operation]:
    """The one operation."""

    def read(call: Call) -> Answer:
        found = publishing.export(reference_of(call.path["version"]))
        return Answer(found, tag=blake2b(json.dumps(found).encode(), digest_size=16).hexdigest())

    return [
        Operation(
            name="export_ruleset",
            method="GET",
            path="/v1/rulesets/<string:version>/compiled",
            summary="A version compiled, for edges that evaluate by themselves",
            description=(
                "Of a version, 'draft' or 'published', with the languages and audience tags of the published content. "
                "The page on compiled rule sets specifies it; lists of visitors are not in it. Ask with the ETag that "
                "you have."
            ),
            tag="rulesets",
            access="read",
            answers={200: shapes.CompiledRules},
            refusals=(422,),
            run=read,
        )
    ]
