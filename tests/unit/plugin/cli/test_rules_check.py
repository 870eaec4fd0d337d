"""`tessera rules check`, `analyse` and `schema`: files in, problems with their places out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.plugin.cli.conftest import CONTENT, RULES, TESTS, Tessera


def test_good_rules_pass_with_one_line(run: Tessera, rules: Path, content: Path) -> None:
    result = run("rules", "check", str(rules), "--content", str(content))
    assert result.exit_code == 0
    assert result.stdout == "ok, 1 slot, 1 segment, 1 rule, 0 experiments, 1 of 1 test passed\n"
    assert result.stderr == ""


def test_each_problem_is_a_line_with_its_place_on_standard_error(run: Tessera, rules: Path) -> None:
    (rules / "30-more.yaml").write_text(
        "rules:\n"
        "  - {id: a, slot: home.hreo, then: []}\n"
        "  - {id: b, slot: home.hero, when: {geo.contry: FR}, then: []}\n"
    )
    result = run("rules", "check", str(rules))
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    assert f"{rules}/30-more.yaml:2:19: there is no slot 'home.hreo'; did you mean 'home.hero'?" in lines
    assert any(line.startswith(f"{rules}/30-more.yaml:3:") and "'geo.country'" in line for line in lines)
    assert result.stdout == "2 problems\n"


def test_a_failing_test_is_a_problem_at_the_place_of_the_test(run: Tessera, rules: Path, content: Path) -> None:
    """The place is in the second file, where the test stands, not where it would be in the whole document."""
    (rules / "15-tests.yaml").write_text(TESTS)
    (rules / "20-tests.yaml").write_text(f"# moved down\n{TESTS.replace('first: gold', 'first: silver')}")
    result = run("rules", "check", str(rules), "--content", str(content))
    assert result.exit_code == 1
    assert result.stderr == (
        f"{rules}/20-tests.yaml:3:5: the test 'the French see the vip hero' fails:"
        " expected first 'silver', got 'gold'\n"
    )
    assert "1 of 2 tests passed" in result.stdout


def test_warnings_are_shown_and_do_not_fail(run: Tessera, rules: Path, content: Path) -> None:
    content.write_text(f"{CONTENT}- {{id: lost, type: hero, tags: ['audience:nobody']}}\n")
    result = run("rules", "check", str(rules), "--content", str(content))
    assert result.exit_code == 0
    assert "warning: the tag audience:nobody of lost names no segment" in result.stderr
    assert "1 warning" in result.stdout


def test_slots_that_no_shared_cache_may_keep_are_named(run: Tessera, here: Path) -> None:
    path = here / "caps.yaml"
    path.write_text(
        "slots:\n  - {id: a, cap: {per_visitor: 1, within: 1d}}\n  - {id: b}\n"
        "  - {id: c, blend: {model: {name: m, per: visitor}}}\n  - {id: d}\n  - {id: e}\n"
        "rules:\n  - {id: r, slot: d, cap: {per_visitor: 1, within: 1h}, then: [{boost: {id: x}, by: 1}]}\n"
        "  - {id: t, slot: e, when: {request.path: /sale}, then: [{boost: {id: x}, by: 1}]}\n"
    )
    lines = run("rules", "check", str(path)).stdout.splitlines()
    said = " is private to each visitor, so no shared cache keeps it: "
    private = dict(line.split(said) for line in lines if said in line)
    assert list(private) == ["slot a", "slot c", "slot d", "slot e"]
    assert "has a cap" in private["slot a"]
    assert "the model 'm'" in private["slot c"]
    assert private["slot d"].startswith("the rule 'r': has a cap")
    assert private["slot e"].startswith("the rule 't': reads request.path")


def test_the_same_slots_are_private_where_the_cost_is_told(run: Tessera, rules: Path, content: Path) -> None:
    """An audience tag of the content can be what makes a slot the visitor's own."""
    (rules / "30-path.yaml").write_text("segments: [{id: sale, when: {request.path: /sale}}]\n")
    content.write_text(f"{CONTENT}- {{id: tagged, type: hero, tags: ['audience:sale']}}\n")
    arguments = ("rules", "check", str(rules), "--content", str(content), "--format", "json", "--cost")
    found = json.loads(run(*arguments).stdout)
    assert list(found["private_slots"]) == ["home.hero"]
    assert [one["slot"] for one in found["cost"] if one["sharing"] == "private"] == ["home.hero"]


def test_tests_without_content_say_that_they_had_none(run: Tessera, rules: Path) -> None:
    """Nothing is published in this folder, and nothing was given: the failure explains itself."""
    result = run("rules", "check", str(rules))
    assert result.exit_code == 1
    assert "ran with none" in result.stderr
    assert not (rules.parent / "var").exists()


