"""Regular expressions: those of RE2, whose time grows with the text alone, whoever wrote them."""

from __future__ import annotations

import re2

from rules.operators import Predicate


def regex(pattern: str) -> Predicate:
    """An RE2 search anywhere in the text; raises ValueError with RE2's reason."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20  # bytes, for what one expression compiles to
    try:
        compiled = re2.compile(pattern, options=options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0] if error.args else "unknown"
        reason = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(f"{pattern!r} is not an expression that RE2 reads: {reason}") from error

    def test(value: object) -> bool:
        if not isinstance(value, str):
            return False
        try:
            return compiled.search(value) is not None
        except UnicodeEncodeError:  # a lone surrogate is no text
            return False

    return test
