"""Arguments that need no coercion: where each is a variable or a constant, they are read as REST reads its body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    GraphQLSchema,
    NonNullTypeNode,
    OperationDefinitionNode,
    Undefined,
    VariableNode,
    type_from_ast,
    value_from_ast,
)

_OPTIONS = frozenset({"render", "explain"})


class Arguments(NamedTuple):
    """How the body of a request is made of its variables.

    Attributes:
        constants: arguments written in the document, and defaults of variables.
        variables: argument to variable.
        needed: variables that may not be null.
    """

    constants: Mapping[str, Any]
    variables: Mapping[str, str]
    needed: frozenset[str]

    def body(self, variables: Mapping[str, Any]) -> dict[str, Any] | None:
        """The body that REST would be sent; None where only a coercion can tell."""
        for name in self.needed:
            if variables.get(name) is None:
                return None
        found = dict(self.constants)
        for argument, name in self.variables.items():
            if name in variables:
                found[argument] = variables[name]
        return body_of(found)


def body_of(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The body of REST that says what these arguments do; null is as good as leaving it out."""
    found = {name: value for name, value in arguments.items() if name not in _OPTIONS and value is not None}
    options = {name: arguments[name] for name in _OPTIONS if arguments.get(name) is not None}
    if options:
        found["options"] = options
    return found


def coerced(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The body that coerced arguments come to: within slots, too, null is as good as leaving it out."""
    slots = [{name: part for name, part in one.items() if part is not None} for one in arguments["slots"]]
    return body_of({**arguments, "slots": slots})


def arguments_of(node: FieldNode, operation: OperationDefinitionNode, schema: GraphQLSchema) -> Arguments | None:
    """How to read the arguments of `personalize`; None where they must be coerced each time."""
    known = schema.query_type.fields["personalize"].args if schema.query_type is not None else {}
    constants: dict[str, Any] = {}
    variables: dict[str, str] = {}
    for one in node.arguments or ():
        name = one.name.value
        if isinstance(one.value, VariableNode):
            variables[name] = one.value.name.value
            continue
        value = value_from_ast(one.value, known[name].type)
        if value is Undefined:  # variables within
            return None
        constants[name] = value
    needed = set()
    names = {variable: argument for argument, variable in variables.items()}
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        if name not in names or definition.directives:
            return None
        if definition.default_value is not None:
            kind = type_from_ast(schema, definition.type)
            default = value_from_ast(definition.default_value, kind)  # type: ignore[arg-type]
            for argument, variable in variables.items():
                if variable == name:
                    constants[argument] = default
            if isinstance(definition.type, NonNullTypeNode):
                return None
        elif isinstance(definition.type, NonNullTypeNode):
            needed.add(name)
    return Arguments(constants, variables, frozenset(needed))
