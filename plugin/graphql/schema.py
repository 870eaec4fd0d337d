"""The schema: what is the same everywhere, and an object type for each type of content."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    Undefined,
    ValueNode,
    build_schema,
    value_from_ast_untyped,
)

from plugin.graphql.shapes import PLAIN, TEXTS, Shape, Shapes, text_of

_LARGEST = 2**53
_LONGEST_NUMBER = 400
_BASE = '''
"""Any value of JSON."""
scalar JSON

type Query {
  """Blocks for the slots of a page, for this visitor: as POST /v1/personalize, by GET as GET /v1/personalize."""
  personalize(
    slots: [SlotInput!]!
    """Keep an entry to the first slot that shows it."""
    unique: Boolean
    visitor: VisitorInput
    """What the page knows, as REST takes it: url, referrer, locale, timezone, custom, consent, device, network."""
    context: JSON
    """What just happened, applied to this answer; not by GET."""
    events: [JSON!]
    render: Render
    """Add each slot's trace; needs a management key with that scope."""
    explain: Boolean
  ): Personalization!
  """Entries of every source, a language each; needs the scope read. With id: those of one entry."""
  content(
    id: String, source: String, type: String, locale: String, tag: String, limit: Int, cursor: String
  ): ContentPage!
  """What is kept of a visitor; needs the scope visitors, and is noted in the audit log."""
  visitor(id: String!): Profile!
}

type Mutation {
  """What visitors did: as POST /v1/events."""
  track(events: [JSON!]!, consent: JSON, userToken: String): Tracked!
  """Who a visitor is: as POST /v1/identify."""
  identify(
    visitorId: String!
    userId: String
    userToken: String
    attributes: JSON
    consent: JSON
    preferences: PreferencesInput
  ): Identified!
}

enum Render { json html both }
input SlotInput { id: String!, limit: Int, exclude: [String!] }
input VisitorInput { id: String }
input PreferencesInput { likes: [String!], dislikes: [String!], neither: [String!] }

type Personalization {
  """Null, as is visitor, in answers that a shared cache may keep."""
  decisionId: String
  ruleset: Int!
  visitor: PersonalizedVisitor
  slots: [Slot!]!
  errors: [Fault!]!
  """What had to be done without, such as model:NAME."""
  degraded: [String!]!
}
type PersonalizedVisitor { id: String, segments: [String!]! }
type Fault { slot: String, pointer: String, detail: String! }
type Slot {
  id: String!
  blocks: [Block!]!
  presentation: JSON!
  """Whether nothing was left and the slot's default stands in."""
  fallback: Boolean!
  audienceKey: String!
  """For how long the answer holds, in seconds."""
  ttlS: Int!
  """Signed; impression events bring it back."""
  decisionToken: String!
  """With explain: what was considered, and why it was kept or dropped."""
  trace: JSON
}
type Reason { kind: String!, rule: String, experiment: String, arm: String, model: String }

"""One entry in its place. Each type of content is a type of its own, with its fields."""
interface Block {
  ID_FIELDS
}
"""Of a type of content that was not there when the schema was made."""
type PlainBlock implements Block {
  ID_FIELDS
}

type ContentPage { items: [Entry!]!, """The cursor of the next page.""" next: String }
type Entry {
  id: String!
  source: String!
  locale: String
  type: String!
  tags: [String!]!
  fields: JSON!
  publishedAt: String
  updatedAt: String!
}

type Profile {
  id: String!
  known: Boolean!
  linked: Int!
  attributes: JSON!
  set: JSON!
  segments: [ProfileSegment!]!
  consent: JSON!
  preferences: Preferences!
  interests: JSON!
  visits: JSON!
  counters: JSON!
  firstSeen: String
  lastSeen: String
  schemaVersion: Int
}
type Preferences { likes: [String!]!, dislikes: [String!]! }
type ProfileSegment { id: String!, kind: String!, since: String!, until: String, score: Float, reason: JSON! }

