"""The visitor's address."""

from __future__ import annotations

import pytest

from plugin.flow.context import ContextPolicy, RawRequest
from plugin.flow.signals.address import parse_address
from tests.unit.plugin.flow.signals.support import BEHIND_PROXY, PROXY, attributes, context, reasons


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("203.0.113.9", "203.0.113.9"),
        (" 203.0.113.9 ", "203.0.113.9"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:DB8::1]:443", "2001:db8::1"),
        ("2001:0db8:0:0::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("[::ffff:203.0.113.9]:80", "203.0.113.9"),
        ("0.0.0.0", "0.0.0.0"),
        ("255.255.255.255", "255.255.255.255"),
    ],
)
def test_an_address_has_one_normal_form(text: str, normal: str) -> None:
    found = parse_address(text)
    assert found is not None
    assert found.text == normal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "unknown",
        "_hidden",
        "1.2.3",
        "1.2.3.4.5",
        "256.1.1.1",
        "1.2.3.-4",
        "01.2.3.4",  # octal to some readers, decimal to others
        "1..2.3",
        "١.2.3.4",
        "1.2.3.4/8",
        "1.2.3.4 5",
        ":::1",
        "x" * 10_000,
        "1." * 5_000,
        "\x00",
        "\ud800",
    ],
)
def test_what_is_no_address_is_none(text: str) -> None:
    assert parse_address(text) is None


HOPS = [
    # peer, headers, address
    ("203.0.113.9", {}, "203.0.113.9"),
    ("203.0.113.9", {"X-Forwarded-For": "198.51.100.1"}, "203.0.113.9"),
    (PROXY, {}, PROXY),
    (PROXY, {"X-Forwarded-For": "198.51.100.1"}, "198.51.100.1"),
    (PROXY, {"X-Forwarded-For": "6.6.6.6, 198.51.100.1"}, "198.51.100.1"),
    (PROXY, {"X-Forwarded-For": "6.6.6.6, 198.51.100.1, 10.1.1.1, 10.2.2.2"}, "198.51.100.1"),
    (PROXY, {"X-Forwarded-For": "10.3.3.3, 10.2.2.2"}, "10.3.3.3"),
    (PROXY, {"X-Forwarded-For": "198.51.100.1:9999"}, "198.51.100.1"),
    (PROXY, {"X-Forwarded-For": "garbage"}, PROXY),
    (PROXY, {"X-Forwarded-For": "6.6.6.6, garbage, 10.2.2.2"}, "10.2.2.2"),
    (PROXY, {"X-Forwarded-For": "garbage, 198.51.100.1"}, "198.51.100.1"),
    ("::ffff:10.0.0.7", {"X-Forwarded-For": "2001:db8::5"}, "2001:db8::5"),
    ("fd00::1", {"X-Forwarded-For": "2001:db8::5, fd00::2"}, "2001:db8::5"),
    (PROXY, {"Forwarded": 'for="[2001:db8::5]:4711";proto=https;by=10.0.0.7'}, "2001:db8::5"),
    (PROXY, {"Forwarded": "for=6.6.6.6, For=198.51.100.1;host=x"}, "198.51.100.1"),
    (PROXY, {"Forwarded": "proto=https;for=198.51.100.1"}, "198.51.100.1"),
    (PROXY, {"Forwarded": "for=unknown"}, PROXY),
    (PROXY, {"Forwarded": "for=_secret, for=10.9.9.9"}, "10.9.9.9"),
    (PROXY, {"Forwarded": 'x=", for=198.51.100.1;by="10.0.0.7"'}, "198.51.100.1"),
    (PROXY, {"X-Forwarded-For": "198.51.100.1", "Forwarded": "for=6.6.6.6"}, "198.51.100.1"),
]


@pytest.mark.parametrize(("peer", "headers", "address"), HOPS)
def test_only_trusted_proxies_are_believed_from_right_to_left(peer: str, headers: dict[str, str], address: str) -> None:
    found = attributes(RawRequest.of(headers, remote_addr=peer), BEHIND_PROXY)
    assert found["request.ip"] == address


def test_repeated_forwarding_headers_are_one_list() -> None:
    pairs = [("X-Forwarded-For", "6.6.6.6"), ("x-forwarded-for", "198.51.100.1, 10.1.1.1")]
    found = attributes(RawRequest.of(pairs, remote_addr=PROXY), BEHIND_PROXY)
    assert found["request.ip"] == "198.51.100.1"


def test_a_policy_may_name_the_one_header_its_proxy_writes() -> None:
    policy = ContextPolicy(trusted_proxies=("10.0.0.0/8",), forwarded=("forwarded",))
    headers = {"X-Forwarded-For": "6.6.6.6", "Forwarded": "for=198.51.100.1"}
    assert attributes(RawRequest.of(headers, remote_addr=PROXY), policy)["request.ip"] == "198.51.100.1"


def test_a_flood_of_hops_is_walked_from_its_end() -> None:
    headers = {"X-Forwarded-For": "6.6.6.6," * 5_000 + "198.51.100.1"}
    found = context(RawRequest.of(headers, remote_addr=PROXY), BEHIND_PROXY)
    assert found.attributes["request.ip"] == "198.51.100.1"
    assert ("x-forwarded-for", "too_many") in reasons(found)


def test_a_peer_that_is_no_address_is_noted() -> None:
    found = context(RawRequest(remote_addr="unix:/run/socket"))
    assert "request.ip" not in found.attributes
    assert reasons(found) == {("request.ip", "malformed")}


def test_the_address_is_never_storable_and_never_in_a_repr() -> None:
    request = RawRequest(remote_addr="203.0.113.9")
    found = context(request)
    assert found.attributes["request.ip"] == "203.0.113.9"
    assert "request.ip" not in found.storable()
    assert "203.0.113.9" not in repr(found) + repr(request)


def test_a_body_may_name_the_address_only_with_a_secret_key() -> None:
    body = {"ip": "198.51.100.1"}
    refused = context(RawRequest(body=body, remote_addr="203.0.113.9"))
    assert refused.attributes["request.ip"] == "203.0.113.9"
    assert ("ip", "not_trusted") in reasons(refused)
    believed = attributes(RawRequest(body=body, remote_addr="203.0.113.9", trusted_body=True))
    assert believed["request.ip"] == "198.51.100.1"
    silent = attributes(RawRequest(remote_addr="203.0.113.9", trusted_body=True))
    assert "request.ip" not in silent  # the site's server is not the visitor
