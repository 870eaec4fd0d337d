"""The hot route as the OpenAPI document describes it; it is served by `plugin.web.personalize`."""

from __future__ import annotations

from plugin.web.operations import DELIVERY, Body, Operation
from plugin.web.schemas.personalize import PersonalizeAnswer, PersonalizeQuery, PersonalizeRequest

_TAG = "delivery"
_PATH = "/v1/personalize"


def operations() -> list[Operation]:
    """Both ways to ask."""
    return [
        Operation(
            name="personalize",
            method="POST",
            path=_PATH,
            summary="Blocks for the slots of a page, for this visitor",
            tag=_TAG,
            access=DELIVERY,
            body=Body(PersonalizeRequest),
            answers={200: PersonalizeAnswer},
            refusals=(404,),
            run=None,
        ),
        Operation(
            name="personalize_by_cache",
            method="GET",
            path=_PATH,
            summary="The same for caches: the context comes from headers, cookies and the query",
            description="Slots that nothing of the visitor can change answer with shared-cache headers.",
            tag=_TAG,
            access=DELIVERY,
            query=PersonalizeQuery,
            answers={200: PersonalizeAnswer},
            refusals=(404,),
            run=None,
        ),
    ]
