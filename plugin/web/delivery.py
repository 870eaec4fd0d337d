"""The routes in front of Flask as the OpenAPI document describes them; see `plugin.web.personalize` and `.audience`."""

from __future__ import annotations

from plugin.web.operations import DELIVERY, Body, Operation
from plugin.web.schemas.audience import AudienceAnswer, AudienceQuery, ClassRequest
from plugin.web.schemas.personalize import PersonalizeAnswer, PersonalizeQuery, PersonalizeRequest

_TAG = "delivery"
_PATH = "/v1/personalize"


def operations() -> list[Operation]:
    """Both ways to ask for content, and what edges and browsers ask before."""
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
            refusals=(404, 409),
            run=None,
        ),
        Operation(
            name="audience",
            method="GET",
            path="/v1/audience",
            summary="The audience keys of slots, for edges",
            description="The keys come as headers too: T-Key with all of them, and one T-<slot> for each.",
            tag=_TAG,
            access=DELIVERY,
            query=AudienceQuery,
            answers={200: AudienceAnswer},
            refusals=(404,),
            run=None,
        ),
        Operation(
            name="visitor_class",
            method="POST",
            path="/v1/class",
            summary="The visitor's class as the cookie tessera_class, for edges",
            tag=_TAG,
            access=DELIVERY,
            body=Body(ClassRequest, required=False),
            answers={204: None},
            run=None,
        ),
    ]
