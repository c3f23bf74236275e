"""docs/troubleshooting.md against the code: each check, notice, limit, setting, metric, code and command on it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from parley_api.kinds import VOICE_AGENT
from parley_api.schema import Schema, object_schema
from parley_cli.__main__ import _parser
from parley_cli.doctor import call, latency, line, reach, service
from parley_cli.doctor.findings import CHECKS
from parley_dataplane.settings import CONSTANTS, DRAIN, VARIABLES
from parley_dataplane.transports.webrtc.call import CallSettings

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/troubleshooting.md").read_text()
FLAT = " ".join(PAGE.split())
SEEN, _, LOOKED_AT = PAGE.partition("\n## What each check looks at\n")


def test_every_check_has_its_section_in_the_order_in_which_they_are_made() -> None:
    assert tuple(re.findall(r"^### (.*)$", LOOKED_AT, re.MULTILINE)) == CHECKS


def test_every_check_is_named_by_what_a_person_sees() -> None:
    named = set(re.findall(r"`(\w+)`", SEEN))
    assert [check for check in CHECKS if check not in named and check != "messages"] == []


def test_the_output_on_the_page_has_every_check() -> None:
    [output] = re.findall(r"^```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert tuple(re.findall(r"^(?:ok|warn|FAIL) +(\w+)", output, re.MULTILINE)) == CHECKS


def test_every_notice_of_the_pages_is_on_it() -> None:
    notices = re.findall(
        r'title: "([^"]+)"', (ROOT / "dataplane/parley_dataplane/web/notices.js").read_text()
    )
    assert len(notices) > 10
    rows = re.findall(r"^\| ([^|]+) \|", SEEN, re.MULTILINE)
    assert [notice for notice in notices if notice not in rows] == []


def test_every_setting_on_the_page_exists() -> None:
    paths = set(re.findall(r"`spec\.([\w.]+)`", PAGE))
    assert len(paths) > 8
    for path in paths:
        schema: Schema = object_schema(VOICE_AGENT)["properties"]["spec"]
        for name in path.split("."):
            schema = schema["properties"][name]


def test_every_variable_on_the_page_exists() -> None:
    known = {"LOG_LEVEL", DRAIN} | {name for one in (*VARIABLES, *CONSTANTS) for name in one.names}
    named = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", PAGE))
    assert named
    assert named - known == set()


def test_every_metric_on_the_page_exists() -> None:
    metrics = (ROOT / "docs/metrics.md").read_text()
    named = set(re.findall(r"`(parley_\w+)`", PAGE)) | {
        latency.LATE_TICKS,
        latency.SKIPPED_TICKS,
        latency.LATENCY,
    }
    assert len(named) > 3
    assert [name for name in named if f"| `{name}` |" not in metrics] == []


def test_every_code_and_reason_on_the_page_is_one_of_the_doors() -> None:
    doors = (ROOT / "docs/doors.md").read_text()
    codes = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", PAGE)) - {
        "call-finished",
        "udp-buffers-are-smaller-than-asked",
    }
    assert len(codes) > 10
    assert [code for code in codes if f"`{code}`" not in doors] == []


def test_every_command_of_parley_on_the_page_is_one() -> None:
    commands = set(re.findall(r"bin/parley (\w+)", PAGE))
    assert commands == {"doctor", "check", "run"}
    [choices] = [action.choices for action in _parser()._actions if action.dest == "command"]
    assert commands <= set(choices or ())


@pytest.mark.parametrize(
    "sentence",
    [
        f"Each check takes {reach.WITHIN:.0f} s at most",
        f"media and tone {call.CONNECT_SECS + call.LONGEST_SECS:.0f} s together",
        f"from the answer until connected, {call.CONNECT_SECS:.0f} s at most",
        f"it ends within {reach.EXPIRES_SOON / 86_400:.0f} days",
        f"{line.HERTZ} Hz, in at least {10 * call.LEAST_PURE:.0f} of 10 pieces",
        f"or for less than {call.LEAST_SECS:.0f} s",
        f"a round trip over {call.MOST_ROUND_TRIP_MS:.0f} ms, loss over {100 * call.MOST_LOST:.0f} %, "
        f"jitter over {call.MOST_JITTER_MS:.0f} ms, a gap over {call.MOST_GAP_MS:.0f} ms",
        f"over {latency.MOST_LATE_TICKS} late, or any left out",
        f"the p95 of a stage is over {latency.SLOWEST_STAGE_MS:.0f} ms",
        f"| {CallSettings().vanished_secs:.0f} s of a dead network | `vanished`",
        f"| {CallSettings().unseen_secs:.0f} or {CallSettings().connect_secs:.0f} s, before any sound |",
    ],
)
def test_every_limit_on_the_page_is_the_one_that_holds(sentence: str) -> None:
    assert sentence in FLAT


def test_nine_in_ten_is_nearly_full() -> None:
    assert service.NEARLY_FULL == 0.9
    assert "Warning from nine in ten on" in FLAT
