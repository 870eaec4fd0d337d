"""Tags and concepts of Contentful to tags of Tessera."""

from __future__ import annotations

import pytest

from adapters.cms.contentful.model import Model
from adapters.cms.contentful.tags import TagRules

MODEL = Model(
    "en",
    {"en": None},
    tags={"audienceVip": "audience:vip", "plain": " Plain name "},
    concepts={"c1": "Winter sports", "c2": "audience:regulars", "c3": "Ratio 3:1"},
)


def item(*tags: str, concepts: tuple[str, ...] = ()) -> dict[str, object]:
    def linked(kind: str, ids: tuple[str, ...]) -> list[object]:
        return [{"sys": {"type": "Link", "linkType": kind, "id": one}} for one in ids]

    return {"metadata": {"tags": linked("Tag", tags), "concepts": linked("TaxonomyConcept", concepts)}}


def test_names_are_tags_in_the_editors_order_without_repeats() -> None:
    assert TagRules().of(item("plain", "audienceVip", "plain"), MODEL) == ("Plain name", "audience:vip")


def test_a_tag_without_a_known_name_is_read_from_its_id() -> None:
    assert TagRules().of(item("topicFood", "unknown"), MODEL) == ("topic:food", "unknown")


@pytest.mark.parametrize(
    ("one", "tag"),
    [
        ("audience-vip", "audience:vip"),
        ("audience_vip", "audience:vip"),
        ("audience.vip", "audience:vip"),
        ("audienceVip", "audience:vip"),
        ("audienceVipCustomers", "audience:vipCustomers"),
        ("slot-home.hero", "slot:home.hero"),
        ("topic2024", "topic:2024"),
        ("audiences", "audiences"),
        ("topical", "topical"),
        ("audience-", "audience-"),
        ("region-eu", "region-eu"),
    ],
)
def test_ids_hold_no_colon_so_a_prefix_is_told_by_what_follows(one: str, tag: str) -> None:
    assert TagRules(by="id").of(item(one), MODEL) == (tag,)


def test_further_prefixes_are_an_option() -> None:
    assert TagRules(by="id", prefixes=("region",)).of(item("region-eu", "audience-vip"), MODEL) == (
        "region:eu",
        "audience-vip",
    )


def test_concepts_come_behind_by_their_label_with_a_prefix_unless_they_bring_one() -> None:
    found = TagRules().of(item("plain", concepts=("c1", "c2", "c3", "c9")), MODEL)
    assert found == ("Plain name", "topic:Winter sports", "audience:regulars", "topic:Ratio 3:1", "topic:c9")


def test_concepts_by_id_without_prefix_or_not_at_all() -> None:
    some = item(concepts=("c1", "audience-vip"))
    assert TagRules(concepts="id").of(some, MODEL) == ("topic:c1", "audience:vip")
    assert TagRules(concept_prefix="").of(some, MODEL) == ("Winter sports", "audience:vip")
    assert TagRules(concepts="none").of(some, MODEL) == ()


@pytest.mark.parametrize("metadata", [None, [], {"tags": None}, {"tags": [None, {"sys": 3}, {"sys": {"id": 4}}]}])
def test_metadata_of_another_shape_gives_no_tags(metadata: object) -> None:
    assert TagRules().of({"metadata": metadata}, MODEL) == ()
