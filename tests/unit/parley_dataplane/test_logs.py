"""Logs: one JSON line per record."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from parley_dataplane import logs
from parley_dataplane.records import (
    CallFinished,
    CallStarted,
    DrainBegan,
    DrainEnded,
    ErrorSeen,
    TurnFinished,
)


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """What is logged after a test does not go to the standard error that was its own."""
    yield
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_record_is_one_json_line_with_its_level_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    logs.log_record(CallStarted("abc", "offer"))
    logs.log_record(CallFinished("abc", "offer", "hung-up", 1.23456, 1, 2, 3))
    logs.log_record(ErrorSeen("bad-sdp", "abc", "offer"))
    started, finished, error = lines(capsys)
    assert (started["event"], started["level"], started["session"]) == ("call-started", "info", "abc")
    assert finished["seconds"] == 1.2
    assert (error["event"], error["level"], error["code"]) == ("error-seen", "warning", "bad-sdp")
    assert str(started["timestamp"]).endswith("Z")


def test_a_drain_is_logged_with_how_many_calls_it_waits_for_and_what_became_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("info")
    logs.log_record(DrainBegan(3, 3600.0))
    logs.log_record(DrainEnded("last-call-ended", 0, 71.26))
    began, ended = lines(capsys)
    assert (began["event"], began["calls"], began["seconds"]) == ("drain-began", 3, 3600.0)
    assert (ended["event"], ended["outcome"], ended["seconds"]) == ("drain-ended", "last-call-ended", 71.3)


def test_each_turn_is_logged_only_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    logs.log_record(TurnFinished("abc", "offer", "heard", 1.0))
    assert lines(capsys) == []
    logs.configure("debug")
    logs.log_record(TurnFinished("abc", "offer", "heard", 1.0))
    assert lines(capsys)[0]["outcome"] == "heard"


def test_text_that_is_no_utf8_brings_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """A peer's mistake put a traceback of nine lines at ERROR into the log. Fails without the filter."""
    logs.configure("info")
    try:
        b"what he said \xff".decode()
    except UnicodeDecodeError:
        logging.getLogger("uvicorn.error").exception("Invalid UTF-8 sequence received from client.")
    [record] = caplog.records
    assert (record.levelname, record.exc_info) == ("WARNING", None)
