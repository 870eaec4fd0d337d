"""Keys: who may do what, from where."""

from __future__ import annotations

import pytest

from plugin.errors import Forbidden, Unauthorized
from plugin.web.auth import Caller, Keyring
from tests.unit.plugin.web.small_app import ADMIN, BOUND, PUBLIC, READER, SHOP, Small, SmallSettings

RING = Keyring(SmallSettings())


def ask(
    *, authorization: str | None = None, header: str | None = None, query: str | None = None, origin: str | None = None
) -> Caller:
    return RING.authenticate(authorization=authorization, header=header, query=query, origin=origin)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_bearer_key_is_known_by_its_name(scheme: str) -> None:
    caller = ask(authorization=f"{scheme} {ADMIN}")
    assert (caller.kind, caller.name) == ("management", "ada")
    assert caller.may("publish")


def test_a_key_may_come_in_a_header_of_its_own() -> None:
    assert ask(header=READER).scopes == {"read"}
    assert ask(header=PUBLIC) == Caller("delivery", PUBLIC)


def test_only_public_keys_are_taken_from_the_address() -> None:
    assert ask(query=PUBLIC).kind == "delivery"
    with pytest.raises(Unauthorized):
        ask(query=ADMIN)


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer no", f"Bearer {ADMIN}x", "Bearer \udcff", "Bearer é"],
)
def test_what_is_no_key_is_refused(authorization: str) -> None:
    with pytest.raises(Unauthorized):
        ask(authorization=authorization)


def test_the_first_credential_counts_and_no_other_is_tried() -> None:
    with pytest.raises(Unauthorized):
        ask(authorization="Bearer wrong", header=ADMIN)


@pytest.mark.parametrize("origin", [SHOP, SHOP.upper(), "https://tessera.example", None])
def test_a_bound_key_works_from_its_origins_and_our_own(origin: str | None) -> None:
    assert ask(query=BOUND, origin=origin).name == BOUND


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://shop.example", "https://shop.example:444"])
def test_a_bound_key_works_from_nowhere_else(origin: str) -> None:
    with pytest.raises(Forbidden):
        ask(query=BOUND, origin=origin)
    assert ask(query=PUBLIC, origin=origin).name == PUBLIC


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/rules"),
        ("PUT", "/v1/rules/r"),
        ("POST", "/v1/rulesets"),
        ("POST", "/v1/rulesets/check"),
        ("GET", "/v1/content"),
        ("GET", "/v1/models"),
        ("POST", "/v1/simulate"),
    ],
)
def test_management_needs_a_management_key(small: Small, method: str, path: str) -> None:
    without = small.client(None).open(path, method=method)
    assert without.status_code == 401
    assert without.headers["WWW-Authenticate"].startswith("Bearer")
    assert without.content_type == "application/problem+json"
    assert small.client("unknown-key").open(path, method=method).status_code == 401
    assert small.client(PUBLIC).open(path, method=method).status_code == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/v1/rules/r"),
        ("DELETE", "/v1/content/c"),
        ("POST", "/v1/rulesets"),
        ("POST", "/v1/rulesets/1/publish"),
        ("POST", "/v1/simulate"),
    ],
)
def test_a_key_does_no_more_than_its_scopes(small: Small, method: str, path: str) -> None:
    answer = small.client(READER).open(path, method=method)
    assert answer.status_code == 403
    assert "scope" in answer.json["detail"]  # type: ignore[index]


def test_rights_are_looked_at_before_the_body_is_read(small: Small) -> None:
    oversize = b"x" * 1_000_000
    assert small.client(None).put("/v1/rules/r", data=oversize).status_code == 401
    assert small.client(READER).put("/v1/rules/r", data=oversize).status_code == 403


def test_a_secret_shows_nowhere(small: Small) -> None:
    assert ADMIN not in repr(small.services)
    assert ADMIN not in repr(RING.__dict__)
    answer = small.client(f"{ADMIN}x").get("/v1/rules")
    assert ADMIN not in answer.get_data(as_text=True)
