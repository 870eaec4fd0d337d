"""The attributes that a document declares, beside those that there always are."""

from __future__ import annotations

from collections.abc import Mapping

from rules.attributes import DECLARABLE, TYPES, Attribute
from rules.fields import Fields
from rules.report import Path


def declared_in(document: Fields) -> list[Attribute]:
    """The attributes of a document's section `attributes`; problems are noted, and what has no type is left out."""
    declared = document.data.get("attributes", {})
    if not isinstance(declared, Mapping):
        document.note("attributes", "'attributes' is a mapping of names to {type: ...}")
        return []
    found = []
    for name, value in declared.items():
        path: Path = ("attributes", name)
        if not (name.startswith(DECLARABLE) and name.partition(".")[2]):
            message = f"a document declares profile.* and custom.*, not {name!r}"
            document.report.add(path, message, word=name, at_key=True)
        allowed = ("type", "unit", "values", "purpose", "client_writable", "name", "description")
        fields = Fields(value, path, document.report, allowed, "an attribute")
        type_ = fields.one_of("type", TYPES, None)
        if type_ is None:
            if "type" not in fields:
                document.report.add(path, f"{name!r} needs a type, one of {', '.join(TYPES)}")
            continue
        fields.text("name")
        values = _values(fields, name, type_)
        found.append(
            Attribute(
                name=name,
                type=type_,  # type: ignore[arg-type]
                unit=fields.text("unit"),
                values=values,
                source="profile" if name.startswith("profile.") else "caller",
                purpose=fields.text("purpose"),
                client_writable=fields.flag("client_writable", False),
                description=fields.text("description") or "",
            )
        )
    return found


def _values(fields: Fields, name: str, type_: str) -> tuple[str, ...] | None:
    values = fields.data.get("values")
    if not (isinstance(values, list | tuple) and values and all(isinstance(item, str) for item in values)):
        if "values" in fields:
            fields.note("values", "'values' is a list of texts")
        return None
    if type_ not in ("string", "string_list"):
        fields.note("values", f"'values' are texts, and {name!r} is a {type_}", str(type_))
        return None
    return tuple(values)