def test_content_of_a_test_is_read_from_beside_the_rules_and_from_nowhere_else(run: Tessera, rules: Path) -> None:
    (rules / "few.yaml.txt").write_text(CONTENT)
    beside = TESTS.replace("slot: home.hero", "slot: home.hero\n    content: {file: few.yaml.txt}")
    (rules / "20-tests.yaml").write_text(beside)
    assert run("rules", "check", str(rules)).exit_code == 0
    (rules.parent / "secret.yaml").write_text(CONTENT)
    (rules / "20-tests.yaml").write_text(beside.replace("few.yaml.txt", "../secret.yaml"))
    result = run("rules", "check", str(rules))
    assert result.exit_code == 1
    assert "only files beside the rules" in result.stderr


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("- {id: a}\n- {title: b}\n- 7\n", ["2:3", "3:3"]),
        ("- {id: a, id: b}\n", ["1:11"]),
        ("pages: []\n", ["1:1"]),
        ("- {id: a, tags: 3}\n", ["1:1"]),
    ],
)
def test_content_that_is_none_is_a_problem_with_its_place_too(
    run: Tessera, rules: Path, content: Path, text: str, places: list[str]
) -> None:
    content.write_text(text)
    result = run("rules", "check", str(rules), "--content", str(content))
    assert result.exit_code == 1
    assert [line.partition(": ")[0] for line in result.stderr.splitlines()] == [f"{content}:{one}" for one in places]
    told = json.loads(run("rules", "check", str(rules), "--content", str(content), "--format", "json").stdout)
    assert (told["ok"], len(told["problems"])) == (False, len(places))


def test_json_says_the_same_for_scripts(run: Tessera, rules: Path, content: Path) -> None:
    arguments = ("rules", "check", str(rules), "--content", str(content), "--format", "json")
    good = json.loads(run(*arguments).stdout)
    assert good["ok"]
    assert good["problems"] == []
    assert good["tests"] == [{"name": "the French see the vip hero", "passed": True, "messages": []}]
    assert len(good["digest"]) == 64
    (rules / "10-rules.yaml").write_text(RULES.replace("content.tags: vip", "content.tags: [vip"))
    result = run(*arguments)
    assert result.exit_code == 1
    bad = json.loads(result.stdout)
    assert not bad["ok"]
    assert bad["problems"][0]["file"].endswith("10-rules.yaml")
    assert bad["problems"][0]["line"] >= 7


def test_paths_that_are_not_there_are_problems(run: Tessera) -> None:
    result = run("rules", "check", "nowhere.yaml")
    assert result.exit_code == 1
    assert result.stderr == "nowhere.yaml:1:1: there is no such file\n"


def test_analysis_names_the_rule_where_it_stands_and_fails(run: Tessera, here: Path) -> None:
    path = here / "rules.yaml"
    path.write_text(
        "slots: [{id: hero}]\nrules:\n"
        "  - {id: never, slot: hero, when: {all: [{geo.country: FR}, {geo.country: DE}]}, then: [{pin: {id: x}}]}\n"
    )
    result = run("rules", "analyse", str(path))
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{path}:3:5: unreachable: ")
    found = json.loads(run("rules", "analyse", str(path), "--format", "json").stdout)
    assert [(one["kind"], one["rules"]) for one in found] == [("unreachable", ["never"])]


def test_analysis_of_sound_rules_finds_nothing(run: Tessera, rules: Path) -> None:
    result = run("rules", "analyse", str(rules))
    assert (result.exit_code, result.stdout) == (0, "0 findings\n")


def test_the_schema_is_json_schema(run: Tessera) -> None:
    found = json.loads(run("rules", "schema").stdout)
    assert found["$schema"].startswith("https://json-schema.org/")
    assert "rules" in found["properties"]


def test_an_attribute_of_profiles_without_a_purpose_is_warned_of(run: Tessera, here: Path) -> None:
    document = "attributes:\n  profile.tier: {type: string}\n  profile.plan: {type: string, purpose: service}\n"
    (here / "site.yaml").write_text(document + "slots: [{id: hero}]\n")
    result = run("rules", "check", "site.yaml")
    assert result.exit_code == 0
    (line,) = [line for line in result.stderr.splitlines() if "purpose" in line]
    assert line.startswith("site.yaml:2:3: warning: 'profile.tier' declares no purpose")


def test_cost_is_shown_where_it_is_asked_for(run: Tessera, rules: Path, content: Path) -> None:
    result = run("rules", "check", str(rules), "--content", str(content), "--cost")
    assert result.exit_code == 0
    assert result.stdout.startswith("slot home.hero: 2 cached versions, ")
    assert "takes home.hero from 1 to 2 cached versions" in result.stdout
    told = json.loads(run("rules", "check", str(rules), "--cost", "--format", "json").stdout)["cost"]
    assert [(slot["slot"], slot["versions"], slot["how"]) for slot in told] == [("home.hero", 2, "exact")]


def test_json_has_a_short_form(run: Tessera, rules: Path) -> None:
    for command in (("rules", "check", str(rules)), ("config",), ("models", "list")):
        short, long = run(*command, "--json"), run(*command, "--format", "json")
        assert (short.exit_code, short.stdout) == (long.exit_code, long.stdout)
        assert json.loads(short.stdout) is not None
