"""MurmurHash3 (x86, 32 bits, seed 0) written out, and the bucket made of it."""

MASK = 0xFFFFFFFF


def rotate(value: int, bits: int) -> int:
    """Rotate 32 bits to the left."""
    return ((value << bits) | (value >> (32 - bits))) & MASK


def murmur3(data: bytes, seed: int = 0) -> int:
    """MurmurHash3_x86_32 as an unsigned integer."""
    state = seed
    whole = len(data) - len(data) % 4
    for start in range(0, whole, 4):
        word = int.from_bytes(data[start : start + 4], "little")
        word = rotate(word * 0xCC9E2D51 & MASK, 15) * 0x1B873593 & MASK
        state = (rotate(state ^ word, 13) * 5 + 0xE6546B64) & MASK
    if whole < len(data):
        word = int.from_bytes(data[whole:], "little")
        state ^= rotate(word * 0xCC9E2D51 & MASK, 15) * 0x1B873593 & MASK
    state ^= len(data)
    state = (state ^ state >> 16) * 0x85EBCA6B & MASK
    state = (state ^ state >> 13) * 0xC2B2AE35 & MASK
    return state ^ state >> 16


def bucket(salt: str, identifier: str) -> int:
    """An integer from 0 to 9,999."""
    return murmur3(salt.encode() + b"\0" + identifier.encode()) * 10_000 >> 32
