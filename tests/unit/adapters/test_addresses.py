"""Which addresses count as public."""

from __future__ import annotations

import pytest

from adapters.addresses import PrivateAddress, UnknownHost, refuse_private


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "8.8.8.8"])
def test_public_addresses_pass(address: str) -> None:
    refuse_private("cms.example", 443, lambda _host, _port: [address])


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
        "2002:0a00:0001::", "ff02::1",
    ],
)  # fmt: skip
def test_addresses_inside_are_refused_however_they_are_written(address: str) -> None:
    with pytest.raises(PrivateAddress, match=r"cms\.example"):
        refuse_private("cms.example", 443, lambda _host, _port: [address])


def test_one_private_address_among_public_ones_is_enough() -> None:
    with pytest.raises(PrivateAddress):
        refuse_private("cms.example", 443, lambda _host, _port: ["8.8.8.8", "10.0.0.1"])


def test_a_name_that_does_not_resolve_is_told_apart() -> None:
    def fail(host: str, port: int) -> list[str]:
        raise OSError(host, port)

    with pytest.raises(UnknownHost):
        refuse_private("nowhere.example", 443, fail)
