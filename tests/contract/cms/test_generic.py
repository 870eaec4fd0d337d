"""The generic adapter over an API that is none in particular: what goes out, what comes in, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters import registry
from adapters.cms.port import AuthError, BadResponse, Changes, Entry, Key, NotFound, OptionsError, Unavailable, digest
from tests.contract.clock import FakeTime
from tests.contract.cms.generic_server import KEY, LIST, PAGINGS, GenericServer, generic_file, path_of, thing
from tests.contract.cms.harness import Piece
from tests.contract.http_server import Reply, Request, serve


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def server() -> GenericServer:
    return GenericServer()


@pytest.fixture
def url(server: GenericServer) -> Iterator[str]:
    with serve(server.answer) as url:
        yield url


@pytest.fixture
def opened(url: str, time: FakeTime) -> Iterator[Any]:
    made: list[Any] = []

    def open_source(**options: object) -> Any:
        settings = {
            "url": f"{url}/api/v2",
            "path": "things",
            "headers": {"X-API-Key": KEY},
            "items": "$.data.things",
            "id": "$.uid",
            "locale": "$.lang",
            "type": "$.kind",
            "allow_private": True,
            **(PAGINGS["offset"] if "paging" not in options else {}),
            **options,
        }
        made.append(registry.cms("generic")({k: v for k, v in settings.items() if v is not None}, time.runtime()))
        return made[-1]

    yield open_source
    for source in made:
        source.close()


def file_source(tmp_path: Path, document: object, **options: object) -> Any:
    """A source over a file with a document, or with bytes."""
    file = tmp_path / "feed.json"
    file.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    return registry.cms("generic")({"file": str(file), "content_type": "article", **options}, FakeTime().runtime())


def one(tmp_path: Path, item: object, **options: object) -> Entry:
    """The only entry of a list of one item."""
    changes: Changes = file_source(tmp_path, [item], **options).changes(None)
    assert not changes.problems
    [entry] = changes.entries
    return entry


# What is asked


def test_every_way_of_paging_asks_for_each_page_once(opened: Any, server: GenericServer) -> None:
    server.things = [thing(f"t{n}") for n in range(5)]
    for name, options in PAGINGS.items():
        server.requests.clear()
        assert len(opened(**options, total="$.meta.total").changes(None).entries) == 5, name
        assert len(server.requests) == 3, name


def test_a_short_page_is_not_taken_for_the_last(opened: Any, server: GenericServer) -> None:
    server.things = [thing(f"t{n}") for n in range(5)]
    source = opened(**PAGINGS["page"], params={"limit": "100"})  # the server's own limit is 2
    assert len(source.changes(None).entries) == 5
    assert server.requests[-1].query == {"limit": "100", "page": "4"}


def test_each_language_can_have_a_list(time: FakeTime) -> None:
    stories = {"english": ["a", "b"], "french": ["a"]}

    def answer(request: Request) -> Reply:
        _, language, _stories, *rest = request.path.split("/")
        if rest:
            return Reply.of({"id": rest[0]}) if rest[0] in stories[language] else Reply.of({}, 404)
        return Reply.of([{"id": one} for one in stories[language]])

    with serve(answer) as url:
        names = {"en": "english", "fr": "french"}
        settings = {
            "url": url,
            "path": "{locale}/stories",
            "entry_path": "{locale}/stories/{id}",
            "allow_private": True,
        }
        source = registry.cms("generic")(
            {**settings, "locales": ["fr", "en"], "locale_names": names, "content_type": "story"}, time.runtime()
        )
        assert source.changes(None).present == {Key("a", "en"), Key("b", "en"), Key("a", "fr")}
        assert source.fetch("b").key == Key("b", "en")
        assert source.fetch("a").key == Key("a", "fr"), "the first language is preferred"
        for missing in (("b", "fr"), ("a", "de")):
            with pytest.raises(NotFound):
                source.fetch(*missing)
        source.close()


def test_an_id_stays_in_its_place_in_the_address(opened: Any, server: GenericServer) -> None:
    server.things = [thing("a/../b?c=d#e {locale}%2e")]
    source = opened(entry_path="things/{id}", entry="$.data")
    assert source.fetch("a/../b?c=d#e {locale}%2e").fields["title"]
    assert server.requests[-1].path == path_of("a/../b?c=d#e {locale}%2e")
    server.requests.clear()
    for bad in (".", ".."):
        with pytest.raises(NotFound):
            source.fetch(bad)
    assert server.requests == []


def test_an_answer_with_another_id_is_refused(opened: Any, server: GenericServer) -> None:
    server.things = [thing("a")]
    source = opened(entry_path="things/a", entry_params={"of": "{id}"}, entry="$.data")
    with pytest.raises(BadResponse, match="asked for b, and got a"):
        source.fetch("b", "en")


def test_headers_and_tokens_go_with_every_request_and_into_no_repr(opened: Any, server: GenericServer) -> None:
    opened(token="the-token").ping()
    assert server.requests[-1].headers["authorization"] == "Bearer the-token"
    assert server.requests[-1].headers["x-api-key"] == KEY
    source = opened(headers={"X-API-Key": "wrong-key-of-ours"})
    with pytest.raises(AuthError, match="who are you") as caught:
        source.ping()
    assert "wrong-key-of-ours" not in str(caught.value) + repr(vars(source))


def test_a_draft_is_shown_only_where_that_is_meant(opened: Any, server: GenericServer) -> None:
    server.things = [thing("idea", status="draft")]
    common = {"keep": "@.status == 'live'", "entry_path": "things/{id}", "entry": "$.data"}
    closed, shown = opened(**common), opened(**common, previews=True, draft_params={"status": "draft"})
    assert (closed.spec.previews, shown.spec.previews) == (False, True)
    for attempt in (closed.draft, closed.fetch, shown.fetch):
        with pytest.raises(NotFound):
            attempt("idea", "en")
    assert shown.draft("idea", "en").fields["title"] == "Idea"
    assert server.requests[-1].query == {"status": "draft"}
    listed = opened(keep="@.status == 'live'", previews=True)
    assert listed.draft("idea", "en").fields["title"] == "Idea"
    assert listed.changes(None).present == frozenset()


# What changed


def test_one_changed_entry_costs_one_request_where_changes_can_be_asked_for(opened: Any, server: GenericServer) -> None:
    server.things = [thing(f"t{n}") for n in range(6)]
    source = opened(since_param="changed_since", updated_at="$.updated", total="$.meta.total")
    first = source.changes(None)
    server.requests.clear()
    server.things[3] |= {"title": "New", "updated": "2026-11-22T00:00:00Z"}
    second = source.changes(first.cursor)
    assert [entry.fields["title"] for entry in second.entries] == ["New"]
    assert not second.full
    assert second.present is None
    asked = [request.query["changed_since"] for request in server.requests]
    assert asked == ["2026-10-31T23:59:00.000Z"] * 3, "less a minute: all six stand in it, two a page"
    server.requests.clear()
    assert source.changes(second.cursor).entries == ()
    assert len(server.requests) == 1


def test_a_date_in_the_future_hides_nothing_that_changes_until_then(
    opened: Any, server: GenericServer, time: FakeTime
) -> None:
    server.things = [thing("a", updated="2099-01-01T00:00:00Z"), thing("b")]
    source = opened(since_param="changed_since", updated_at="$.updated")
    first = source.changes(None)
    now = datetime.fromtimestamp(time.seconds, UTC)
    server.things[1] |= {"title": "New", "updated": now.isoformat().replace("+00:00", "Z")}
    assert [entry.fields["title"] for entry in source.changes(first.cursor).entries] == ["New"]


def test_what_was_deleted_without_a_word_is_found_when_everything_is_listed_again(
    opened: Any, server: GenericServer, time: FakeTime
) -> None:
    server.things = [thing("a"), thing("b")]
    source = opened(since_param="changed_since", updated_at="$.updated", full_every_s=600)
    cursor = source.changes(None).cursor
    del server.things[1]
    quick = source.changes(cursor)
    assert (quick.deleted, quick.present) == ((), None)
    time.seconds += 601
    late = source.changes(quick.cursor)
    assert (late.deleted, late.full) == ((Key("b", "en"),), False)


def test_what_embeds_a_changed_entry_is_made_anew_though_it_was_not_listed(opened: Any, server: GenericServer) -> None:
    old = {"updated": "2026-01-01T00:00:00Z"}
    server.things = [thing("from", related="to", **old), thing("to", **old), thing("other")]
    source = opened(
        since_param="changed_since",
        updated_at="$.updated",
        link_fields=["related"],
        entry_path="things/{id}",
        entry_params={"lang": "{locale}"},
        entry="$.data",
    )
    first = source.changes(None)
    server.find("to").update(title="Renamed", updated="2026-11-22T00:00:00Z")
    second = source.changes(first.cursor)
    assert sorted(entry.id for entry in second.entries) == ["from", "to"]
    assert "Renamed" in json.dumps({entry.id: entry.fields for entry in second.entries}["from"])


@pytest.mark.parametrize("counted", ["$.meta.total", None])
def test_an_entry_that_slips_between_two_pages_is_not_taken_for_gone(
    opened: Any, server: GenericServer, counted: str | None
) -> None:
    server.things = [thing(f"t{n}") for n in range(6)]
    source = opened(total=counted)
    first = source.changes(None)
    once = [True]

    def delete_one_behind(request: Request) -> None:
        if request.query.get("offset") == "2" and once:
            once.clear()
            del server.things[0]

    server.between = delete_one_behind
    second = source.changes(first.cursor)
    assert second.gone(first.present) == {Key("t0", "en")}, "t2 moved to the first page meanwhile"


def test_a_list_that_never_rests_is_an_error_and_no_deletion(opened: Any, server: GenericServer) -> None:
    server.things = [thing(f"t{n}") for n in range(6)]
    source = opened(total="$.meta.total")
    server.between = lambda _: server.things.append(thing(f"n{len(server.requests)}"))
    with pytest.raises(BadResponse, match="kept changing"):
        source.changes(None)


def test_an_item_that_nobody_can_name_holds_up_removals(tmp_path: Path) -> None:
    source = file_source(tmp_path, [{"id": "a"}, {"id": "b"}])
    first = source.changes(None)
    (tmp_path / "feed.json").write_text('[{"id": "a"}, {"name": "b"}]')
    second = source.changes(first.cursor)
    assert [(problem.key, problem.blocking) for problem in second.problems] == [(None, True)]
    assert "$[1]" in second.problems[0].where
    assert second.gone(first.present) == frozenset()
    (tmp_path / "feed.json").write_text('[{"id": "a"}]')
    assert source.changes(second.cursor).gone(first.present) == {Key("b", None)}


def test_other_options_make_a_cursor_void_and_another_token_does_not(opened: Any, server: GenericServer) -> None:
    server.things = [thing("a")]
    cursor = opened().changes(None).cursor
    assert opened(without=["rev"]).changes(cursor).full
    assert not opened(token="t", timeout_s=3).changes(cursor).full


# What an item becomes


def test_all_that_an_entry_has_can_be_mapped(tmp_path: Path) -> None:
    item = {
        "meta": {"uid": 7, "lang": "fr_BE", "kind": None, "rev": "12", "from": 1_780_000_000_000, "to": None},
        "labels": ["topic:a", " topic:b ", "topic:a", "", None],
        "people": [{"slug": "vip"}, {"slug": "new"}],
        "attributes": {
            "title": "T",
            "type": "of shoe",
            "price": 3,
            "secret": 1,
            "nested": [{"x_html": "<b onclick=x>y</b>"}],
        },
    }
    entry = one(
        tmp_path,
        item,
        id="$.meta.uid",
        locale="$.meta.lang",
        type="$.meta.kind",
        version="$.meta.rev",
        ordering="integer",
        published_at="$.meta.from",
        expires_at="$.meta.to",
        epoch="ms",
        tags=["$.labels[*]"],
        prefixed_tags={"audience": "$.people[*].slug"},
        fields_at="$.attributes",
        without=["secret"],
    )
    assert entry.key == Key("7", "fr-BE")
    assert (entry.type, entry.version, entry.expires_at) == ("article", 12, None)
    assert entry.published_at == datetime(2026, 5, 28, 20, 26, 40, tzinfo=UTC)
    assert entry.tags == ("topic:a", "topic:b", "audience:vip", "audience:new")
    assert entry.fields == {"title": "T", "cms_type": "of shoe", "price": 3, "nested": [{"x_html": "<b>y</b>"}]}


def test_named_fields_are_these_alone(tmp_path: Path) -> None:
    item = {"id": 1, "a": {"b": [1, 2]}, "c": 3}
    paths = {"first": "$.a.b[0]", "all": "$.a.b[*]", "missing": "$.x", "none": "$..y"}
    assert one(tmp_path, item, fields=paths).fields == {"first": 1, "all": [1, 2], "none": []}


def test_fields_by_language_make_an_entry_of_each_language(tmp_path: Path) -> None:
    item = {"id": 1, "title": {"en": "A", "fr": "B", "de": None}, "text": {"en": "T"}, "price": 3}
    source = file_source(tmp_path, [item], localized_fields=["title", "text"])
    found = {entry.locale: entry.fields for entry in source.changes(None).entries}
    assert found == {"en": {"title": "A", "text": "T", "price": 3}, "fr": {"title": "B", "price": 3}}
    assert source.fetch("1", "fr").fields["title"] == "B"
    only = file_source(tmp_path, [item], localized_fields=["title", "text"], locales=["fr"])
    assert only.changes(None).present == {Key("1", "fr")}


def test_markup_is_made_safe_and_its_images_absolute(tmp_path: Path) -> None:
    item = {
        "id": 1,
        "a": "<p onclick=x>A<img src='i.png'></p>",
        "b": "*B*",
        "c_html": "<script>x</script>C",
        "d": "<i>",
    }
    fields = one(
        tmp_path, item, html_fields=["a"], markdown_fields=["b"], assets_base="https://cdn.example.com/x/"
    ).fields
    assert fields["a"] == item["a"]
    assert fields["a_html"] == '<p>A<img src="https://cdn.example.com/x/i.png"></p>'
    assert (fields["b_html"], fields["c_html"], fields["d"]) == ("<p><em>B</em></p>\n", "C", "<i>")


def test_links_end_at_their_depth_and_around_cycles(tmp_path: Path) -> None:
    items = [{"id": "a", "to": ["b", 3]}, {"id": "b", "to": "a"}, {"id": 3, "to": "4"}, {"id": "4", "to": "5"}]
    source = file_source(tmp_path, items, link_fields=["to"], link_depth=1)
    changes = source.changes(None)
    entry = next(entry for entry in changes.entries if entry.id == "a")
    first, second = entry.fields["to"]
    assert first["fields"] == {"to": {"$ref": "a"}}
    assert second["fields"] == {"to": {"$ref": "4"}}
    assert [(link.path, link.target, link.resolved) for link in entry.links] == [
        ("/to/0", "b", True),
        ("/to/1", "3", True),
    ]
    assert [(problem.key, problem.blocking) for problem in changes.problems] == [(Key("4", None), False)]


def test_an_object_in_a_link_field_is_an_entry_that_the_source_embedded(tmp_path: Path) -> None:
    entry = one(tmp_path, {"id": 1, "author": {"id": 9, "bio_html": "<b onclick=x>y</b>"}}, link_fields=["author"])
    assert entry.fields["author"] == {"id": 9, "bio_html": "<b>y</b>"}
    assert [(link.target, link.resolved) for link in entry.links] == [("9", True)]


def test_timestamps_are_ordered_down_to_their_resolution(tmp_path: Path) -> None:
    options = {"version": "$.v", "ordering": "timestamp", "version_resolution_ms": 500}
    source = file_source(tmp_path, [{"id": 1, "v": "2026-01-01T00:00:01"}], **options)
    ordering, old = source.spec.ordering, source.fetch("1")
    assert ordering.older(old, datetime(2026, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC))
    assert not ordering.older(old, datetime(2026, 1, 1, 0, 0, 1, 499_000, tzinfo=UTC))


# What is refused

BROKEN: list[tuple[str, dict[str, Any]]] = [
    ('{"id": 1, "x": NaN}', {}),
    ('{"id": 1, "x": [1e999]}', {}),
    ('{"id": 1, "x": 9223372036854775808}', {}),
    ('{"id": 1, "x": "\\u0000"}', {}),
    ('{"id": 1, "x": "\\ud800"}', {}),
    ('{"id": 1, "\\u0000": 1}', {}),
    ('{"id": 1, "x": ' + "[" * 60 + "]" * 60 + "}", {}),
    ('{"id": 1, "x": ' + '{"a":' * 500 + "1" + "}" * 500 + "}", {}),
    ('{"id": 1, "t": [1]}', {"tags": "$.t"}),
    ('{"id": 1, "t": {"a": 1}}', {"tags": "$.t"}),
    ('{"id": 1, "t": true}', {"tags": ["$.t"]}),
    ('{"id": 1, "p": "yesterday"}', {"published_at": "$.p"}),
    ('{"id": 1, "p": 1e300}', {"published_at": "$.p"}),
    ('{"id": 1, "p": NaN}', {"published_at": "$.p"}),
    ('{"id": 1, "p": true}', {"expires_at": "$.p"}),
    ('{"id": 1, "p": "0001-01-01T00:00:00+14:00"}', {"published_at": "$.p"}),
    ('{"id": 1}', {"version": "$.v", "ordering": "integer"}),
    ('{"id": 1, "v": 1.5}', {"version": "$.v", "ordering": "integer"}),
    ('{"id": 1, "v": 1e400}', {"version": "$.v", "ordering": "integer"}),
    ('{"id": 1, "v": ""}', {"version": "$.v", "ordering": "timestamp"}),
    ('{"id": 1, "k": {}}', {"type": "$.k"}),
    ('{"id": 1, "f": 3}', {"fields_at": "$.f"}),
    ('{"id": 1, "l": [[true]]}', {"link_fields": ["l"]}),
    ('{"id": 1, "x": ' + "[" * 200 + "]" * 200 + "}", {"tags": "$..t"}),
    ('{"id": 1, "x": ' + "[" * 200 + "]" * 200 + "}", {"keep": "!@..t"}),
]


@pytest.mark.parametrize(("item", "options"), BROKEN, ids=[f"{item[:30]} {list(options)}" for item, options in BROKEN])
def test_an_item_that_cannot_be_an_entry_is_told_and_keeps_its_last_good_version(
    tmp_path: Path, item: str, options: dict[str, Any]
) -> None:
    good = '{"id": 2, "v": 1, "f": {}, "v": 1780000000}'
    source = file_source(tmp_path, f"[{item}, {good}]".encode(), **options)
    changes = source.changes(None)
    assert [entry.id for entry in changes.entries] == ["2"]
    assert [(problem.key, problem.blocking) for problem in changes.problems] == [(Key("1", None), True)]
    assert changes.problems[0].where == "feed.json: $[0]"
    assert changes.present == {Key("1", None), Key("2", None)}
    again = source.changes(changes.cursor)
    assert (again.entries, len(again.problems)) == ((), 1), "told at every sync until it is mended"


NAMELESS = [
    *("3", "null", '"text"', "[]", "{}", '{"id": null}', '{"id": true}', '{"id": 1.5}', '{"id": " "}'),
    *('{"id": "\\u0000"}', '{"id": [1]}', '{"id": 1e999}', f'{{"id": "{"x" * 300}"}}', '{"id": 1, "l": "not a tag"}'),
]


@pytest.mark.parametrize("item", NAMELESS, ids=[item[:20] for item in NAMELESS])
def test_an_item_without_an_identity_is_told_and_stops_nobody_else(tmp_path: Path, item: str) -> None:
    changes = file_source(tmp_path, f'[{item}, {{"id": 2}}]'.encode(), locale="$.l").changes(None)
    assert [entry.id for entry in changes.entries] == ["2"]
    assert [(problem.key, problem.blocking) for problem in changes.problems] == [(None, True)]
    assert changes.present is None


LISTLESS = [
    *(b"", b"{", b"<html>", b"\xff\xfe", b"null", b"3", b'"[1]"', b"{}", b'{"data": {}}', b'{"data": null}'),
    *(b"[" * 100_000, b'{"data": "[]"}', b"[" + b"9" * 5000 + b"]", b'{"data": [' + b"1," * 2000 + b"1]}"),
]


@pytest.mark.parametrize("document", LISTLESS, ids=[repr(document[:20]) for document in LISTLESS])
def test_a_document_without_the_list_is_another_schema_and_no_empty_list(tmp_path: Path, document: bytes) -> None:
    source = file_source(tmp_path, document, items="$.data", max_items=1000)
    with pytest.raises(BadResponse):
        source.changes(None)


def test_a_file_that_is_none_is_refused_or_waited_for(tmp_path: Path) -> None:
    source = file_source(tmp_path, [{"id": "x" * 200}] * 10, max_response_bytes=1000)
    with pytest.raises(BadResponse, match="larger than 1000 bytes"):
        source.ping()
    (tmp_path / "feed.json").unlink()
    with pytest.raises(Unavailable, match=r"feed\.json"):
        source.ping()
    (tmp_path / "feed.json").mkdir()
    with pytest.raises((BadResponse, Unavailable)):
        source.ping()


@pytest.mark.parametrize(
    ("paging", "answer"),
    [
        ("next", {"links": {"next": LIST}}),
        ("next", {"links": {"next": "https://elsewhere.example/api"}}),
        ("next", {"links": {"next": "//elsewhere.example/api"}}),
        ("next", {"links": {"next": "http://[bad"}}),
        ("next", {"links": {"next": {"href": "x"}}}),
        ("next", {"links": {"next": True}}),
        ("cursor", {"meta": {"after": 7}}),
        ("page", {}),
        ("offset", {}),
    ],
)
def test_pages_that_lead_in_a_circle_or_elsewhere_are_refused(
    time: FakeTime, paging: str, answer: dict[str, Any]
) -> None:
    with serve(lambda _: Reply.of({"things": [thing("a")], **answer})) as url:
        settings = {
            "url": url,
            "path": LIST,
            "items": "$.things",
            "id": "$.uid",
            "type": "$.kind",
            "allow_private": True,
        }
        source = registry.cms("generic")({**settings, **PAGINGS[paging]}, time.runtime())
        with pytest.raises(BadResponse):
            source.changes(None)
        source.close()


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(200, b"<html>", {"Content-Type": "text/html"}), BadResponse),
        (Reply(200, b"{", {"Content-Type": "application/json"}), BadResponse),
        (Reply(200, b'{"data"', {"Content-Type": "application/json"}, announced=99), BadResponse),
        (Reply.of({}, 404), BadResponse),
        (Reply.of({"error": {"message": "no"}}, 400), BadResponse),
        (Reply.of({}, 403), AuthError),
        (Reply(302, b"", {"Location": "https://elsewhere.example/"}), BadResponse),
    ],
)
def test_answers_that_are_none_change_nothing(opened: Any, server: GenericServer, reply: Reply, error: type) -> None:
    server.faults = [reply]
    with pytest.raises(error):
        opened().changes(None)


def test_paths_that_do_not_compile_are_told_with_the_character(time: FakeTime) -> None:
    options = {
        "file": "feed.json",
        "content_type": "x",
        "items": "$.data[",
        "id": "uid",
        "tags": ["$.a", "$.b[?"],
        "prefixed_tags": {"audience": "$..["},
        "keep": "@.a == ]",
        "fields": {"title": "$.t | $.u", "id": "$.x"},
        "fields_at": "$.a[0]",
        "version": "$" + "[0]" * 300,
        "expires_at": "$.a[?@ == 1e999]",
        "updated_at": "$.u",
    }
    with pytest.raises(OptionsError) as caught:
        registry.cms("generic")(options, time.runtime())
    told = dict(problem.split(": ", 1) for problem in caught.value.problems)
    assert set(told) == {
        *("items", "id", "tags[1]", "prefixed_tags.audience", "keep", "fields.title", "fields.id", "fields_at"),
        *("version", "expires_at", "since_param"),
    }
    assert "at character 1" in told["id"]
    assert "at character 5" in told["fields.title"]
    assert "at character 8" in told["keep"]


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({}, "url"),
        ({"url": "https://a.example", "path": "x"}, "content_type"),
        ({"url": "https://a.example", "path": "https://b.example/x"}, "path"),
        ({"url": "https://a.example", "path": "../x"}, "path"),
        ({"url": "https://a.example", "path": "x?y=1"}, "path"),
        ({"url": "https://a.example", "path": "{language}/x"}, "path"),
        ({"url": "https://a.example", "path": "{locale}/x"}, "locales"),
        ({"url": "https://a.example", "path": "x", "entry_path": "x/"}, "entry_path"),
        ({"url": "https://a.example", "path": "x", "params": {"q": "{id}"}}, "params.q"),
        ({"url": "https://a.example", "path": "x", "paging": "next"}, "next"),
        ({"url": "https://a.example", "path": "x", "next": "$.n"}, "next"),
        ({"url": "https://a.example", "path": "x", "headers": {"Host": "b.example"}}, "headers"),
        ({"url": "https://a.example", "path": "x", "headers": {"X-Key": "a\r\nb"}}, "headers"),
        ({"url": "https://a.example", "path": "x", "token": "t", "headers": {"authorization": "Basic x"}}, "token"),
        ({"url": "https://a.example", "path": "x", "version": "$.v"}, "ordering"),
        ({"url": "https://a.example", "path": "x", "ordering": "integer"}, "ordering"),
        ({"url": "https://a.example", "path": "x", "keep": "@.a, ?@.b"}, "keep"),
        ({"url": "https://a.example", "path": "x", "keep": "@.a][?@.b"}, "keep"),
        ({"url": "https://a.example", "path": "x", "since_param": "s"}, "since_param"),
        ({"file": "f.json", "since_param": "s", "updated_at": "$.u"}, "since_param"),
        ({"file": "f.json", "url": "https://a.example"}, "url"),
    ],
)
def test_options_that_contradict_are_told(time: FakeTime, options: dict[str, Any], place: str) -> None:
    with pytest.raises(OptionsError) as caught:
        registry.cms("generic")(options, time.runtime())
    assert place in [problem.partition(":")[0] for problem in caught.value.problems]


def test_a_pattern_that_would_take_for_ever_takes_no_time(tmp_path: Path) -> None:
    item = {"id": 1, "t": "a" * 50_000 + "b"}
    assert file_source(tmp_path, [item], keep="match(@.t, '(a|aa)+$')").changes(None).present == frozenset()
    assert file_source(tmp_path, [item], keep="search(@.t, 'ab$')").changes(None).present == {Key("1", None)}


def test_a_text_that_looks_like_a_document_is_a_text(tmp_path: Path) -> None:
    assert one(tmp_path, {"id": 1, "x": '{"id": 2}'}, tags="$.x.id").tags == ()


def test_entries_do_not_depend_on_the_order_of_members(tmp_path: Path) -> None:
    source = file_source(tmp_path, [{"id": 1, "a": 1, "b": {"c": 1, "d": 2}}])
    first = source.changes(None)
    (tmp_path / "feed.json").write_text('[{"b": {"d": 2, "c": 1}, "a": 1, "id": 1}]')
    assert source.changes(first.cursor).entries == ()
    assert digest(source.changes(None).entries[0]) == digest(first.entries[0])


def test_over_a_file_an_edit_that_makes_a_draft_is_a_removal(tmp_path: Path) -> None:
    with generic_file(tmp_path) as harness:
        harness.put(Piece("a", "A"))
        first = harness.source.changes(None)
        harness.draft(Piece("a", "A"))
        assert harness.source.changes(first.cursor).gone(first.present or ()) == {Key("a", "en")}
