"""Semantic Versioning precedence, with a leading `v` ignored and any number of numeric parts."""

from __future__ import annotations

import re

SHAPE = re.compile(r"v?(\d+(?:\.\d+)*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?", re.ASCII)


def parse_version(text: str) -> tuple[list[int], list[str]] | None:
    """The numeric parts and the pre-release identifiers; None where the text is no version."""
    found = SHAPE.fullmatch(text)
    if found is None:
        return None
    return [int(part) for part in found[1].split(".")], found[2].split(".") if found[2] else []


def compare_versions(left: str, right: str) -> int | None:
    """-1, 0 or 1; None where either is no version."""
    a, b = parse_version(left), parse_version(right)
    if a is None or b is None:
        return None
    for place in range(max(len(a[0]), len(b[0]))):
        x = a[0][place] if place < len(a[0]) else 0
        y = b[0][place] if place < len(b[0]) else 0
        if x != y:
            return -1 if x < y else 1
    if not a[1] or not b[1]:
        # A version without a pre-release is above the same version with one.
        return (not a[1]) - (not b[1])
    return compare_prereleases(a[1], b[1])


def compare_prereleases(left: list[str], right: list[str]) -> int:
    """Identifier by identifier: numbers below words, and where all are equal the longer one is above."""
    for x, y in zip(left, right, strict=False):
        if x == y:
            continue
        if x.isdigit() and y.isdigit():
            if int(x) != int(y):
                return -1 if int(x) < int(y) else 1
        elif x.isdigit() or y.isdigit():
            return -1 if x.isdigit() else 1
        else:
            return -1 if x < y else 1
    return (len(left) > len(right)) - (len(left) < len(right))
