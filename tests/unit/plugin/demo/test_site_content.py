"""The sample site: its entries, pictures, words, rules and templates belong together."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

import rules
from adapters.cms.files import build
from adapters.cms.files.yaml12 import parse_mapping
from adapters.cms.port import Changes, Entry
from adapters.runtime import Runtime
from plugin.demo.site.make_assets import pictures, write
from plugin.resources import folder

SITE = folder("site")
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LOCALES = {"fr", "en"}
# What the site keeps in one language on purpose, to show how the other falls back to it.
ONE_LANGUAGE = {"banner-works": "fr", "sleeping-car-lexicon": "fr", "sleeper-to-penzance": "en"}
TAG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*(:[a-z0-9]+(-[a-z0-9]+)*)?")
LARGE, SMALL = 15_000, 2_048


@pytest.fixture(scope="module")
def changes() -> Changes:
    """Everything that the files adapter reads from the site."""
    return build({"path": str(SITE / "content"), "locales": ["fr", "en"]}, Runtime.system()).changes(None)


@pytest.fixture(scope="module")
def entries(changes: Changes) -> tuple[Entry, ...]:
    """The entries of the site."""
    return changes.entries


@pytest.fixture(scope="module")
def ruleset() -> rules.Ruleset:
    """The site's rules, compiled."""
    return rules.load_files([SITE / "rules"])


def as_content(entries: tuple[Entry, ...]) -> list[dict[str, object]]:
    """The entries as the rules take them."""
    return [
        {
            "id": entry.id,
            "type": entry.type,
            "tags": list(entry.tags),
            "locale": entry.locale,
            "published_at": entry.published_at.isoformat() if entry.published_at else None,
            **entry.fields,
        }
        for entry in entries
    ]


def words(name: str) -> dict[str, object]:
    """A file of the interface."""
    return dict(parse_mapping((SITE / "interface" / name).read_text("utf-8")).values)


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every scalar below a value, with its path."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, f"{path}[{index}]")
    else:
        yield path, value


def test_every_entry_is_read_without_a_remark(changes: Changes) -> None:
    """The adapter takes each file, and every link between entries leads somewhere."""
    files = list((SITE / "content").rglob("*.md"))
    assert changes.problems == ()
    assert len(changes.entries) == len(files) > 100


def test_an_id_and_a_locale_name_one_file(entries: tuple[Entry, ...]) -> None:
    """No two files are the same variant, and an id keeps its type in both languages."""
    assert [key for key, count in Counter(entry.key for entry in entries).items() if count > 1] == []
    types = defaultdict(set)
    for entry in entries:
        types[entry.id].add(entry.type)
    assert {name: kinds for name, kinds in types.items() if len(kinds) > 1} == {}


def test_entries_come_in_both_languages_but_for_the_few_that_show_fallback(
    entries: tuple[Entry, ...],
) -> None:
    """What is missing in a language is missing on purpose."""
    found = defaultdict(set)
    for entry in entries:
        found[entry.id].add(entry.locale)
    assert len(found) >= 60
    single = {name: next(iter(locales)) for name, locales in found.items() if locales != LOCALES}
    assert single == ONE_LANGUAGE


def test_variants_differ_in_words_only(entries: tuple[Entry, ...]) -> None:
    """Rules decide alike in both languages: what they may read is the same, all but addresses of links."""
    shared = ("topics", "region", "subdivision", "price", "reading_minutes", "image")
    by_id = defaultdict(list)
    for entry in entries:
        facts = {name: entry.fields.get(name) for name in shared}
        by_id[entry.id].append((entry.tags, entry.published_at, facts))
    assert [name for name, variants in by_id.items() if any(one != variants[0] for one in variants)] == []


def test_every_entry_says_what_its_block_shows(entries: tuple[Entry, ...]) -> None:
    """A title, a teaser, a picture in two sizes with its alternative text; a body where there is a page."""
    for entry in entries:
        for name in ("title", "teaser", "image", "image_small", "image_alt"):
            text = entry.fields.get(name)
            assert isinstance(text, str), f"{entry.key}: {name}"
            assert text.strip() == text != "", f"{entry.key}: {name}"
        if entry.type in ("article", "product"):
            assert len(str(entry.fields.get("body", ""))) > 80, entry.key
        if entry.type == "article" and entry.id != "line-of-2031":
            assert len(str(entry.fields["body"])) > 600, entry.key


