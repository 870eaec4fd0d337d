"""The fast reading of `/v1/personalize` and its schema are two ways to say one thing; and so are GET and POST."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from hypothesis import example, given, note
from hypothesis import strategies as st
from marshmallow import ValidationError

from plugin.app import create_app
from plugin.errors import MalformedRequest, TesseraError, ValidationFailed
from plugin.flow.types import SlotAsk
from plugin.setting_kinds import DeliveryKey, Secret
from plugin.settings import Settings
from plugin.store import migrate, open_store
from plugin.web.body import read_json
from plugin.web.hot import MOST_EVENTS, MOST_EXCLUDED, MOST_SLOTS, Asked, from_body
from plugin.web.problems import field_errors
from plugin.web.schemas import personalize as schemas
from plugin.web.schemas.personalize import PersonalizeRequest
from tests.strategies.profiles import searched
from tests.unit.plugin.service.site_support import entry, publish, put

TEXT = st.text(st.sampled_from('ab.é😀 "\\/\x7f\u2028'), max_size=4)
HOSTILE_TEXT = TEXT | st.sampled_from(["\0", "\ud800", "a\udfff", "\ud83d\ude00", "x" * 300, "\ufeff", "__proto__"])
NUMBER = (
    st.integers(-5, 5)
    | st.floats(allow_nan=False, width=16)
    | st.sampled_from(
        [2**53, 2**53 + 1, -(2**53), -(2**53) - 1, 2**63, 2**64, -(2**63) - 1, 10**21, 10**400, 1e308, -0.0, 5e-324]
    )
)
ODD = (
    st.none()
    | st.booleans()
    | NUMBER
    | HOSTILE_TEXT
    | st.just([])
    | st.just({})
    | st.just([None])
    | st.just(float("nan"))
)
ANY = st.recursive(
    ODD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE_TEXT, inner, max_size=3), max_leaves=6
)


def nearly(good: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly as it should be."""
    return st.integers(0, 15).flatmap(lambda number: ANY if number == 15 else good)


