"""The folder of files: layout, front matter, limits, links, and what a cursor saves."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.cms.files import FilesSource, build
from adapters.cms.port import BadResponse, Changes, Key, Link, NotFound, OptionsError, Unavailable
from adapters.runtime import Runtime

NOW = 1_800_000_000.0
Write = Callable[..., Path]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "content").mkdir()
    return tmp_path / "content"


@pytest.fixture
def write(root: Path) -> Write:
    stamps = iter(range(1_700_000_000, 1_800_000_000, 10))

    def make(path: str, text: str | bytes = "", *, stamp: float | None = None) -> Path:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        moment = next(stamps) if stamp is None else stamp
        os.utime(file, (moment, moment))
        return file

    return make


def source(root: Path, **options: Any) -> FilesSource:
    runtime = Runtime(now=lambda: NOW, monotonic=lambda: 0.0, sleep=lambda _: None, random=lambda: 0.0)
    return build({"path": str(root), **options}, runtime)


def problems(changes: Changes) -> list[tuple[str, str]]:
    return [(problem.where, problem.reason) for problem in changes.problems]


# Layout and front matter


def test_everything_that_an_entry_has_can_be_written_down(root: Path, write: Write) -> None:
    write(
        "hero/vip.fr.md",
        "---\nid: hero-vip\ntags: [topic:food, audience:vip, topic:food]\npublished_at: 2026-03-01T09:00:00+01:00\n"
        "title: Été\npriority: 3\nnested: {NO: [on, 1:30]}\n---\n\nBonjour *vous*\n",
    )
    [entry] = source(root).changes(None).entries
    assert (entry.id, entry.locale, entry.type) == ("hero-vip", "fr", "hero")
    assert entry.tags == ("topic:food", "audience:vip")
    assert entry.published_at == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert entry.fields == {
        "title": "Été", "priority": 3, "nested": {"NO": ["on", "1:30"]},
        "body": "Bonjour *vous*", "body_html": "<p>Bonjour <em>vous</em></p>\n",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "front", "key", "kind"),
    [
        ("hero/vip.md", "", Key("vip", None), "hero"),
        ("hero/vip.fr.md", "", Key("vip", "fr"), "hero"),
        ("hero/vip.fr-be.yaml", "", Key("vip", "fr-BE"), "hero"),
        ("hero/2026/spring/vip.en.yml", "", Key("vip", "en"), "hero"),
        ("hero/v1.2.md", "", Key("v1.2", None), "hero"),
        ("hero/vip.fr.yaml", "locale: de\nid: x\ntype: banner", Key("x", "de"), "banner"),
        ("top.yaml", "type: page", Key("top", None), "page"),
        ("hero/n.yaml", "id: 12", Key("12", None), "hero"),
    ],
)
def test_identity_comes_from_the_path_unless_it_is_given(
    root: Path, write: Write, path: str, front: str, key: Key, kind: str
) -> None:
    write(path, front if path.endswith(("yaml", "yml")) else f"---\n{front}\n---\n")
    [entry] = source(root).changes(None).entries
    assert (entry.key, entry.type) == (key, kind)


@pytest.mark.parametrize(
    "path", ["README.md", "hero/readme.md", "hero/_draft.md", ".git/x.md", "hero/.x.md", "hero/x.txt", "hero/x.svg"]
)
def test_other_files_are_left_out(root: Path, write: Write, path: str) -> None:
    write(path, "no front matter")
    changes = source(root).changes(None)
    assert (changes.entries, changes.problems) == ((), ())


@pytest.mark.parametrize(
    ("text", "body"),
    [("Just text\n", "Just text\n"), ("---\n---\nA\n", "A"), ("\ufeff---\ntitle: x\n---\nA", "A"),
     ("---\r\ntitle: x\r\n---\r\nA\r\n", "A"),
     ("--- not a fence\nA", "--- not a fence\nA"), ("---\ntitle: x\n...\nA\n---\nB", "A\n---\nB")],
)  # fmt: skip
def test_front_matter_is_found_where_it_is(root: Path, write: Write, text: str, body: str) -> None:
    write("a/x.md", text)
    [entry] = source(root).changes(None).entries
    assert entry.fields["body"] == body


@pytest.mark.parametrize(
    ("published", "instant"),
    [
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T10:00:00", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("2026-03-01 10:00:00-05:00", datetime(2026, 3, 1, 15, tzinfo=UTC)),
    ],
)
def test_dates_are_instants_in_utc(root: Path, write: Write, published: str, instant: datetime) -> None:
    write("a/x.yaml", f"published_at: {published}")
    assert source(root).changes(None).entries[0].published_at == instant


@pytest.mark.parametrize(
    ("path", "text", "where", "reason"),
    [
        ("a/x.md", "---\ntitle: x\ntitle: y\n---\n", "a/x.md:3", "duplicate key 'title', first on line 2"),
        ("a/x.md", "---\ntitle: x\n", "a/x.md:1", "front matter is opened with --- and never closed"),
        ("a/x.md", "---\na: 1\n\ntags: {x: 1}\n---\n", "a/x.md:4", "tags: want a list of texts"),
        ("a/x.yaml", "tags: [a, 3]", "a/x.yaml:1", "tags: want texts, not 3"),
        (
            "a/x.yaml",
            "a: 1\npublished_at: soon",
            "a/x.yaml:2",
            "published_at: want an ISO 8601 date or date-time, not 'soon'",
        ),
        ("a/x.yaml", "published_at: 2026", "a/x.yaml:1", "published_at: want an ISO 8601 date or date-time, not 2026"),
        ("a/x.yaml", "locale: french!", "a/x.yaml:1", "locale: 'french!' is not a language tag such as fr or fr-BE"),
        ("a/x.yaml", "draft: maybe", "a/x.yaml:1", "draft: want true or false"),
        ("a/x.yaml", "id: [1]", "a/x.yaml:1", "id: want a text"),
        ("a/x.yaml", "id: " + "x" * 201, "a/x.yaml:1", "id: longer than 200 characters"),
        ("a/x.md", "---\nbody: x\n---\nand y", "a/x.md:2", "body: a body in the front matter and Markdown below it"),
        ("x.yaml", "a: 1", "x.yaml:1", "no type: put the file into a folder of its type, or give one"),
        ("a/x.yaml", b"a: 1\nb: caf\xe9", "a/x.yaml:2", "not UTF-8 (byte 11)"),
        ("a/x.md", b"a\n\x00", "a/x.md:2", "a NUL character"),
        ("a/x.yaml", "a: " + "x" * 3000, "a/x.yaml", "larger than 2000 bytes"),
    ],
)
def test_a_broken_file_is_told_with_its_line_and_stops_nobody_else(
    root: Path, write: Write, path: str, text: str | bytes, where: str, reason: str
) -> None:
    write(path, text)
    write("a/good.yaml", "title: fine")
    changes = source(root, max_file_bytes=2000).changes(None)
    assert problems(changes) == [(where, reason)]
    assert [entry.id for entry in changes.entries] == ["good"]


def test_locales_can_be_a_closed_list(root: Path, write: Write) -> None:
    write("a/x.de.md", "x")
    write("a/x.FR.md", "x")
    changes = source(root, locales=["fr", "en-gb"]).changes(None)
    assert problems(changes) == [("a/x.de.md", "locale de is not among fr, en-GB")]
    assert [entry.key for entry in changes.entries] == [Key("x", "fr")]


# The folder


def test_links_out_of_the_folder_are_refused_and_links_within_are_taken(root: Path, write: Write) -> None:
    secret = root.parent / "secret.md"
    secret.write_text("password")
    (root.parent / "outside").mkdir()
    (root.parent / "outside" / "y.md").write_text("y")
    write("a/x.md", "x")
    (root / "a" / "inside.md").symlink_to(root / "a" / "x.md")
    (root / "a" / "out.md").symlink_to(secret)
    (root / "a" / "relative.md").symlink_to("../../secret.md")
    (root / "a" / "folder").symlink_to(root.parent / "outside")
    (root / "a" / "loop").symlink_to(root / "a")
    (root / "a" / "dangling.md").symlink_to(root / "nowhere.md")
    changes = source(root).changes(None)
    assert {entry.id for entry in changes.entries} == {"x", "inside"}
    assert sorted(where for where, _ in problems(changes)) == [
        "a/dangling.md",
        "a/folder",
        "a/loop",
        "a/out.md",
        "a/relative.md",
    ]
    assert "password" not in str(changes)


def test_a_root_that_is_itself_a_link_is_taken(root: Path, write: Write) -> None:
    write("a/x.md", "x")
    (root.parent / "current").symlink_to(root)
    assert len(source(root.parent / "current").changes(None).entries) == 1


def test_a_named_pipe_does_not_hang_the_sync(root: Path) -> None:
    (root / "a").mkdir()
    os.mkfifo(root / "a" / "x.md")
    assert source(root).changes(None).entries == ()


def test_too_many_files_are_an_error_of_the_whole(root: Path, write: Write) -> None:
    for n in range(4):
        write(f"a/{n}.md", "x")
    with pytest.raises(BadResponse, match="more than 3 files"):
        source(root, max_files=3).changes(None)
    assert len(source(root, max_files=4).changes(None).entries) == 4


def test_an_unreadable_folder_is_not_a_deletion(root: Path, write: Write) -> None:
    write("a/x.md", "x")
    first = source(root).changes(None)
    (root / "a").rename(root / "gone")
    (root / "a").write_text("")
    (root / "a").unlink()
    root.rename(root.parent / "moved")
    with pytest.raises(Unavailable):
        source(root).changes(first.cursor)


# What a cursor saves


def test_unchanged_files_are_not_read_again(root: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("a/x.md", "x")
    write("a/y.md", "y")
    first = source(root).changes(None)
    later = source(root)
    read: list[str] = []
    monkeypatch.setattr(later, "read", lambda path: read.append(path) or (root / path).read_bytes())
    write("a/y.md", "changed")
    assert [entry.id for entry in later.changes(first.cursor).entries] == ["y"]
    assert read == ["a/y.md"]


def test_a_touched_file_is_no_change(root: Path, write: Write) -> None:
    write("a/x.md", "x")
    first = source(root).changes(None)
    write("a/x.md", "x")
    second = source(root).changes(first.cursor)
    assert second.entries == ()
    assert second.cursor != first.cursor


def test_a_file_changed_twice_within_a_tick_of_the_clock_is_seen(root: Path, write: Write) -> None:
    """The second save has the same time and size; only reading shows it."""
    write("a/x.md", "one", stamp=NOW - 0.5)
    first = source(root).changes(None)
    write("a/x.md", "two", stamp=NOW - 0.5)
    assert [entry.fields["body"] for entry in source(root).changes(first.cursor).entries] == ["two"]


def test_a_renamed_file_keeps_its_entry(root: Path, write: Write) -> None:
    old = write("a/x.md", "---\nid: stable\n---\n")
    first = source(root).changes(None)
    old.rename(root / "a" / "y.md")
    second = source(root).changes(first.cursor)
    assert second.deleted == ()
    assert second.present == {Key("stable", None)}


def test_two_files_with_one_identity_are_told_and_the_first_owner_keeps_it(root: Path, write: Write) -> None:
    write("a/m.yaml", "id: same\nv: 1")
    first = source(root).changes(None)
    write("a/b.yaml", "id: same\nv: 2")
    second = source(root).changes(first.cursor)
    assert problems(second) == [("a/b.yaml", "the same id and locale as a/m.yaml: same")]
    assert second.entries == ()
    assert second.gone([Key("same", None)]) == frozenset()
    (root / "a" / "m.yaml").unlink()
    third = source(root).changes(second.cursor)
    assert [entry.fields["v"] for entry in third.entries] == [2]
    assert not third.problems


def test_a_broken_file_is_told_at_every_sync_until_it_is_mended(root: Path, write: Write) -> None:
    write("a/x.md", "---\nid: good\n---\none")
    first = source(root).changes(None)
    write("a/x.md", "---\nid: good\ntags: {}\n---\n")
    second = source(root).changes(first.cursor)
    third = source(root).changes(second.cursor)
    assert problems(second) == problems(third) == [("a/x.md:3", "tags: want a list of texts")]
    assert third.problems[0].key == Key("good", None)
    (root / "a" / "x.md").unlink()
    assert source(root).changes(third.cursor).deleted == (Key("good", None),)


def test_the_guessed_identity_of_a_broken_file_never_blocks_a_good_one(root: Path, write: Write) -> None:
    write("a/broken.yaml", "id: wanted\nx: [1,\n")
    first = source(root).changes(None)
    assert first.present == {Key("wanted", None)}
    write("a/good.yaml", "id: wanted")
    second = source(root).changes(first.cursor)
    assert [entry.id for entry in second.entries] == ["wanted"]
    assert [where for where, _ in problems(second)] == ["a/broken.yaml:3"]


def test_a_file_that_becomes_a_draft_is_gone_and_comes_back(root: Path, write: Write) -> None:
    write("a/x.yaml", "t: 1")
    first = source(root).changes(None)
    write("a/x.yaml", "t: 1\ndraft: true")
    second = source(root).changes(first.cursor)
    assert second.deleted == (Key("x", None),)
    assert source(root).changes(second.cursor).deleted == ()
    write("a/x.yaml", "t: 1\ndraft: false")
    assert len(source(root).changes(second.cursor).entries) == 1


def test_a_preview_shows_drafts_and_nothing_else_does(root: Path, write: Write) -> None:
    write("hero/idea.en.md", "---\ntitle: Idea\ndraft: true\nauthor: {$ref: ines}\n---\n")
    write("author/ines.yaml", "name: Ines\ndraft: true\n")
    write("hero/live.en.md", "---\ntitle: Live\n---\n")
    opened = source(root)
    assert opened.spec.previews
    draft = opened.draft("idea", "en")
    assert draft.fields["title"] == "Idea"
    assert draft.fields["author"] == {
        "id": "ines",
        "type": "author",
        "locale": None,
        "tags": [],
        "fields": {"name": "Ines"},
    }
    assert opened.draft("live", "en") == opened.fetch("live", "en")
    assert {entry.id for entry in opened.changes(None).entries} == {"live"}
    for missing in (("idea", "fr"), ("nothing", None)):
        with pytest.raises(NotFound):
            opened.draft(*missing)
    with pytest.raises(NotFound):
        opened.fetch("idea", "en")


@pytest.mark.parametrize("names", [("a-live", "b-next"), ("b-live", "a-next")])
def test_a_draft_beside_what_is_published_is_its_preview_and_no_double(
    root: Path, write: Write, names: tuple[str, str]
) -> None:
    live, following = names
    write(f"hero/{live}.md", "---\nid: hero\ntitle: Now\n---\n")
    write(f"hero/{following}.md", "---\nid: hero\ntitle: Next\ndraft: true\n---\n")
    opened = source(root)
    changes = opened.changes(None)
    assert [entry.fields["title"] for entry in changes.entries] == ["Now"]
    assert problems(changes) == []
    assert opened.changes(changes.cursor).entries == ()
    assert (opened.fetch("hero").fields["title"], opened.draft("hero").fields["title"]) == ("Now", "Next")


def test_options_that_shape_entries_make_the_cursor_void(root: Path, write: Write) -> None:
    write("a/x.md", "x")
    first = source(root).changes(None)
    assert not source(root).changes(first.cursor).full
    assert source(root, assets_base="/static/").changes(first.cursor).full


# Links and assets


def test_a_link_is_replaced_by_the_entry_in_the_same_language(root: Path, write: Write) -> None:
    write("a/from.fr-BE.yaml", "more: [{$ref: to}]")
    write("a/from.de.yaml", "more: [{$ref: to}]")
    write("b/to.fr.md", "---\ntags: [t]\n---\n*Salut*")
    write("b/to.md", "Hello")
    found = {entry.key: entry.fields["more"] for entry in source(root).changes(None).entries if entry.id == "from"}
    assert found[Key("from", "fr-BE")] == [
        {"id": "to", "type": "b", "locale": "fr", "tags": ["t"],
         "fields": {"body": "*Salut*", "body_html": "<p><em>Salut</em></p>\n"}}
    ]  # fmt: skip
    [other] = found[Key("from", "de")]  # type: ignore[misc,union-attr]
    assert other["locale"] is None  # type: ignore[index,call-overload]


def test_without_a_language_in_common_the_order_of_locales_decides(root: Path, write: Write) -> None:
    write("a/from.de.yaml", "more: {$ref: to}")
    write("a/to.en.yaml", "x: 1")
    write("a/to.fr.yaml", "x: 2")
    [entry] = [one for one in source(root, locales=["de", "fr", "en"]).changes(None).entries if one.id == "from"]
    assert entry.fields["more"]["locale"] == "fr"  # type: ignore[call-overload,index]
    [entry] = [one for one in source(root).changes(None).entries if one.id == "from"]
    assert entry.fields["more"] == {"$ref": "to"}


def test_cycles_and_depth_end_in_a_reference(root: Path, write: Write) -> None:
    write("a/x.yaml", "to: {$ref: y}")
    write("a/y.yaml", "to: {$ref: z}")
    write("a/z.yaml", "to: {$ref: w}")
    write("a/w.yaml", "to: {$ref: w}")

    def of(depth: int, entry_id: str) -> Any:
        return source(root, link_depth=depth).fetch(entry_id).fields["to"]

    assert of(0, "x") == {"$ref": "y"}
    assert of(1, "x")["fields"]["to"] == {"$ref": "z"}
    assert of(2, "x")["fields"]["to"]["fields"]["to"] == {"$ref": "w"}
    assert of(5, "w") == {"$ref": "w"}
    write("a/w.yaml", "to: {$ref: x}")
    assert of(5, "x")["fields"]["to"]["fields"]["to"]["fields"]["to"] == {"$ref": "x"}


def test_many_links_do_not_make_a_huge_entry(root: Path, write: Write) -> None:
    for level in range(4):
        targets = ", ".join(f"{{$ref: n{level + 1}-{n}}}" for n in range(10))
        for n in range(10):
            write(f"a/n{level}-{n}.yaml", f"to: [{targets}]" if level < 3 else "x: 1")
    entry = source(root, link_depth=5).fetch("n0-0")
    assert str(entry.fields).count("'fields'") == 200


def test_an_entry_is_made_again_when_what_it_embeds_changes_appears_or_goes(root: Path, write: Write) -> None:
    write("a/x.yaml", "to: {$ref: y}")
    write("a/y.yaml", "to: {$ref: z}")
    write("a/other.yaml", "v: 1")
    changes = source(root).changes(None)
    assert [problem.blocking for problem in changes.problems] == [False, False]
    write("a/z.yaml", "v: 1")
    changes = source(root).changes(changes.cursor)
    assert {entry.id for entry in changes.entries} == {"x", "y", "z"}
    write("a/z.yaml", "v: 2")
    changes = source(root).changes(changes.cursor)
    assert {entry.id for entry in changes.entries} == {"x", "y", "z"}
    (root / "a" / "z.yaml").unlink()
    changes = source(root).changes(changes.cursor)
    assert {entry.id for entry in changes.entries} == {"x", "y"}
    assert changes.deleted == (Key("z", None),)


def test_assets_become_urls_under_the_base(root: Path, write: Write) -> None:
    write(
        "a/sub/x.md",
        "---\ncover: {$asset: cover image.png}\nup: {$asset: ../up.png}\nroot: {$asset: /assets/r.svg}\n"
        "web: {$asset: 'https://cdn.example/c.png'}\nout: {$asset: ../../../etc/passwd}\n"
        "bad: {$asset: 'javascript:x()'}\n---\n"
        "![i](pic.png) ![](/assets/y.svg) ![](https://w.example/z.png) ![](../../../out.png)",
    )
    changes = source(root, assets_base="https://cdn.example/a").changes(None)
    [entry] = changes.entries
    assert entry.fields["cover"] == "https://cdn.example/a/a/sub/cover%20image.png"
    assert entry.fields["up"] == "https://cdn.example/a/a/up.png"
    assert entry.fields["root"] == "/assets/r.svg"
    assert entry.fields["web"] == "https://cdn.example/c.png"
    assert entry.fields["out"] is None
    assert entry.fields["bad"] is None
    html = str(entry.fields["body_html"])
    assert 'src="https://cdn.example/a/a/sub/pic.png"' in html
    assert 'src="/assets/y.svg"' in html
    assert "out.png" not in html
    assert Link("/cover", "asset", "https://cdn.example/a/a/sub/cover%20image.png") in entry.links
    assert [problem.blocking for problem in changes.problems] == [False] * 3


def test_html_fields_of_authors_are_sanitised_and_never_replace_the_rendered_body(root: Path, write: Write) -> None:
    bad = "<script>x</script>ok"
    front = f"body_html: {bad}\nnote_html: [{bad}]\ndeep: {{y_html: {bad}}}\nplain: {bad}"
    write("a/x.md", f"---\n{front}\n---\n*mine*")
    [entry] = source(root).changes(None).entries
    assert entry.fields["body_html"] == "<p><em>mine</em></p>\n"
    assert entry.fields["note_html"] == ["ok"]
    assert entry.fields["deep"] == {"y_html": "ok"}
    assert entry.fields["plain"] == bad


def test_a_text_too_long_to_render_is_kept_escaped_and_told(root: Path, write: Write) -> None:
    write("a/x.md", "<b>" + "![" * 60_000)
    changes = source(root).changes(None)
    assert str(changes.entries[0].fields["body_html"]).startswith("<pre>&lt;b&gt;![![")
    assert problems(changes) == [("a/x.md", "/body: over 100000 characters, so not rendered as Markdown")]


def test_other_fields_can_be_markdown_too(root: Path, write: Write) -> None:
    write("a/x.yaml", "summary: '*s*'\nbody: '*b*'\ntitle: '*t*'")
    [entry] = source(root, markdown_fields=["body", "summary"]).changes(None).entries
    assert {name for name in entry.fields if name.endswith("_html")} == {"summary_html", "body_html"}


def test_fetch_without_a_locale_prefers_none_and_then_the_order_of_locales(root: Path, write: Write) -> None:
    write("a/x.fr.yaml", "t: fr")
    write("a/x.en.yaml", "t: en")
    assert source(root, locales=["en", "fr"]).fetch("x").locale == "en"
    with pytest.raises(NotFound):
        source(root).fetch("x")
    write("a/x.yaml", "t: any")
    assert source(root, locales=["en", "fr"]).fetch("x").locale is None
    assert source(root).fetch("x", "fr", content_type="a").locale == "fr"
    with pytest.raises(NotFound):
        source(root).fetch("x", "fr", content_type="b")


def test_bad_options_are_all_named(tmp_path: Path) -> None:
    with pytest.raises(OptionsError) as caught:
        build({"locales": ["not a locale"], "link_depth": 99, "max_files": 0}, Runtime.system())
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "path",
        "locales",
        "link_depth",
        "max_files",
    ]


def test_a_glance_tells_whether_anything_changed(root: Path, write: Write) -> None:
    write("hero/a.md", "one")
    files = source(root)
    before = files.glance()
    assert before is not None
    assert files.glance() == before
    write("hero/a.md", "two")
    after = files.glance()
    assert after != before
    write("hero/b.md", "three")
    assert files.glance() != after
    write("hero/b.md", "four", stamp=NOW)
    assert files.glance() is None, "what changed just now may change again within the same tick"
