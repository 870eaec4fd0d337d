"""Documents, parsed and validated once: kept by their text, for as long as the schema is the same."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
    validate,
)

from plugin.errors import MalformedRequest
from plugin.graphql.limits import MOST_ROOTS, MOST_TOKENS, judge_document, judge_text
from plugin.graphql.plain import Plain, plain_of
from plugin.graphql.plain_arguments import conditions_of
from plugin.graphql.shapes import PLAIN, Shapes

MOST_KEPT = 500
MOST_KEPT_CHARACTERS = 512 * 1024
MOST_ERRORS = 5
_INTROSPECTION = frozenset({"__schema", "__type"})


class Refused(Exception):  # noqa: N818 - not an error of ours
    """A document that does not hold; ``errors`` say where."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__("the document does not hold")
        self.errors = errors


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One operation of a document.

    Attributes:
        fields: how many it asks for, fragments written out.
        roots: how many of them are of `Query` or `Mutation`.
        introspects: whether it asks for the schema itself.
        typed: whether it names types of content, or asks for names of types: what these are follows from all entries.
        plain: writes the answer without an execution, where it is plain enough for that.
    """

    node: OperationDefinitionNode
    fields: int
    roots: int
    introspects: bool
    typed: bool
    plain: Plain | None

    @property
    def is_mutation(self) -> bool:
        """Whether it changes something."""
        return self.node.operation is OperationType.MUTATION


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A document that holds."""

    document: DocumentNode
    operations: Mapping[str, Operation]

    def operation(self, name: str | None) -> Operation:
        """The one to execute. Raises: MalformedRequest."""
        if name is None:
            if len(self.operations) != 1:
                raise MalformedRequest("The document has several operations: operationName says which.")
            return next(iter(self.operations.values()))
        found = self.operations.get(name)
        if found is None:
            raise MalformedRequest(f"The document has no operation {name[:80]!r}.")
        return found


class Documents:
    """Those of one schema: the ones used last, and those that are registered for as long as it lives."""

    def __init__(self, schema: GraphQLSchema, shapes: Shapes, registered: frozenset[str] = frozenset()) -> None:
        """Take the schema that they are to hold in, and the shapes of its blocks, of which the types mean nothing."""
        self._schema = schema
        self._shapes = shapes
        self._registered = registered
        self._pinned: dict[str, Prepared] = {}
        self._kept: OrderedDict[str, Prepared] = OrderedDict()
        self._characters = 0
        self._lock = Lock()

    def prepare(self, text: str, *, hides: bool) -> Prepared:
        """A document of this text.

        Args:
            hides: whether errors leave out the names that are nearly right: of those who may not see the schema.
        Raises:
            MalformedRequest, PayloadTooLarge: it is beyond the limits.
            Refused: it does not hold.
        """
        found = self._pinned.get(text) or self._kept.get(text)
        if found is not None:
            if text in self._kept:
                with self._lock:
                    if text in self._kept:
                        self._kept.move_to_end(text)
            return found
        made = self._made(text, hides=hides)
        with self._lock:
            if text in self._registered:
                self._pinned[text] = made
            elif text not in self._kept:
                self._kept[text] = made
                self._characters += len(text)
                while len(self._kept) > MOST_KEPT or self._characters > MOST_KEPT_CHARACTERS:
                    gone, _ = self._kept.popitem(last=False)
                    self._characters -= len(gone)
        return made

    def __len__(self) -> int:
        return len(self._kept) + len(self._pinned)

    def _made(self, text: str, *, hides: bool) -> Prepared:
        judge_text(text)
        try:
            document = parse(text, max_tokens=2 * MOST_TOKENS, allow_empty_selection_sets=False)
        except GraphQLError as error:
            raise Refused([error]) from error
        except RecursionError as error:
            raise MalformedRequest("The document is nested too deeply.") from error
        fields = judge_document(document)
        fragments = _fragments(document)
        operations = _operations(document)
        roots = [_judged_roots(one, fragments) for one in operations]
        # Before validation: introspection is long, and validated for those alone who may see it.
        errors = validate(
            self._schema, document, max_errors=MOST_ERRORS, hide_suggestions=hides, allow_empty_selection_sets=False
        )
        if errors:
            raise Refused(errors[:MOST_ERRORS])
        shapes = dict(self._shapes)
        types = {PLAIN, *(shape.name for shape in shapes.values())}
        return Prepared(
            document,
            {
                one.name.value if one.name else "": Operation(
                    one,
                    many,
                    sum(not name.startswith("__") for name in names),
                    not _INTROSPECTION.isdisjoint(names),
                    "__typename" in text or not types.isdisjoint(conditions_of(one, fragments)),
                    plain_of(one, fragments, shapes, self._schema),
                )
                for one, many, names in zip(operations, fields, roots, strict=True)
            },
        )


def _operations(document: DocumentNode) -> list[OperationDefinitionNode]:
    return [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]


def _fragments(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    return {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}


def _judged_roots(node: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> list[str]:
    """The fields of `Query` or `Mutation`. Raises: MalformedRequest where they are too many."""
    names = _roots(node.selection_set, fragments)
    if sum(not name.startswith("__") for name in names) > MOST_ROOTS:
        raise MalformedRequest(f"An operation asks for more than {MOST_ROOTS} fields of {node.operation.value}.")
    return names


def _roots(selected: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]) -> list[str]:
    found: list[str] = []
    for one in selected.selections:
        if isinstance(one, FieldNode):
            found.append(one.name.value)
        elif isinstance(one, FragmentSpreadNode):
            fragment = fragments.get(one.name.value)  # validation says where there is none
            found += _roots(fragment.selection_set, fragments) if fragment is not None else []
        else:
            found += _roots(one.selection_set, fragments)  # type: ignore[attr-defined]
    return found
