"""docs/doors.md against the code: every message, field, error and limit that a client meets is there."""

from __future__ import annotations

import ast
import dataclasses
import re
from pathlib import Path

import pytest

from parley_api.conversation import Fillers
from parley_dataplane import conversation, errors, events, server, session, session_settings, sessions
from parley_dataplane.hearing import ear
from parley_dataplane.media import containers
from parley_dataplane.protocols import fastrtc, fields
from parley_dataplane.routes import bodies, fastrtc_process, reservations, sockets
from parley_dataplane.session_metrics import SessionMetrics
from parley_dataplane.session_settings import SessionSettings
from parley_dataplane.transports import connections, websocket
from parley_dataplane.transports.webrtc import ice, port, reflexive, texts
from parley_dataplane.transports.webrtc.call import CallSettings

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "dataplane/parley_dataplane"
PAGE = (ROOT / "docs/doors.md").read_text()
SECTIONS = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
FASTRTC_HTTP = "/api/v1/rtc/session"
DOORS = {
    "talk.py": "POST /api/webrtc/offer",
    "alice.py": "POST /api/webrtc/offer",
    "signaling.py": "/ws/v2/{session_id}",
    "fastrtc.py": "/api/v1/rtc/stream",
    "fastrtc_http.py": FASTRTC_HTTP,
    "duplex.py": "/ws",
    "problem.py": "Errors",
}
"""Where each protocol is told."""

WITHOUT_TYPES = {"fastrtc_http.py"}
"""HTTP bodies that their paths name."""