def test_tags_are_well_formed_and_name_segments_and_topics_that_exist(
    entries: tuple[Entry, ...], ruleset: rules.Ruleset
) -> None:
    """An audience tag that named no segment would hide its entry from everyone."""
    segments = {segment.id for segment in ruleset.document.segments}
    for entry in entries:
        assert [tag for tag in entry.tags if not TAG.fullmatch(tag)] == [], entry.key
        audiences = {tag.removeprefix("audience:") for tag in entry.tags if tag.startswith("audience:")}
        assert audiences <= segments, entry.key
        topics = [tag.removeprefix("topic:") for tag in entry.tags if tag.startswith("topic:")]
        assert topics == entry.fields.get("topics", []), entry.key


def test_most_is_published_and_a_little_is_held_back_for_years(entries: tuple[Entry, ...]) -> None:
    """Everything has a date; two entries lie in the far future."""
    assert [entry.key for entry in entries if entry.published_at is None] == []
    later = {entry.id for entry in entries if entry.published_at and entry.published_at > NOW}
    assert later == {"line-of-2031", "spare-star"}


def test_links_inside_the_site_lead_to_pages_that_exist(entries: tuple[Entry, ...]) -> None:
    """Addresses of articles, products and topics are those of entries."""
    pages = {"/", "/shop"}
    pages |= {f"/articles/{entry.id}" for entry in entries if entry.type == "article"}
    pages |= {f"/shop/{entry.id}" for entry in entries if entry.type == "product"}
    pages |= {f"/topics/{entry.id.removeprefix('topic-')}" for entry in entries if entry.type == "topic"}
    for entry in entries:
        cta = entry.fields.get("cta") or {}
        assert isinstance(cta, dict)
        for href in filter(None, (entry.fields.get("href"), cta.get("href"))):
            assert href in pages, f"{entry.key}: {href}"


def test_every_picture_named_exists_and_none_lies_unused(entries: tuple[Entry, ...]) -> None:
    """Each entry has a large and a small picture, and they are pictures of the same name."""
    named = set()
    for entry in entries:
        large, small = str(entry.fields["image"]), str(entry.fields["image_small"])
        assert small == large.replace("/assets/", "/assets/small/"), entry.key
        named |= {large.removeprefix("/assets/"), small.removeprefix("/assets/")}
    there = {str(path.relative_to(SITE / "assets")) for path in (SITE / "assets").rglob("*.svg")}
    assert named == there


def test_pictures_are_light_and_well_formed() -> None:
    """The small ones are for slow networks; none runs a script or loads anything."""
    for path in (SITE / "assets").rglob("*.svg"):
        size = path.stat().st_size
        assert size <= (SMALL if path.parent.name == "small" else LARGE), f"{path.name}: {size} bytes"
        names = {element.tag.rpartition("}")[2] for element in ET.parse(path).iter()}
        assert not names & {"script", "image", "foreignObject", "use", "style"}, path.name


