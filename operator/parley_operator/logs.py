"""Structured logs: one JSON line per record on standard error, with kinds, namespaces and names of objects.

Rules: what objects hold is never logged, nor tokens or addresses. Of libraries only warnings come through: kopf's own
talk is about every object.
"""

from __future__ import annotations

import logging
import sys

import structlog


def configure(level: str) -> None:
    """`level` is one of settings.LOG_LEVELS."""
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("kopf").setLevel(logging.WARNING)
    logging.getLogger("kopf._core.reactor.running").addFilter(_not_about_signals)
    logging.getLogger("aiohttp").setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _not_about_signals(record: logging.LogRecord) -> bool:
    """kopf says that it does not take signals: main.py does."""
    return "signals are ignored" not in record.getMessage()
