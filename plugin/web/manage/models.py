"""The models that the settings name: to read only."""

from __future__ import annotations

from collections.abc import Mapping

from plugin.errors import NotFound
from plugin.web.operations import Answer, Call, Operation
from plugin.web.schemas import operations as shapes
from plugin.web.services import ModelSetting


def operations(models: Mapping[str, ModelSetting]) -> list[Operation]:
    """List and read."""

    def page(_call: Call) -> Answer:
        return Answer({"items": [_shown(models[name]) for name in sorted(models)], "next": None})

    def read(call: Call) -> Answer:
        found = models.get(call.path["id"])
        if found is None:
            raise NotFound(f"No model {call.path['id']!r} is configured.")
        return Answer(_shown(found))

    return [
        Operation(
            name="list_models",
            method="GET",
            path="/v1/models",
            summary="The configured models",
            tag="models",
            access="read",
            answers={200: shapes.ModelPage},
            run=page,
        ),
        Operation(
            name="read_model",
            method="GET",
            path="/v1/models/<id:id>",
            summary="One configured model",
            tag="models",
            access="read",
            answers={200: shapes.Model},
            run=read,
        ),
    ]


def _shown(model: ModelSetting) -> dict[str, str]:
    return {"id": model.name, "adapter": model.adapter}
