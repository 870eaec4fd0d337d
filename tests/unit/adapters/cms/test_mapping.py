"""How an entry becomes a candidate: pure, from the options to what rules see."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.cms.mapping import Ignored, Understood, Unmappable
from adapters.cms.mapping_options import read_mapping
from adapters.cms.port import Entry, OptionsError

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def entry(fields: dict[str, Any] | None = None, **more: Any) -> Entry:
    parts: dict[str, Any] = {"id": "a", "locale": "en", "type": "hero", "tags": (), "published_at": NOON}
    return Entry(**{**parts, "fields": fields or {}, **more})


def mapped(options: dict[str, Any], made: Entry, adapter: str = "files") -> Entry:
    found = read_mapping(options, adapter).apply(made)
    assert isinstance(found, Entry), found
    return found


def test_without_a_mapping_an_entry_without_telling_fields_stays_as_it_is() -> None:
    made = entry({"title": "A", "start_date": "2026-12-24", "date": "2026-12-24"}, tags=("vip", "audience:x"))
    assert mapped({}, made) == made


@pytest.mark.parametrize(
    ("fields", "tags"),
    [
        ({"slot": "home.hero"}, ("slot:home.hero",)),
        ({"slots": ["home.hero", "home.feed"]}, ("slot:home.hero", "slot:home.feed")),
        ({"audiences": "vip, gold ;\n trial"}, ("audience:vip", "audience:gold", "audience:trial")),
        ({"Segments": [{"id": 4, "slug": "vip", "name": "Very important"}]}, ("audience:vip",)),
        ({"audience": {"id": 9, "segments": ["Runners"]}}, ("audience:Runners",)),
        ({"audience": {"segments": []}}, ()),
        ({"topics": [{"id": "sea", "type": "topic", "fields": {"title": "The sea"}}]}, ("topic:The sea",)),
        ({"topics": [{"$ref": "topic-sea"}]}, ("topic:topic-sea",)),
        ({"segments": False, "slot": "", "topics": [], "audience": None}, ()),
        ({"audience": "audience:vip"}, ("audience:vip",)),
        ({"topics": [7]}, ("topic:7",)),
        ({"topics": [{"name": {"rendered": "Maps"}}]}, ("topic:Maps",)),
    ],
)
def test_fields_with_telling_names_give_tags_whatever_their_shape(
    fields: dict[str, Any], tags: tuple[str, ...]
) -> None:
    made = mapped({}, entry(fields))
    assert made.tags == tags
    assert made.fields == fields, "fields stay as they are"


def test_tags_come_first_as_the_editor_gave_them_and_none_twice() -> None:
    made = mapped({}, entry({"audience": ["vip", "new"]}, tags=("news", "Audience : vip", "slot: home")))
    assert made.tags == ("news", "audience:vip", "slot:home", "audience:new")


def test_defaults_can_be_turned_off_one_by_one_and_all_at_once() -> None:
    fields = {"slot": "home", "segments": ["vip"], "expires_at": "2026-12-24"}
    assert mapped({"audience": []}, entry(fields)).tags == ("slot:home",)
    made = mapped({"defaults": False}, entry(fields))
    assert (made.tags, made.expires_at) == ((), None)


def test_an_option_that_is_given_replaces_its_default_alone() -> None:
    made = mapped({"audience": "who.groups"}, entry({"segments": ["no"], "who": {"groups": ["vip"]}, "slot": "s"}))
    assert made.tags == ("slot:s", "audience:vip")


def test_tags_are_rewritten_by_separator_alias_case_and_name() -> None:
    options = {
        "separators": ["-", "/"],
        "aliases": {"Segment": "audience"},
        "case": "slug",
        "rename_tags": {"internal": "", "audience:everyone": "audience:all"},
        "prefixed": {"product": "sold.sku"},
    }
    tags = ("slot-home-hero", "audience/VIP", "segment:Über 60!", "anti-aging", "internal", "segment: everyone")
    made = mapped(options, entry({"sold": [{"sku": "A.1"}, {"sku": "B"}]}, tags=tags))
    assert made.tags == (
        "slot:home-hero",
        "audience:vip",
        "audience:über-60",
        "anti-aging",
        "audience:all",
        "product:a.1",
        "product:b",
    )


def test_what_an_adapter_makes_tags_of_by_itself_is_not_named_twice() -> None:
    term = {"segment": [{"slug": "very-important", "name": "Very important"}]}
    assert mapped({}, entry(term, tags=("audience:Very important",)), "wordpress").tags == ("audience:Very important",)
    made = entry({"audience": {"segments": [{"name": "V", "slug": "v"}]}, "topics": ["sea"]})
    assert mapped({}, made, "payload").tags == ("audience:v", "topic:sea")


def test_custom_fields_of_wordpress_are_found_where_it_keeps_them() -> None:
    made = mapped({}, entry({"acf": {"audience": "vip", "expires_at": "20261224"}, "meta": []}), "wordpress")
    assert made.tags == ("audience:vip",)
    assert made.expires_at == datetime(2026, 12, 24, tzinfo=UTC)


def test_an_adapter_may_declare_defaults_of_its_own() -> None:
    mapping = read_mapping(None, "elsewhere", {"audience": ("who",)})
    made = mapping.apply(entry({"who": "vip", "slot": "s"}))
    assert isinstance(made, Entry)
    assert made.tags == ("slot:s", "audience:vip")


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-12-24", datetime(2026, 12, 23, 23, tzinfo=UTC)),
        ("2026-12-24 18:30:00", datetime(2026, 12, 24, 17, 30, tzinfo=UTC)),
        ("2026-12-24T18:30:00+05:00", datetime(2026, 12, 24, 13, 30, tzinfo=UTC)),
        ("2026-12-24T18:30:00.250Z", datetime(2026, 12, 24, 18, 30, 0, 250_000, tzinfo=UTC)),
        (1_798_137_000, datetime(2026, 12, 24, 18, 30, tzinfo=UTC)),
        (1_798_137_000_000, datetime(2026, 12, 24, 18, 30, tzinfo=UTC)),
        (["2026-12-24T00:00:00Z"], datetime(2026, 12, 24, tzinfo=UTC)),
        ("0000-00-00 00:00:00", None),
        ("", None),
        (False, None),
        (None, None),
    ],
)
def test_dates_are_read_as_cmss_write_them(value: Any, moment: datetime | None) -> None:
    options = {"timezone": "Europe/Paris", "ends_at": ["until"]}
    assert mapped(options, entry({"until": value})).expires_at == moment


def test_the_later_start_and_the_earlier_end_hold() -> None:
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    made = mapped({}, entry({"publishFrom": "2027-01-01T00:00:00Z", "unpublish-at": "2027-01-01"}, expires_at=early))
    assert (made.published_at, made.expires_at) == (late, early)
    made = mapped({}, entry({"starts_at": "2026-01-01", "ends_at": "2027-01-01"}, expires_at=None))
    assert (made.published_at, made.expires_at) == (NOON, late)
    assert mapped({}, entry({"starts_at": "2027-01-01"}, published_at=None)).published_at == late


@pytest.mark.parametrize(
    ("options", "fields", "option"),
    [
        ({"ends_at": "until"}, {"until": "next week"}, "ends_at"),
        ({}, {"expires_at": "31.12.2026"}, "ends_at"),
        ({}, {"starts_at": {"day": 1}}, "starts_at"),
        ({}, {"ends_at": True}, "ends_at"),
        ({}, {"ends_at": "9999-12-31T23:59:59-12:00"}, "ends_at"),
        ({}, {"ends_at": 1e300}, "ends_at"),
        ({}, {"audience": [{"id": 4}]}, "audience"),
        ({}, {"slot": True}, "slot"),
        ({"locale": "lang"}, {"lang": "Klingon"}, "locale"),
    ],
)
def test_a_field_that_says_something_else_is_a_fault_that_names_field_and_option(
    options: dict[str, Any], fields: dict[str, Any], option: str
) -> None:
    with pytest.raises(Unmappable) as caught:
        read_mapping(options, "files").apply(entry(fields))
    problem = caught.value.problem()
    assert problem.blocking
    assert problem.key == ("a", "en")
    assert problem.where == "hero/a (en)"
    assert f"(mapping.{option})" in problem.reason
    assert "next week" not in problem.reason


def test_a_default_that_does_not_fit_says_how_to_turn_it_off() -> None:
    with pytest.raises(Unmappable, match=r"mapping\.ends_at = \[\] leaves the field alone"):
        read_mapping(None, "files").apply(entry({"expires_at": "soon"}))


def reason(options: dict[str, Any], made: Entry) -> str | None:
    found = read_mapping(options, "files").apply(made)
    return found.reason if isinstance(found, Ignored) else None


def test_types_and_conditions_choose_the_candidates() -> None:
    assert reason({"types": ["hero", "promo-*"]}, entry()) is None
    assert reason({"types": ["hero", "promo-*"]}, entry(type="promo-big")) is None
    assert reason({"types": ["hero"]}, entry(type="page")) == "its type 'page' is not among mapping.types"
    assert reason({"exclude_types": ["p*"]}, entry(type="page")) == "its type 'page' is in mapping.exclude_types"
    where = {"where": {"personalise": True, "section.slug": ["shop", "home"]}}
    assert reason(where, entry({"personalise": True, "section": {"slug": "home"}})) is None
    assert (
        reason(where, entry({"personalise": 1, "section": "x"})) == "mapping.where: its field personalise is not true"
    )
    missing = reason(where, entry({"personalise": True, "section": {"slug": "news"}}))
    assert missing == "mapping.where: its field section.slug is not shop or home"
    hidden = {"where_not": {"labels": "hidden"}}
    assert reason(hidden, entry({"labels": ["new", {"name": "hidden"}]})) is not None
    assert reason(hidden, entry({"labels": ["new"]})) is None
    assert reason({"where": {"tags": "on"}}, entry(tags=("on",))) is None
    assert reason({"where": {"missing": False}}, entry()) == "mapping.where: its field missing is not false"


def test_type_and_language_may_stand_in_fields_and_have_other_names() -> None:
    options = {
        "type": "kind",
        "type_names": {"big": "hero"},
        "locale": "lang",
        "locales": {"Français": "fr"},
        "default_locale": "en",
        "types": ["hero"],
    }
    made = mapped(options, entry({"kind": "big", "lang": "Français"}, type="post", locale=None))
    assert (made.type, made.locale) == ("hero", "fr")
    assert mapped(options, entry({"kind": "big", "lang": "pt_br"}, locale=None)).locale == "pt-BR"
    assert mapped(options, entry({"kind": "big"}, locale=None)).locale == "en"
    assert mapped(options, entry({"kind": "big"}, locale="de")).locale == "de"


@pytest.mark.parametrize("name", ["expires_at", "published_at", "expiresAt", "cms_expires_at"])
def test_a_date_in_a_field_that_the_adapter_renamed_is_found_by_its_name_in_the_cms(name: str) -> None:
    made = entry({"cms_expires_at": "2026-12-24", "cms_published_at": "2026-12-24"})
    assert mapped({"ends_at": name}, made).expires_at == datetime(2026, 12, 24, tzinfo=UTC)


def test_texts_in_fields_that_the_adapter_renamed_are_found_by_their_names_in_the_cms() -> None:
    fields = {"cms_type": "promo", "cms_locale": "fr", "cms_tags": [{"label": {"name": "vip"}}], "cms_id": "sea"}
    options = {"type": "type", "locale": "locale", "audience": "tags.label", "topic": "id", "slot": "identity"}
    made = mapped(options, entry(fields))
    assert (made.type, made.locale, made.tags) == ("promo", "fr", ("audience:vip", "topic:sea"))
    assert made.fields == fields


def test_a_field_of_that_very_name_goes_before_one_that_was_renamed() -> None:
    made = entry({"ExpiresAt": "2026-12-25", "cms_expires_at": "2026-12-24"})
    assert mapped({"ends_at": "expires_at"}, made).expires_at == datetime(2026, 12, 25, tzinfo=UTC)


def test_conditions_on_type_and_language_are_on_the_entrys_own() -> None:
    made = entry({"cms_type": "promo", "cms_expires_at": "never"})
    off = {"ends_at": []}
    assert mapped({**off, "where": {"type": "hero", "cms_type": "promo", "expires_at": "never"}}, made).id == "a"
    assert isinstance(read_mapping({**off, "where": {"type": "promo"}}, "files").apply(made), Ignored)


def test_what_was_understood_is_told_by_option_and_field() -> None:
    made = entry({"segments": ["vip"], "endsAt": "2026-12-24", "kind": "hero"})
    found = read_mapping({"type": "kind"}, "files").understand(made)
    assert isinstance(found, Understood)
    assert [(note.option, note.field, note.values) for note in found.notes] == [
        ("type", "kind", ("hero",)),
        ("ends_at", "ends_at", ("2026-12-24T00:00:00Z",)),
        ("audience", "segments", ("audience:vip",)),
    ]


def test_every_wrong_option_is_named() -> None:
    with pytest.raises(OptionsError) as caught:
        read_mapping(
            {
                "typs": ["a"],
                "where": {"x": [{}]},
                "locales": {"x": "nonsense!"},
                "case": "upper",
                "aliases": {"seg": "audiense"},
                "timezone": "Mars/Olympus",
                "slot": 3,
                "prefixed": {"audience": "x"},
                "defaults": "no",
            }
        )
    said = {problem.partition(":")[0] for problem in caught.value.problems}
    assert said == {
        "mapping.typs",
        "mapping.where",
        "mapping.locales",
        "mapping.case",
        "mapping.aliases",
        "mapping.timezone",
        "mapping.slot",
        "mapping.prefixed",
        "mapping.defaults",
    }
    assert any("did you mean types" in problem for problem in caught.value.problems)


def test_the_fingerprint_moves_with_every_option_and_with_nothing_else() -> None:
    marks = [
        read_mapping(options, adapter).fingerprint
        for options, adapter in [
            (None, "files"),
            ({"case": "lower"}, "files"),
            ({"timezone": "Europe/Paris"}, "files"),
            ({"ends_at": []}, "files"),
            (None, "wordpress"),
        ]
    ]
    assert len(set(marks)) == len(marks)
    assert read_mapping({}, "files").fingerprint == marks[0]