NO_MESSAGES = {"__init__.py", "fields.py", "multipart.py"}


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def texts_in(node: ast.AST) -> set[str]:
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def message_types(tree: ast.Module) -> set[str]:
    """What is rendered as "type", what is a known "type", and what a "type" is compared with."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if key is not None and isinstance(value, ast.Constant) and texts_in(key) == {"type"}:
                    found |= texts_in(value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "type":
            found |= set().union(*map(texts_in, node.args))
        elif isinstance(node, ast.Assign) and all(
            isinstance(t, ast.Name) and t.id.endswith(("_TYPES", "_CANDIDATES")) for t in node.targets
        ):
            found |= texts_in(node.value)
        elif isinstance(node, ast.Compare) and '"type"' in ast.unparse(node.left).replace("'", '"'):
            found |= set().union(*map(texts_in, node.comparators))
    return found


def field_names(tree: ast.Module) -> set[str]:
    """Keys of the objects that are rendered, and fields that are read by name."""
    readers = {"text", "optional_text", "number", "whole", "object", "has", "flag"}
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            found |= {k.value for k in node.keys if isinstance(k, ast.Constant) and isinstance(k.value, str)}
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in readers
        ):
            found |= set().union(*map(texts_in, node.args[:1]))
    return found


def missing(names: set[str], text: str) -> list[str]:
    return sorted(name for name in names if not re.search(rf'[`" ]{re.escape(name)}["`]', text))


def test_every_protocol_has_its_section() -> None:
    files = {path.name for path in (PACKAGE / "protocols").glob("*.py")}
    assert files - NO_MESSAGES == set(DOORS)
    assert set(DOORS.values()) <= set(SECTIONS)


@pytest.mark.parametrize("name", sorted(DOORS.keys() - WITHOUT_TYPES))
def test_every_message_type_is_on_the_page(name: str) -> None:
    types = message_types(tree_of(PACKAGE / "protocols" / name))
    assert types
    assert missing(types, SECTIONS[DOORS[name]]) == []


def test_the_types_are_found_in_the_code() -> None:
    """Otherwise the test above would pass whatever the page says."""
    assert {"interrupt", "text", "bye", "session", "heard", "problem", "ended"} <= message_types(
        tree_of(PACKAGE / "protocols/talk.py")
    )
    assert {"offer", "ice_candidate", "ping", "pong"} <= message_types(
        tree_of(PACKAGE / "protocols/signaling.py")
    )


@pytest.mark.parametrize("name", DOORS)
def test_every_field_is_on_the_page(name: str) -> None:
    own_names = {"silence_ms", "max_utterance_ms", "voice"} if name == "fastrtc.py" else set()
    stop = {"session_id"} if name == "alice.py" else set()
    names = field_names(tree_of(PACKAGE / "protocols" / name)) - own_names - stop
    told = SECTIONS[DOORS[name]] + SECTIONS["/api/v1/rtc/process"] * (DOORS[name] == FASTRTC_HTTP)
    assert missing(names, told + SECTIONS["Errors"]) == []


@pytest.mark.parametrize(
    "event",
    [
        events.UserTranscript,
        events.AgentFiller,
        events.AgentClause,
        events.AgentHeard,
        events.TurnTiming,
        events.TurnCost,
    ],
)
def test_every_field_of_an_event_is_told_with_the_data_channel(event: type) -> None:
    names = {field.name for field in dataclasses.fields(event)}
    assert missing(names, SECTIONS["POST /api/webrtc/offer"]) == []


@pytest.mark.parametrize("thing", [SessionSettings, SessionMetrics])
def test_every_field_of_a_session_is_on_the_page(thing: type) -> None:
    assert missing({field.name for field in dataclasses.fields(thing)}, SECTIONS["/v1/"]) == []


def all_errors(kind: type[errors.ParleyError] = errors.ParleyError) -> list[type[errors.ParleyError]]:
    return [kind, *(e for child in kind.__subclasses__() for e in all_errors(child))]


@pytest.mark.parametrize("error", all_errors(), ids=lambda error: error.code)
def test_every_error_is_on_the_page_with_its_status_and_its_close_code(
    error: type[errors.ParleyError],
) -> None:
    assert f"| `{error.code}` | {error.status} | {error.close_code} |" in SECTIONS["Errors"]


def test_every_code_of_a_problem_that_is_no_error_is_on_the_page() -> None:
    source = "".join(path.read_text() for path in PACKAGE.glob("*.py"))
    codes = set(re.findall(r'Problem\("([\w-]+)"', source))
    assert codes
    assert missing(codes, SECTIONS["Errors"]) == []


def number(value: float) -> str:
    return f"{value:,.0f}"


SAID = [
    f"a JSON message or body | {fields.MAX_JSON_BYTES // 1024} KiB",
    f"a message with audio | {fastrtc.MAX_AUDIO_BYTES // 2**20} MiB, {containers.MAX_MESSAGE_SECS:.0f} s",
    f"{server.MAX_MESSAGE_BYTES // 2**20} MiB",
    f"of up to {fastrtc.MAX_AUDIO_BYTES // 2**20} MiB and {ear.BACKLOG_SECS:.0f} s.",
    f"at most {fastrtc_process.LONGEST_ANSWER_SECS:.0f} s |",
    f"504: not complete {fastrtc_process.ANSWER_SECS:.0f} s after all of the recording was heard",
    f"through its one UDP port, every {reflexive.ASK_EVERY_SECS:.0f} s,",
    f"typed text | {number(session_settings.MAX_TYPED_CHARS)} characters",
    f"{number(texts.LONGEST_TEXT)} characters; binary ones are dropped; {texts.MOST_CHANNELS} channels at most",
    f"to be read | {texts.MOST_WAITING}; the oldest",
    f"{websocket.MAX_WAITING_BYTES // 2**20} MiB or {number(websocket.MAX_WAITING_MESSAGES)} messages",
    f"nothing read for {connections.UNREAD_SECS:.0f} s",
    f"mistakes of one connection | {sockets.MOST_ERRORS}",
    f"{connections.HEAD_SECS:.0f} s each",
    f"{bodies.BODY_SECS:.0f} s each",
    f"from offer to connected | {CallSettings().connect_secs:.0f} s",
    f"{CallSettings().unseen_secs:.0f} s where the peer does not appear",
    f"addresses of one peer | {ice.MOST_REMOTE}, in {ice.MOST_PATHS} pairs",
    f"consent is asked every 4 to 6 s and lasts {ice.CONSENT_SECS:.0f} s",
    f"{port.MOST_PER_READ} datagrams are read in a row",
    f"sends nothing at all | {CallSettings().vanished_secs:.0f} s",
    f"(410 instead of 404) | {number(sessions.ENDED_IDS)}",
    f"holds an answer up for at most {1000 * conversation.LONGEST_PAUSE_SECS:.0f} ms",
    f"goodbye, for {session.GOODBYE_SECS:.0f} s at most",
    f"is to be heard {Fillers().after_ms} ms after the end of the turn",
    f"{1000 * conversation.MOMENT_SECS:.0f} ms later at the earliest",
]


@pytest.mark.parametrize("sentence", SAID)
def test_every_limit_on_the_page_is_the_one_that_holds(sentence: str) -> None:
    assert sentence in " ".join(PAGE.split())


def test_the_share_of_sessions_that_wait_is_the_one_that_holds() -> None:
    assert (reservations.RESERVED_SHARE, reservations.RESERVED_AT_LEAST) == (4, 10), "the page says so"
    assert "At most a quarter of the agent's sessions, or 10, may wait so" in " ".join(PAGE.split())
