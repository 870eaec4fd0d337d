"""Several files as one document: places, conflicts, member files, folders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

import rules


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Files by name."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def problems(folder: Path) -> list[tuple[str | None, int | None, int | None, str]]:
    """Of all files of a folder, by file name."""
    with pytest.raises(rules.RuleError) as caught:
        rules.load_files([folder])
    return [
        (Path(one.file).name if one.file else None, one.line, one.column, one.message) for one in caught.value.problems
    ]


def test_all_files_together_are_one_document(tmp_path: Path) -> None:
    """Lists and attributes are joined; folders are read whole, in the order of names; other files are not."""
    write(
        tmp_path,
        {
            "a.yaml": "timezone: Europe/Paris\nslots: [{id: s}]\nattributes: {custom.a: {type: string}}\n",
            "b/c.yml": "rules: [{id: r, slot: [s, t], when: {custom.a: x, custom.b: 1}, then: []}]\n",
            "d.json": '{"slots": [{"id": "t"}], "attributes": {"custom.b": {"type": "number"}}}',
            "d2.yaml": "timezone: Europe/Paris\n",
            "e.txt": "not: [read",
            "f.yaml": "",
        },
    )
    loaded = rules.load_files([tmp_path])
    assert loaded.slots == ("s", "t")
    assert [rule.id for rule in loaded.document.rules] == ["r"]
    assert str(loaded.document.zone) == "Europe/Paris"
    assert rules.load(loaded.canonical).digest == loaded.digest


def test_every_problem_has_the_place_in_its_own_file(tmp_path: Path) -> None:
    """Also where the second file's list continues the first's."""
    write(
        tmp_path,
        {
            "a.yaml": "slots: [{id: s}]\nrules:\n  - {id: one, slot: s, then: []}\n",
            "b.yaml": "rules:\n  - {id: two, slot: s, then: []}\n  - {id: three, slot: x, then: []}\n",
            "c.yaml": "rules:\n\n  - {id: one, slot: s, then: []}\n",
        },
    )
    assert problems(tmp_path) == [
        ("b.yaml", 3, 23, "there is no slot 'x'"),
        ("c.yaml", 3, 10, "there are two rules 'one'; ids are unique in their kind"),
    ]


def test_what_two_files_say_differently_is_a_conflict(tmp_path: Path) -> None:
    """Other settings stand in one file only; the same words twice are no conflict."""
    write(
        tmp_path,
        {
            "a.yaml": "timezone: Europe/Paris\nversion: 1\nattributes: {custom.a: {type: string}}\n",
            "b.yaml": "version: 1\ntimezone: UTC\nattributes:\n  custom.a: {type: number}\n",
        },
    )
    found = problems(tmp_path)
    assert [(name, line) for name, line, _column, _message in found] == [("b.yaml", 2), ("b.yaml", 4)]
    assert "says another thing in" in found[0][3]
    assert "'custom.a' is declared in two files" in found[1][3]


def test_a_file_that_does_not_parse_hides_no_problem_of_the_others(tmp_path: Path) -> None:
    """Every problem of all files, in one pass."""
    write(
        tmp_path,
        {
            "a.yaml": "rules: [\n",
            "b.yaml": "slots: [{id: s, limit: 0}]\n",
            "c.yaml": b"name: \xff\n",
            "d.yaml": "- a list\n",
            "e.yaml": "slots: {}\n",
        },
    )
    found = problems(tmp_path)
    assert [name for name, _line, _column, _message in found] == ["a.yaml", "b.yaml", "c.yaml", "d.yaml", "e.yaml"]
    assert "not YAML" in found[0][3]
    assert "not UTF-8" in found[2][3]


def test_members_are_read_beside_the_file_that_names_them(tmp_path: Path) -> None:
    """And written out in the canonical form, which depends on no file."""
    write(
        tmp_path,
        {
            "rules/a.yaml": "segments: [{id: beta, members: {file: lists/beta.csv}}]\nslots: [{id: s}]\n",
            "rules/lists/beta.csv": "visitor_id,since\nv-2,2026\nv-1,2025\n",
        },
    )
    loaded = rules.load_files([tmp_path / "rules"])
    assert loaded.document.segments[0].members == {"v-1", "v-2"}
    again = rules.load(loaded.canonical)
    assert again.facts({"visitor.id": "v-1"}, now="2026-01-01T00:00:00Z").held == {"beta"}


@pytest.mark.parametrize("text", ['v-1\n"v-2\nv-3\n', 'v-1\nv-2\n"v-3', "v-1\n" + "v" * 200_000])
def test_a_file_of_members_that_is_cut_is_told_with_its_line(tmp_path: Path, text: str) -> None:
    """What followed a quote was one id, and nobody with an id of those lines a member."""
    write(
        tmp_path,
        {"rules/a.yaml": "segments: [{id: a, members: {file: m.csv}}]\n", "rules/m.csv": text},
    )
    ((file, line, _column, message),) = problems(tmp_path / "rules")
    assert (file, line) == ("a.yaml", 1)
    assert message.startswith("cannot read 'm.csv': line ")


@pytest.mark.parametrize("name", ["../secret.csv", "/etc/passwd", "missing.csv", "link.csv", "folder"])
def test_members_are_read_from_nowhere_else(tmp_path: Path, name: str) -> None:
    """Not outside the folder, nor by a link that leads there."""
    write(
        tmp_path,
        {
            "secret.csv": "v\n",
            "rules/a.yaml": f"segments: [{{id: a, members: {{file: {name}}}}}]\n",
            "rules/folder/x": "",
        },
    )
    (tmp_path / "rules" / "link.csv").symlink_to(tmp_path / "secret.csv")
    ((file, line, _column, message),) = problems(tmp_path / "rules")
    assert (file, line) == ("a.yaml", 1)
    assert message.startswith(f"cannot read {name!r}: ")


def test_files_that_are_not_there(tmp_path: Path) -> None:
    """A path that leads nowhere, and a folder without rules."""
    with pytest.raises(rules.RuleError, match="there is no such file"):
        rules.load_files([tmp_path / "gone.yaml"])
    with pytest.raises(rules.RuleError, match=r"no file ending in \.yaml, \.yml, \.json there"):
        rules.load_files([tmp_path])


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    """As when a folder and a file in it are given."""
    write(tmp_path, {"a.yaml": "slots: [{id: s}]\n"})
    assert rules.load_files([tmp_path, tmp_path / "a.yaml"]).slots == ("s",)
