"""Terms of WordPress as tags."""

from __future__ import annotations

import pytest

from adapters.cms.wordpress.terms import Tagging, Taxonomy, Term, embedded, parse, taxonomies


@pytest.mark.parametrize(
    ("taxonomy", "name", "slug", "tag"),
    [
        ("post_tag", "audience:vip", "audiencevip", "audience:vip"),
        ("post_tag", "Audience : VIP guests", "audience-vip-guests", "audience:VIP guests"),
        ("post_tag", "slot: home.hero", "slot-home-hero", "slot:home.hero"),
        ("post_tag", "slot-home-hero", "slot-home-hero", "slot:home-hero"),
        ("category", "topic:", "topic", "topic:topic"),
        ("segment", "VIP", "vip", "audience:vip"),
        ("audience", "VIP", "vip", "audience:vip"),
        ("category", "Running shoes", "running-shoes", "topic:running-shoes"),
        ("slot", "Home hero", "home-hero", "slot:home-hero"),
        ("post_tag", "Café", "cafe", "cafe"),
        ("genre", "Crime", "crime", "crime"),
        ("category", "Uncategorized", "uncategorized", None),
        ("post_tag", "slots", "slots", "slots"),
    ],
)
def test_a_term_makes_the_tag_that_its_name_its_slug_or_its_taxonomy_says(
    taxonomy: str, name: str, slug: str, tag: str | None
) -> None:
    assert Tagging().tag(Term(1, taxonomy, name, slug)) == tag


def test_prefixes_texts_and_what_is_ignored_are_configurable() -> None:
    tagging = Tagging(prefixes={"genre": "topic", "category": ""}, text="name", ignored=("none",))
    assert tagging.tag(Term(1, "genre", "True crime", "true-crime")) == "topic:True crime"
    assert tagging.tag(Term(1, "category", "News", "news")) == "News"
    assert tagging.tag(Term(1, "genre", "None", "none")) is None


def test_names_and_slugs_are_decoded() -> None:
    raw = {"id": 3, "taxonomy": "post_tag", "name": " Fish &amp; chips ", "slug": "%d1%80%d1%8b%d0%b1%d0%b0"}
    assert parse(raw) == Term(3, "post_tag", "Fish & chips", "рыба")


@pytest.mark.parametrize(
    "value",
    [None, [], "x", {}, {"code": "rest_forbidden"}, {"id": "3", "taxonomy": "a", "name": "b", "slug": "c"}, {"id": 3}],
)
def test_what_is_no_term_is_none(value: object) -> None:
    assert parse(value) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "href",
    [
        "https://x.example/wp-json/wp/v2/tags?post=11",
        "https://x.example/blog/wp-json/wp/v2/tags?post=11",
        "https://x.example/api/wp/v2/tags?post=11",
        "https://x.example/index.php?rest_route=%2Fwp%2Fv2%2Ftags&post=11",
        "https://x.example/?rest_route=/wp/v2/tags&post=11",
    ],
)
def test_the_route_of_a_taxonomy_is_found_under_any_permalinks(href: str) -> None:
    row = {"tags": [4, 2, "x"], "_links": {"wp:term": [{"taxonomy": "post_tag", "href": href}]}}
    (found,) = taxonomies(row, "posts/11")  # type: ignore[arg-type]
    assert found == Taxonomy("post_tag", "wp/v2/tags", (4, 2))
    assert found.attribute == "tags"


def test_embedded_errors_and_empty_places_are_no_terms() -> None:
    good = {"id": 4, "taxonomy": "post_tag", "name": "a", "slug": "a"}
    assert embedded({"_embedded": {"wp:term": [[], [good, {"code": "x"}], {"code": "rest_no_route"}]}}).keys() == {4}  # type: ignore[dict-item]
    assert embedded({"_embedded": []}) == {}
    assert embedded({}) == {}
