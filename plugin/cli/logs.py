"""How the processes of Tessera log: lines on standard error, with time, level and place."""

from __future__ import annotations

from typing import Any


def log_config(level: str) -> dict[str, Any]:
    """For `logging.config.dictConfig`; the server's own loggers write as ours do."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
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
