"""Structured logs: one JSON line per record on standard error, with ids; never spoken words, addresses or
secrets.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import asdict

import structlog

from parley_dataplane.records import CallFinished, CallStarted, DrainBegan, DrainEnded, ErrorSeen, Record


def configure(level: str) -> None:
    """`level` is one of settings.LOG_LEVELS. Of libraries only errors come through: their chatter holds addresses."""
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s"
    )
    for name in ("aiortc", "aioice", "uvicorn.access", "websockets", "asyncio"):
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger("uvicorn.error").addFilter(_without_trace_of_a_stranger)
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


def _without_trace_of_a_stranger(record: logging.LogRecord) -> bool:
    """Text that is no UTF-8 is the peer's fault, and no traceback of ours explains it."""
    if record.exc_info and isinstance(record.exc_info[1], UnicodeDecodeError):
        record.exc_info = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
    return True


def log_record(record: Record) -> None:
    """The observer that logs: what fails at WARNING, where a call or the drain begins and ends at INFO, all within a
    call at DEBUG.
    """
    log = structlog.get_logger()
    facts = {
        name: round(value, 1) if isinstance(value, float) else value for name, value in asdict(record).items()
    }
    event = _event_name(type(record).__name__)
    if isinstance(record, ErrorSeen):
        log.warning(event, **facts)
    elif isinstance(record, CallStarted | CallFinished | DrainBegan | DrainEnded):
        log.info(event, **facts)
    else:
        log.debug(event, **facts)


def _event_name(class_name: str) -> str:
    """CallStarted -> call-started."""
    return "".join("-" + letter.lower() if letter.isupper() else letter for letter in class_name).lstrip("-")
