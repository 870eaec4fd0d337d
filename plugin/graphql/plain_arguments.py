"""Arguments that need no coercion: where each is a variable or a constant, they are read as REST reads its body."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, NamedTuple

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    Undefined,
    VariableNode,
    get_argument_values,
    get_variable_values,
    type_from_ast,
    value_from_ast,
)
from graphql.language import Node, Visitor, visit

from plugin.errors import ValidationFailed
from plugin.web.body import refuse_unsafe

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


def arguments_of(
    node: FieldNode, operation: OperationDefinitionNode, schema: GraphQLSchema, flags: Container[str]
) -> Arguments | None:
    """How to read the arguments of `personalize`; None where they must be coerced each time.

    Args:
        flags: the variables that directives read.
    """
    known = schema.query_type.fields["personalize"].args if schema.query_type is not None else {}
    constants: dict[str, Any] = {}
    variables: dict[str, str] = {}
    for one in node.arguments or ():
        name = one.name.value
        if isinstance(one.value, VariableNode):
            variables[name] = one.value.name.value
            continue
        value = value_from_ast(one.value, known[name].type)
        if value is Undefined or _variables_in(one.value) or not _is_safe(value):
            return None
        constants[name] = value
    needed = set()
    names = {variable: argument for argument, variable in variables.items()}
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        if name not in names:
            if name in flags:
                continue
            return None  # of a field that is left out, and yet it has to be of its type
        if definition.default_value is not None:
            kind = type_from_ast(schema, definition.type)
            default = value_from_ast(definition.default_value, kind)  # type: ignore[arg-type]
            if not _is_safe(default):
                return None
            for argument, variable in variables.items():
                if variable == name:
                    constants[argument] = default
            if isinstance(definition.type, NonNullTypeNode):
                return None
        elif isinstance(definition.type, NonNullTypeNode):
            needed.add(name)
    return Arguments(constants, variables, frozenset(needed))


def _variables_in(node: Node) -> bool:
    finding = _Variables()
    visit(node, finding)
    return finding.found


def _is_safe(value: object) -> bool:
    """Whether what is written in a document is what JSON of ours may hold, as what comes beside it is."""
    try:
        refuse_unsafe(value)
    except ValidationFailed:
        return False
    return True


def coerce_arguments(
    node: FieldNode, operation: OperationDefinitionNode, schema: GraphQLSchema, variables: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The body that the arguments of `personalize` come to, coerced as an execution does; None where that fails."""
    values = get_variable_values(schema, operation.variable_definitions or (), dict(variables), max_errors=1)
    if isinstance(values, list) or schema.query_type is None:
        return None
    try:
        return coerced(get_argument_values(schema.query_type.fields["personalize"], node, values))
    except GraphQLError:
        return None


def flags_of(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> dict[str, bool | None]:
    """The variables that directives read, with their defaults."""
    finding = _Flags()
    for node in (operation, *fragments.values()):
        visit(node, finding)
    defaults = {
        one.variable.name.value: one.default_value.value
        for one in operation.variable_definitions or ()
        if isinstance(one.default_value, BooleanValueNode)
    }
    return {name: defaults.get(name) for name in sorted(finding.found)}


def conditions_of(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> frozenset[str]:
    """The types that fragments are for."""
    finding = _Conditions()
    for node in (operation, *fragments.values()):
        visit(node, finding)
    return frozenset(finding.found)


class _Conditions(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def enter_fragment_definition(self, node: FragmentDefinitionNode, *_: Node | object) -> None:
        """Note its type."""
        self.found.add(node.type_condition.name.value)

    def enter_inline_fragment(self, node: InlineFragmentNode, *_: Node | object) -> None:
        """Note its type, where it is for one."""
        if node.type_condition is not None:
            self.found.add(node.type_condition.name.value)


class _Flags(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: Node | object) -> None:
        """Note its variables."""
        self.found.update(one.value.name.value for one in node.arguments or () if isinstance(one.value, VariableNode))


class _Variables(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found = False

    def enter_variable(self, _node: VariableNode, *_: Node | object) -> None:
        """Note that there is one."""
        self.found = True
