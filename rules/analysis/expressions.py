"""Texts that an expression may match: guesses from its common forms, to be tried, never relied on."""

from __future__ import annotations

from itertools import islice, product

_MOST = 16
_LONGEST = 200
_DEEPEST = 20
_CLASSES = {"d": "0", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a", "n": "\n", "t": "\t"}
_NOTHING = frozenset("AbBzZ")


def examples(expression: str) -> list[str]:
    """Up to sixteen texts, the plainest first; none where the expression has forms that are not read here.

    >>> examples("^/shop/(new|old)[0-9]?$")
    ['/shop/new', '/shop/new0', '/shop/old', '/shop/old0']
    """
    if len(expression) > _LONGEST:
        return []
    try:
        return list(islice(dict.fromkeys(_Reader(expression).alternatives(0)), _MOST))
    except (IndexError, ValueError):  # an unfinished or unusual form
        return []


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def _next(self) -> str:
        self._at += 1
        return self._text[self._at - 1]

    def _peek(self) -> str:
        return self._text[self._at] if self._at < len(self._text) else ""

    def alternatives(self, depth: int) -> list[str]:
        """What stands between brackets: sequences separated by `|`."""
        if depth > _DEEPEST:
            raise ValueError("nested too deep")
        found = self._sequence(depth)
        while self._peek() == "|":
            self._next()
            found = [*found, *self._sequence(depth)]
        return found

    def _sequence(self, depth: int) -> list[str]:
        parts: list[list[str]] = []
        while self._peek() not in ("", "|", ")"):
            parts.append(self._repeated(self._one(depth)))
        return ["".join(chosen) for chosen in islice(product(*parts), _MOST)]

    def _one(self, depth: int) -> list[str]:
        char = self._next()
        if char == "(":
            self._flags()
            found = self.alternatives(depth + 1) if self._peek() != ")" else [""]
            if self._next() != ")":
                raise ValueError("an open bracket")
            return found
        if char == "[":
            return [self._class()]
        if char in "^$":
            return [""]
        if char == ".":
            return ["a"]
        return [self._escaped()] if char == "\\" else [char]

    def _escaped(self) -> str:
        char = self._next()
        if char in _NOTHING:
            return ""
        if char.isalnum() and char not in _CLASSES:
            raise ValueError("an escape that is not read here")
        return _CLASSES.get(char, char)

    def _flags(self) -> None:
        """`(?i)`, `(?:` and `(?P<name>`: no part of the text."""
        if self._peek() == "?":
            while self._peek() not in (":", ">", ")"):
                self._next()
            if self._peek() != ")":
                self._next()

    def _class(self) -> str:
        negated = self._peek() == "^"
        if negated:
            self._next()
        members: list[str] = []
        while (char := self._next()) != "]" or not members:
            members.append(self._escaped() if char == "\\" else char)
        if not negated:
            return members[0]
        return next(char for char in "aZ0 _-" if char not in members)

    def _repeated(self, found: list[str]) -> list[str]:
        char = self._peek()
        if char not in ("?", "*", "+", "{"):
            return found
        self._next()
        least = "1" if char == "+" else "0"
        if char == "{":
            counts = ""
            while (one := self._next()) != "}":
                counts += one
            least = counts.partition(",")[0]
        if self._peek() == "?":
            self._next()
        if not least.isdigit() or int(least) > _LONGEST:
            raise ValueError("a count that is not read here")
        once = [text * max(1, int(least)) for text in found]
        return ["", *once] if least == "0" else once
