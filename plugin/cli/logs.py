"""How the processes of Tessera log: lines on standard error, with time, level and place."""

from __future__ import annotations

import logging
import re
from typing import Any

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class OneLine(logging.Formatter):
    """A record is one line, whatever a CMS put into its ids and messages; only a traceback has more."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is the base class's
        """With what is no text escaped."""
        record.message = _CONTROL.sub(lambda found: ascii(found[0])[1:-1], record.message)
        return super().formatMessage(record)


def log_config(level: str) -> dict[str, Any]:
    """For `logging.config.dictConfig`; the server's own loggers write as ours do."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": OneLine, "format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stderr"},
        },
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {
            "plugin": {"level": level.upper()},
            "adapters": {"level": level.upper()},
            "_granian": {"level": level.upper()},
        },
    }