def an_object(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Any of the fields, and sometimes one that is not known."""
    optional = {name: nearly(values) for name, values in fields.items()}
    extra = st.integers(0, 19).flatmap(
        lambda number: (
            st.dictionaries(st.sampled_from(["x", "Slots", "id ", "", "\0"]), ANY, max_size=1)
            if number == 19
            else st.just({})
        )
    )
    return st.tuples(st.fixed_dictionaries({}, optional=optional), extra).map(lambda parts: parts[0] | parts[1])


SLOT = st.builds(
    lambda name, rest: {"id": name, **rest},
    nearly(TEXT),
    an_object(
        limit=st.none() | st.integers(-1, 1002) | st.sampled_from([5.0, 1e1, True, 10**30]),
        exclude=st.lists(nearly(TEXT), max_size=3)
        | st.sampled_from([["x"] * MOST_EXCLUDED, ["x"] * (MOST_EXCLUDED + 1)]),
    ),
)
SLOTS = st.lists(nearly(SLOT), max_size=3) | st.sampled_from(
    [[{"id": str(number)} for number in range(count)] for count in (MOST_SLOTS, MOST_SLOTS + 1)]
)
BODY = nearly(
    st.builds(
        lambda slots, rest: {"slots": slots, **rest},
        SLOTS,
        an_object(
            unique=st.booleans(),
            visitor=st.none() | an_object(id=st.none() | HOSTILE_TEXT),
            context=st.dictionaries(HOSTILE_TEXT, ANY, max_size=3),
            events=st.lists(st.dictionaries(TEXT, ANY, max_size=2), max_size=2) | st.just([{}] * (MOST_EVENTS + 1)),
            options=st.none()
            | an_object(explain=st.booleans(), render=st.sampled_from(["json", "html", "both", "xml", "JSON"])),
        ),
    )
)
RAW = st.builds(
    lambda body, ascii_, pretty: json.dumps(body, ensure_ascii=ascii_, indent=1 if pretty else None).encode(
        errors="surrogatepass"
    ),
    BODY,
    st.booleans(),
    st.booleans(),
)


def by_schema(raw: bytes) -> Asked | str:
    """What a body means by the strict reader and the schema; or the kind of refusal."""
    try:
        found = PersonalizeRequest().load(read_json(raw))
    except MalformedRequest:
        return "malformed"
    except (ValidationError, ValidationFailed):
        return "invalid"
    options, visitor = found.get("options") or {}, found.get("visitor") or {}
    return Asked(
        asks=tuple(SlotAsk(one["id"], one.get("limit"), tuple(one.get("exclude_", ()))) for one in found["slots"]),
        unique=found.get("unique", False),
        explain=options.get("explain", False),
        render=options.get("render", "json"),
        visitor={"id": visitor["id"]} if visitor.get("id") is not None else {},
        context=found.get("context", {}),
        events=tuple(found.get("events") or ()),
    )


def quickly(raw: bytes) -> Asked | str:
    """The same by the fast reading, which must never need the last resort of a refusal that explains nothing."""

    def explain(parsed: object) -> None:
        PersonalizeRequest().load(parsed)  # type: ignore[arg-type]
        pytest.fail(f"the schema takes what the fast reading refuses: {parsed}")

    try:
        return from_body(raw, explain)
    except MalformedRequest:
        return "malformed"
    except (ValidationError, ValidationFailed):
        return "invalid"


@searched(600)
@given(RAW)
@example(b"")
@example(b"{}")
@example(b"[]")
@example(b"null")
@example(b'{"slots":[{"id":"a"}],"slots":[{"id":"b"}]}')
@example(b'{"slots":[{"id":"a","id":"a"}]}')
@example(b'{"slots":[{"id":"a"}],"context":{"a":1,"a":1}}')
@example(b'{"slots":[{"id":"a"}],"context":{"b":{"a":1,"a":1}},"events":[{"x":[{"y":1,"y":1}]}]}')
@example(b'{"slots":[{"id":"a"}],"context":{"a":1,"\\u0061":1}}')
@example(b'{"sl\\u006fts":[{"id":"a"}]}')
@example(b'{"slots":[{"id":"a"}],"visitor":{"id":"a","id":null}}')
@example(b'{"slots":[{"id":"a"}],"options":{"render":"html","render":"json"}}')
@example(b'{"slots":[{"id":"a","limit":null,"limit":3}]}')
@example(b'{"slots":[{"id":"\\""}]}')
@example(b'{"slots":[{"id":"a"}],"context":{"a":NaN}}')
@example(b'{"slots":[{"id":"a"}],"context":{"a":1e400,"b":-Infinity}}')
@example(b'{"slots":[{"id":"a"}],"events":[{"a":9007199254740993}]}')
@example(b'{"slots":[{"id":"a"}],"context":{"a":' + b"[" * 63 + b"]" * 63 + b"}}")
@example(b'{"slots":[{"id":"a"}],"context":{"a":' + b"[" * 61 + b"]" * 61 + b"}}")
@example(b'{"slots":[{"id":"a"}],"context":' + b'{"a":' * 5000 + b"1" + b"}" * 5001)
@example(b'{"slots":[{"id":"\xff"}]}')
@example(b'{"slots":[{"id":"\xed\xa0\x80"}]}')
@example(b'\xef\xbb\xbf{"slots":[{"id":"a"}]}')
@example(b'{"slots":[{"id":"a"}]}{}')
@example(b'{"slots":[{"id":"a"}],}')
@example(b'{"slots":[{"id":"a"}],"context":{"a":01}}')
@example(b"{'slots':[]}")
def test_the_fast_reading_takes_what_the_schema_takes_and_reads_it_alike(raw: bytes) -> None:
    assert quickly(raw) == by_schema(raw)


@searched(300)
@given(RAW, st.data())
def test_they_agree_on_spoiled_bytes_too(raw: bytes, data: st.DataObject) -> None:
    """One octet changed, left out, or put in."""
    place = data.draw(st.integers(0, max(len(raw) - 1, 0)))
    put_in = data.draw(st.sampled_from([b"", b'"', b"{", b"}", b",", b":", b"0", b"\\", b"\0", b"\xff", b" ", b"\xc3"]))
    spoiled = raw[:place] + put_in + raw[place + data.draw(st.integers(0, 1)) :]
    note(spoiled)
    assert quickly(spoiled) == by_schema(spoiled)


@searched(150)
@given(st.dictionaries(HOSTILE_TEXT, ANY, max_size=3))
def test_the_place_of_a_value_that_no_json_may_hold_is_told_alike(context: dict[str, Any]) -> None:
    raw = json.dumps({"slots": [{"id": "a"}], "context": context, "events": [context]}).encode()

    def pointers(read: Any) -> set[str] | None:
        try:
            read(raw)
        except ValidationFailed as error:
            return {one.pointer for one in error.errors}
        except TesseraError:
            return None
        return set()

    assert pointers(lambda raw: from_body(raw, PersonalizeRequest().load)) == pointers(read_json)


def test_the_limits_are_the_schemas() -> None:
    mine = (MOST_SLOTS, MOST_EXCLUDED, MOST_EVENTS)
    assert mine == (schemas.MOST_SLOTS, schemas.MOST_EXCLUDED, schemas.MOST_EVENTS)


def test_a_refusal_names_each_field() -> None:
    with pytest.raises(ValidationFailed) as refused:
        from_body(
            b'{"slots":[{"id":"a","limit":1001},{"id":"a"}],"events":[' + b",".join([b"{}"] * 1001) + b"]}",
            PersonalizeRequest().load,
        )
    assert [one.pointer for one in refused.value.errors] == ["/slots/0/limit", "/slots/1/id", "/events"]
    with pytest.raises(ValidationError) as explained:
        from_body(b'{"slots":[{"id":7,"x":1}],"unique":1,"options":{"render":"xml"}}', PersonalizeRequest().load)
    named = {one.pointer for one in field_errors(explained.value).errors}
    assert named == {"/slots/0/id", "/slots/0/x", "/unique", "/options/render"}


WHEN: dict[str, dict[str, Any]] = {
    "by.path": {"request.path": {"starts_with": "/shop"}},
    "by.campaign": {"request.utm.campaign": "winter"},
    "by.hour": {"time.hour": {"between": [9, 17]}},
    "by.cart": {"custom.cart": {"gte": 80}},
    "by.flag": {"custom.flag": True},
    "by.words": {"custom.words": {"contains": "sea"}},
    "by.visitor": {"visitor.id": {"percent": {"lt": 50, "salt": "s"}}},
    "by.consent": {"profile.plan": {"exists": False}, "consent.analytics": True},
}
SITE = {
    "version": 1,
    "locales": ["fr", "en"],
    "attributes": {
        "custom.cart": {"type": "number"},
        "custom.flag": {"type": "boolean"},
        "custom.words": {"type": "string_list"},
        "profile.plan": {"type": "string"},
    },
    "slots": [{"id": name, "limit": 3} for name in ("plain", *WHEN)],
    "rules": [{"id": name, "slot": name, "when": when, "then": [{"pin": {"id": "d"}}]} for name, when in WHEN.items()],
    "experiments": [{"id": "e", "slot": "plain", "arms": [{"id": "n"}, {"id": "y", "then": [{"hide": {"id": "a"}}]}]}],
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application as it is wired, over a small site."""
    folder: Path = tmp_path_factory.mktemp("site")
    url = f"sqlite:///{folder / 'tessera.db'}"
    store = open_store(url)
    migrate.upgrade(store.engine)
    publish(store, SITE)
    put(store, *(entry(name, locale=locale) for name in "abcd" for locale in ("fr", "en")))
    store.close()
    made = create_app(
        Settings(
            public_url="https://tessera.example",
            data_dir=folder,
            database_url=Secret(url),
            secret_key=Secret("k" * 32),
            delivery_keys=(DeliveryKey("public", frozenset()),),
        )
    )
    yield made
    made.extensions["tessera"].sites.stop()


CONTEXT: dict[str, st.SearchStrategy[Any]] = {
    "url": st.sampled_from(
        ["https://x.example/shop?utm_campaign=winter", "/shop", "https://x.example/?utm_campaign=é", "?", ""]
    ),
    "locale": st.sampled_from(["fr", "en-GB", "de", "", "not a tag", "fr_CA"]),
    "timezone": st.sampled_from(["Asia/Tokyo", "America/New_York", "Nowhere/City", ""]),
    "referrer": st.sampled_from(["https://www.example.org/?q=x", "nonsense"]),
}
CUSTOM = st.fixed_dictionaries(
    {},
    optional={
        "cart": st.integers(70, 90) | st.floats(70, 90),
        "flag": st.booleans(),
        "words": st.lists(st.sampled_from(["sea", "sky"]), min_size=1, max_size=2),
    },
)


SLOTS_ASKED = st.lists(
    st.tuples(st.sampled_from(["plain", *WHEN, "nope"]), st.none() | st.integers(0, 4)),
    min_size=1,
    max_size=3,
    unique_by=lambda one: one[0],
)


def as_text(value: Any) -> list[str]:
    """As a query writes it."""
    if isinstance(value, list):
        return value
    return [json.dumps(value) if isinstance(value, bool | int | float) else value]


@searched(120)
@given(
    SLOTS_ASKED,
    st.lists(st.sampled_from("abx"), max_size=2),
    st.booleans(),
    st.none() | st.sampled_from(["v-1", "v-2", "v 3+é"]),
    st.fixed_dictionaries({}, optional=CONTEXT),
    CUSTOM,
    st.fixed_dictionaries({}, optional={"analytics": st.booleans()}),
    st.sampled_from([{}, {"Accept-Language": "en"}, {"Sec-GPC": "1"}, {"Cookie": "tessera_visitor=v-9"}]),
)
def test_get_and_post_decide_alike(
    app: Flask,
    slots: Any,
    excluded: Any,
    unique: bool,
    visitor: Any,
    context: Any,
    custom: Any,
    consent: Any,
    headers: Any,
) -> None:
    """The same words in the query or in the body mean the same, types and all."""
    body = {
        "slots": [
            {"id": name, "exclude": excluded, **({} if limit is None else {"limit": limit})} for name, limit in slots
        ],
        "unique": unique,
        "context": {**context, "custom": custom, "consent": consent},
        **({"visitor": {"id": visitor}} if visitor else {}),
    }
    pairs = [
        ("slots", ",".join(name if limit is None else f"{name}:{limit}" for name, limit in slots)),
        ("exclude", ",".join(excluded)),
        ("unique", str(unique).lower()),
        *context.items(),
        *((f"custom.{name}", text) for name, value in custom.items() for text in as_text(value)),
        *((f"consent.{name}", json.dumps(value)) for name, value in consent.items()),
        *([("visitor.id", visitor)] if visitor else []),
    ]
    client = app.test_client(use_cookies=False)
    posted = client.post("/v1/personalize", json=body, headers={"X-Tessera-Key": "public", **headers})
    got = client.get(f"/v1/personalize?{urlencode(pairs)}&key=public", headers=headers)
    note(f"{posted.json} {got.json} {got.headers}")
    assert posted.status_code == got.status_code
    assert posted.json is not None
    assert got.json is not None
    assert posted.json.get("slots") == got.json.get("slots")
    assert posted.json.get("errors") == got.json.get("errors")
    if got.status_code == 200 and "visitor" in got.json:
        assert posted.json["visitor"] == got.json["visitor"]
