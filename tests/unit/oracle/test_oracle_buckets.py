"""The written-out hash against the published vectors of MurmurHash3_x86_32."""

from __future__ import annotations

import pytest

from tests.oracle.buckets import bucket, murmur3


@pytest.mark.parametrize(
    ("data", "seed", "expected"),
    [
        (b"", 0, 0),
        (b"", 1, 0x514E28B7),
        (b"", 0xFFFFFFFF, 0x81F16F39),
        (b"\xff\xff\xff\xff", 0, 0x76293B50),
        (b"\x21\x43\x65\x87", 0, 0xF55B516B),
        (b"\x21\x43\x65\x87", 0x5082EDEE, 0x2362F9DE),
        (b"\x21\x43\x65", 0, 0x7E4A8634),
        (b"\x21\x43", 0, 0xA0F7B07A),
        (b"\x21", 0, 0x72661CF4),
        (b"Hello, world!", 0x9747B28C, 0x24884CBA),
        (b"The quick brown fox jumps over the lazy dog", 0x9747B28C, 0x2FA826CD),
    ],
)
def test_the_hash_is_murmur3_x86_32(data: bytes, seed: int, expected: int) -> None:
    """The vectors cover every length of tail."""
    assert murmur3(data, seed) == expected


def test_buckets_fill_evenly() -> None:
    """20,000 ids over ten ranges: each holds its tenth, within five standard deviations."""
    counts = [0] * 10
    for number in range(20_000):
        counts[bucket("salt", f"v-{number}") // 1_000] += 1
    assert all(abs(count - 2_000) < 5 * 42.5 for count in counts)