type Tracked { accepted: Int!, duplicate: Int!, ignored: Int!, rejected: [RejectedEvent!]! }
type RejectedEvent { index: Int!, pointer: String!, detail: String! }
type Identified { linked: Boolean!, notStored: [NotStored!]! }
type NotStored { pointer: String!, detail: String! }
'''
_BLOCK = """id: String!
  type: String
  "From 1, without gaps."
  position: Int!
  score: Float!
  "All fields of the entry, untyped."
  fields: JSON!
  tags: [String!]!
  "With render html or both."
  html: String
  reason: Reason!"""
ENTRY = "_entry"
"""Where a block, as it is resolved, has the whole entry."""
Resolve = Callable[..., object]


def sdl(shapes: Shapes) -> str:
    """The schema as text."""
    typed = [
        f"type {shape.name} implements Block {{\n  {_BLOCK}\n"
        + "".join(f"  {name}: {kind}\n" for name, _raw, kind in shape.fields)
        + "}\n"
        for _type, shape in shapes
    ]
    return _BASE.replace("ID_FIELDS", _BLOCK).strip() + "\n\n" + "\n".join(typed)


def schema_of(shapes: Shapes, resolvers: Mapping[str, Resolve]) -> GraphQLSchema:
    """The schema, to be executed; ``resolvers`` by the name of the field of `Query` or `Mutation`."""
    schema = build_schema(sdl(shapes), assume_valid_sdl=True)
    names = {type_: shape.name for type_, shape in shapes}
    block = schema.type_map["Block"]
    assert isinstance(block, GraphQLInterfaceType)  # noqa: S101 - it is ours
    block.resolve_type = lambda value, _info, _type: names.get(value["type"], PLAIN)
    for _type, shape in shapes:
        _type_fields(schema, shape)
    for root in (schema.query_type, schema.mutation_type):
        for name, field in (root.fields if root is not None else {}).items():
            field.resolve = resolvers[name]
    scalar = schema.type_map["JSON"]
    assert isinstance(scalar, GraphQLScalarType)  # noqa: S101 - it is ours
    scalar.parse_literal = _literal  # type: ignore[method-assign]
    return schema


def by_name(source: Any, info: GraphQLResolveInfo[Any], **_: object) -> object:  # noqa: ANN401  # a value of an answer
    """Resolves what has no resolver of its own: the member of that name in an answer of REST."""
    return source.get(SNAKE[info.field_name])


class _Snake(dict[str, str]):
    """The name of a field as REST writes it."""

    def __missing__(self, name: str) -> str:
        found = "".join(f"_{one.lower()}" if one.isupper() else one for one in name)
        if len(self) < 1_000:
            self[name] = found
        return found


SNAKE = _Snake()


def _type_fields(schema: GraphQLSchema, shape: Shape) -> None:
    made = schema.type_map[shape.name]
    assert isinstance(made, GraphQLObjectType)  # noqa: S101 - it is ours
    for name, raw, _kind in shape.fields:
        made.fields[name].resolve = _reader(raw)


def _reader(raw: str) -> Resolve:
    if raw in TEXTS:
        return lambda block, _info: text_of(block[ENTRY].get(raw))
    return lambda block, _info: block[ENTRY].get(raw)


def _literal(node: ValueNode, variables: dict[str, Any] | None = None) -> object:
    """A value written in a document, of the numbers that JSON has everywhere."""
    for kind, number in _numbers(node):
        if len(number) > _LONGEST_NUMBER or not math.isfinite(float(number)):
            raise GraphQLError("a number too large for a double", node)
        if kind == "int_value" and abs(int(number)) > _LARGEST:
            raise GraphQLError("an integer beyond 2**53, which systems read differently", node)
    return _told(value_from_ast_untyped(node, variables))


def _told(value: object) -> object:
    """A value without variables that were not sent: left out of an object, null in a list."""
    if isinstance(value, dict):
        return {name: _told(part) for name, part in value.items() if part is not Undefined}
    if isinstance(value, list):
        return [None if part is Undefined else _told(part) for part in value]
    return value


def _numbers(node: ValueNode) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    left = [node]
    while left:
        one = left.pop()
        if one.kind in {"int_value", "float_value"}:
            found.append((one.kind, one.value))  # type: ignore[attr-defined]
        elif one.kind == "list_value":
            left.extend(one.values)  # type: ignore[attr-defined]
        elif one.kind == "object_value":
            left.extend(field.value for field in one.fields)  # type: ignore[attr-defined]
    return found
