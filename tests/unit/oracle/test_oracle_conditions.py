"""The oracle's conditions against cases worked out by hand from the language page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.oracle import matches

NOW = datetime(2026, 11, 21, 21, 30, tzinfo=UTC)  # a Saturday; 22:30 in Paris
DOCUMENT = {
    "timezone": "Europe/Paris",
    "attributes": {
        "profile.spend": {"type": "number", "purpose": "personalization"},
        "profile.plan": {"type": "string"},
        "profile.interests": {"type": "string_list"},
        "profile.sizes": {"type": "number_list"},
        "profile.birthday": {"type": "date"},
        "profile.last_order": {"type": "datetime"},
    },
    "segments": [{"id": "vip", "when": {"profile.spend": {"gte": 500}}}],
}

TRUE: list[tuple[Any, dict[str, Any]]] = [
    ({}, {}),
    ({"all": []}, {}),
    ({"not": {"geo.country": "FR"}}, {}),
    ({"geo.country": "FR", "device.type": "mobile"}, {"geo.country": "FR", "device.type": "mobile"}),
    ({"geo.country": ["DE", "FR"]}, {"geo.country": "FR"}),
    ({"geo.country": {"ne": "FR"}}, {}),
    ({"geo.country": {"not_in": ["FR"]}}, {"geo.country": 7}),
    ({"geo.country": {"exists": False}}, {"geo.country": None}),
    ({"geo.country": {"exists": False}}, {"geo.country": 7}),
    ({"geo.country": {"ne": {"ref": "geo.region"}}}, {"geo.country": "FR"}),
    ({"visitor.visits": 1}, {"visitor.visits": 1.0}),
    ({"visitor.visits": {"gt": 1, "lte": 3}}, {"visitor.visits": 3}),
    ({"visitor.visits": {"between": [1, 3]}}, {"visitor.visits": 3}),
    ({"profile.interests": "ski"}, {"profile.interests": ["sea", "ski"]}),
    ({"profile.interests": ["art", "ski"]}, {"profile.interests": ["ski"]}),
    ({"profile.interests": {"contains_all": ["art", "ski"]}}, {"profile.interests": ["ski", "art", "sea"]}),
    ({"profile.interests": {"contains": "SKI", "any_case": True}}, {"profile.interests": ["ski"]}),
    ({"profile.sizes": 40}, {"profile.sizes": [39, 40.0]}),
    ({"geo.city": {"eq": "E\u0301vry", "any_case": True}}, {"geo.city": "\u00c9VRY"}),
    ({"geo.city": {"starts_with": "par", "any_case": True}}, {"geo.city": "PARIS"}),
    ({"geo.city": {"ends_with": "is"}}, {"geo.city": "Paris"}),
    ({"request.path": {"contains": "/shop"}}, {"request.path": "/fr/shop/1"}),
    ({"request.path": {"matches": "(?i)SHOP/[0-9]+"}}, {"request.path": "/fr/shop/1"}),
    ({"device.os_version": {"version_gte": "17"}}, {"device.os_version": "17.0.0"}),
    ({"device.os_version": {"version_eq": "v1.2"}}, {"device.os_version": "1.2.0.0"}),
    ({"device.os_version": {"version_gt": "1.2.3.4"}}, {"device.os_version": "1.2.3.10"}),
    ({"device.os_version": {"version_lt": "1.0.0"}}, {"device.os_version": "1.0.0-rc.1"}),
    ({"device.os_version": {"version_gt": "1.0.0-alpha.1"}}, {"device.os_version": "1.0.0-alpha.beta"}),
    ({"device.os_version": {"version_gt": "1.0.0-alpha"}}, {"device.os_version": "1.0.0-alpha.1"}),
    ({"device.os_version": {"version_gt": "1.0.0-beta.2"}}, {"device.os_version": "1.0.0-beta.11"}),
    ({"request.ip": {"in_network": ["10.0.0.0/8", "2001:db8::/32"]}}, {"request.ip": "2001:db8::7"}),
    (  # Paris to London, city centres: 343.557 km on the mean sphere
        {"geo.location": {"within_km": {"lat": 51.5074, "lon": -0.1278, "km": 343.557}}},
        {"geo.location": {"lat": 48.8566, "lon": 2.3522}},
    ),
    ({"profile.birthday": {"lt": "2000-01-02"}}, {"profile.birthday": "2000-01-01"}),
    ({"profile.birthday": {"eq": "1999-12-31T23:00:00Z"}}, {"profile.birthday": "2000-01-01"}),
    ({"profile.last_order": {"gte": "2026-11-20"}}, {"profile.last_order": "2026-11-19T23:00:00"}),
    (
        {"profile.last_order": {"before": "2026-11-20T01:00:00"}},
        {"profile.last_order": "2026-11-19T23:59:59"},
    ),
    ({"profile.last_order": {"after": {"ago": "7d"}}}, {"profile.last_order": "2026-11-14T21:30:01Z"}),
    ({"profile.last_order": "2026-11-14T21:30:00Z"}, {"profile.last_order": "2026-11-14T22:30:00+01:00"}),
    ({"time.hour": {"between": [22, 4]}}, {}),
    ({"time.hour": 16}, {"geo.timezone": "America/New_York"}),
    ({"time.hour": 6}, {"geo.timezone": "America/New_York", "context.timezone": "Asia/Tokyo"}),
    ({"time.weekday": {"between": ["sat", "mon"]}}, {"context.timezone": "Asia/Tokyo"}),
    ({"time.of_day": {"between": ["22:30", "04:00"]}}, {}),
    ({"time.date": "2026-11-22"}, {"context.timezone": "Asia/Tokyo"}),
    ({"time.now": {"lte": "2026-11-21T22:30:00"}}, {}),
    ({"time.hour": 3}, {"time.hour": 3}),
    ({"segment": "vip"}, {"profile.spend": 500}),
    ({"segment": ["nobody", "vip"]}, {"profile.spend": 500, "consent.personalization": True}),
    (
        {"profile.spend": {"exists": False, "ne": 500}},
        {"profile.spend": 500, "consent.personalization": False},
    ),
    ({"geo.country": {"ref": "geo.region"}}, {"geo.country": "FR", "geo.region": "FR"}),
    ({"profile.plan": {"ref": "profile.interests"}}, {"profile.plan": "ski", "profile.interests": ["ski"]}),
    ({"profile.interests": {"ref": "profile.plan"}}, {"profile.plan": "ski", "profile.interests": ["ski"]}),
    (
        {"visitor.visits": {"gt": {"ref": "session.page_views"}}},
        {"visitor.visits": 3, "session.page_views": 2},
    ),
]
FALSE: list[tuple[Any, dict[str, Any]]] = [
    ({"any": []}, {}),
    ({"geo.country": "FR"}, {}),
    ({"geo.country": "FR"}, {"geo.country": "fr"}),
    ({"geo.eu": True}, {"geo.eu": 1}),
    ({"visitor.visits": 1}, {"visitor.visits": True}),
    ({"visitor.visits": {"gt": 3}}, {"visitor.visits": "4"}),
    ({"geo.country": {"exists": True}}, {"geo.country": None}),
    ({"profile.interests": {"contains": "ski"}}, {"profile.interests": "ski"}),
    ({"profile.interests": {"contains_any": ["ski"]}}, {"profile.interests": []}),
    ({"device.os_version": {"version_gt": "1.0.0"}}, {"device.os_version": "1.0.0+build.7"}),
    ({"request.ip": {"in_network": ["10.0.0.0/8"]}}, {"request.ip": "10.0.0.256"}),
    (
        {"geo.location": {"within_km": {"lat": 51.5074, "lon": -0.1278, "km": 343.555}}},
        {"geo.location": {"lat": 48.8566, "lon": 2.3522}},
    ),
    ({"profile.last_order": {"after": {"ago": "7d"}}}, {"profile.last_order": "2026-11-14T21:30:00Z"}),
    ({"profile.last_order": {"gte": "2026-11-20"}}, {"profile.last_order": "2026-11-19T22:59:59"}),
    ({"time.hour": {"between": [23, 4]}}, {}),
    ({"segment": "vip"}, {"profile.spend": 500, "consent.personalization": False}),
    ({"segment": "vip"}, {"profile.spend": "500"}),
    ({"geo.country": {"eq": {"ref": "geo.region"}}}, {"geo.country": "FR"}),
    ({"geo.city": {"eq": "paris"}}, {"geo.city": "PARIS"}),
]


@pytest.mark.parametrize(("condition", "attributes"), TRUE)
def test_it_is_true(condition: Any, attributes: dict[str, Any]) -> None:
    """Each case is true by the page."""
    assert matches(condition, attributes, now=NOW, document=DOCUMENT)


@pytest.mark.parametrize(("condition", "attributes"), FALSE)
def test_it_is_false(condition: Any, attributes: dict[str, Any]) -> None:
    """Each case is false by the page."""
    assert not matches(condition, attributes, now=NOW, document=DOCUMENT)


def test_percent_reads_the_bucket_in_hundredths() -> None:
    """`bucket("s", "v1")` is a fixed number; the range closes below and opens above."""
    from tests.oracle.buckets import bucket

    share = bucket("s", "v1") / 100
    inside = {"visitor.id": {"percent": {"gte": share, "lt": share + 0.01, "salt": "s"}}}
    below = {"visitor.id": {"percent": {"lt": share, "salt": "s"}}}
    assert matches(inside, {"visitor.id": "v1"})
    assert not matches(below, {"visitor.id": "v1"})
    assert not matches(inside, {})


def test_without_a_document_the_segments_given_are_the_segments_held() -> None:
    """And without a clock nothing that derives from it is known."""
    assert matches({"segment": "vip", "time.hour": {"exists": False}}, {}, ["vip"])