def test_pictures_come_out_of_the_script_byte_for_byte(tmp_path: Path) -> None:
    """What is committed is what the script draws, on every machine."""
    assert write(tmp_path) == len(dict(pictures()))
    drawn = {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*.svg")}
    kept = {str(path.relative_to(SITE / "assets")): path.read_bytes() for path in (SITE / "assets").rglob("*.svg")}
    assert drawn.keys() == kept.keys()
    assert [name for name, data in drawn.items() if kept[name] != data] == []


def test_the_interface_says_the_same_things_in_both_languages() -> None:
    """No word is missing in one of them, and none is empty."""
    french, english = dict(leaves(words("fr.yaml"))), dict(leaves(words("en.yaml")))
    assert french.keys() == english.keys()
    assert [path for path, text in (*french.items(), *english.items()) if not text] == []


def test_the_panel_speaks_both_languages_and_names_attributes_that_exist(ruleset: rules.Ruleset) -> None:
    """Every choice of the panel means something to the rules, and every preset chooses what there is."""
    panel = words("panel.yaml")
    paths = {path for path, _ in leaves(panel)}
    for path in paths:
        if path.endswith((".fr", ".en")):
            assert path[:-3] + ".fr" in paths, path
            assert path[:-3] + ".en" in paths, path
    catalogue = ruleset.document.catalogue
    segments = {segment.id for segment in ruleset.document.segments}
    choices: dict[str, set[str] | None] = {}
    for group in panel["groups"]:  # type: ignore[attr-defined]
        for field in group["fields"]:
            given = [choice["value"] for choice in field.get("choices", [])]
            choices[field["name"]] = set(given) if given else None
            named = [name for choice in field.get("choices", []) for name in choice.get("attributes", {})]
            named += [field[key] for key in ("attribute", "list") if key in field]
            assert [name for name in named if name not in catalogue] == [], field["name"]
            assert not field.get("segments") or set(given) <= segments, field["name"]
    for chosen in (panel["defaults"], *(preset["set"] for preset in panel["presets"])):  # type: ignore[attr-defined]
        for name, value in chosen.items():
            allowed = choices[name]
            wanted = set(value) if isinstance(value, list) else {value}
            assert allowed is None or wanted <= allowed, f"{name}: {value}"


def test_the_rules_check_and_their_own_tests_hold_on_the_content(
    ruleset: rules.Ruleset, entries: tuple[Entry, ...]
) -> None:
    """The document's tests, at least fifteen, run against the entries of the site."""
    results = rules.run_tests(ruleset, as_content(entries), now=NOW)
    assert len(results) >= 15
    assert {result.name: result.messages for result in results if not result.passed} == {}


def test_every_rule_and_slot_is_named_for_editors(ruleset: rules.Ruleset) -> None:
    """The storefront shows these names to whoever asks why."""
    document = ruleset.document
    items = (*document.segments, *document.slots, *document.rules, *document.experiments)
    assert [item.id for item in items if not item.name] == []


def test_defaults_of_slots_are_entries_that_are_out(ruleset: rules.Ruleset, entries: tuple[Entry, ...]) -> None:
    """A default that does not exist would leave the place empty when it is needed."""
    out = {entry.id for entry in entries if entry.published_at and entry.published_at <= NOW}
    named = {name for slot in ruleset.document.slots for name in slot.default_order}
    assert named <= out


def test_each_type_renders_in_the_sandbox_without_an_undefined_name(entries: tuple[Entry, ...]) -> None:
    """Blocks show their title, and with simple pictures asked for, the small picture alone."""
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folder("templates")), autoescape=True, undefined=StrictUndefined
    )
    for entry in entries:
        template = environment.get_template(f"blocks/{entry.type}.html")
        block = {
            "id": entry.id,
            "type": entry.type,
            "fields": dict(entry.fields),
            "tags": list(entry.tags),
            "position": 1,
            "reason": {"kind": "score", "rule": None, "experiment": None, "arm": None, "model": None},
        }
        for presentation, name in (({}, "image"), ({"images": "small"}, "image_small")):
            html = template.render(block=block, presentation=presentation)
            shown = set(re.findall(r'<img[^>]*src="([^"]+)"', html))
            assert shown in (set(), {entry.fields[name]}), entry.key
            assert f'data-block="{entry.id}"' in html, entry.key


def test_a_block_template_escapes_what_editors_type_and_bears_missing_fields() -> None:
    """Markup in a title is text, an unknown type has a template, and no field but the id is needed."""
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folder("templates")), autoescape=True, undefined=StrictUndefined
    )
    for path in (folder("templates") / "blocks").glob("*.html"):
        template = environment.get_template(f"blocks/{path.name}")
        bare = {"id": "x", "type": "x", "fields": {}, "tags": [], "position": 1, "reason": {}}
        assert "x" in template.render(block=bare, presentation={})
        evil: dict[str, object] = {"title": "<script>alert(1)</script>", "teaser": '"><img src=x>'}
        evil |= {"href": "JavaScript:alert(1)", "cta": {"label": "go", "href": " javascript:alert(1)"}}
        html = template.render(block={**bare, "fields": evil}, presentation={})
        assert "javascript:" not in html.lower(), path.name
        assert "<script>" not in html, path.name
        assert "<img src=x" not in html, path.name


def test_the_pages_of_the_storefront_compile() -> None:
    """Whatever is broken in a page shows before a visitor asks for it."""
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folder("templates")), autoescape=True, undefined=StrictUndefined
    )
    pages = sorted(path.name for path in (folder("templates") / "storefront").glob("*.html"))
    assert {"home.html", "article.html", "topic.html", "shop.html", "product.html", "error.html"} <= set(pages)
    for name in pages:
        assert environment.get_template(f"storefront/{name}").name == f"storefront/{name}"
