"""What is said of a call that is over, from how far it came. A real one: tests/calls."""

from __future__ import annotations

import json
from http.client import HTTPMessage
from typing import Any

import numpy as np
import pytest

from parley_cli.doctor import call
from parley_cli.doctor.call import Placed
from parley_cli.doctor.findings import Finding
from parley_cli.doctor.line import Packet
from parley_cli.doctor.reach import Answer


def answer(status: int = 200, **body: Any) -> Answer:
    return Answer(status, HTTPMessage(), json.dumps(body).encode(), 4.0)


def packets(lost: range = range(0)) -> list[Packet]:
    wave = np.rint(8000 * np.sin(2 * np.pi * 440 * np.arange(64_000) / 16_000)).astype(np.int16)
    frames = enumerate(wave.reshape(-1, 320))
    return [Packet(0.02 * i, i, 960 * i, frame) for i, frame in frames if i not in lost]


def connected(**fields: Any) -> Placed:
    rest = {"greeted": True, "packets": packets(), "round_trip_ms": 12.0, "sent_lost": 0.0}
    return Placed(answer(), connected_ms=80.0, **(rest | fields))


def found(placed: Placed) -> dict[str, Finding]:
    return {finding.check: finding for finding in call.findings(placed)}


def test_a_good_call_is_ok_in_every_part() -> None:
    findings = found(connected())
    assert {name: finding.state for name, finding in findings.items()} == dict.fromkeys(
        ("offer", "media", "messages", "sound", "line"), "ok"
    )
    assert findings["line"].seen == (
        "round trip 12 ms, lost 0.0% here and 0.0% there, jitter 0 ms, longest gap 20 ms"
    )


@pytest.mark.parametrize(
    ("code", "instead"),
    [
        ("too-many-sessions", "raise spec.sessions.limit"),
        ("too-many-offers", "try again in a second"),
        ("draining", "about to stop"),
        ("foreign-origin", "spec.access.origins"),
    ],
)
def test_a_refused_offer_says_why_and_ends_it(code: str, instead: str) -> None:
    refused = answer(503, type=f"urn:parley:problem:{code}", detail="no \x1b[2J")
    findings = found(Placed(refused))
    assert list(findings) == ["offer"]
    assert findings["offer"].state == "FAIL"
    assert findings["offer"].seen == "refused with 503: no \\u001b[2J"
    assert instead in findings["offer"].instead


def test_an_offer_that_nobody_answered_says_what_was_seen() -> None:
    assert found(Placed(problem="no answer within 5 s"))["offer"].seen == "no answer within 5 s"


@pytest.mark.parametrize(
    ("candidates", "instead"),
    [
        (["10.1.2.3:40000", "[fd00::1]:40000"], "from its own network alone"),
        (["127.0.0.1:40000"], "from its own network alone"),
        (["8.8.8.8:40000"], "spec.media.udp.port"),
        (["10.1.2.3:40000", "8.8.8.8:40000"], "spec.media.udp.port"),
        ([], "spec.media.udp.port"),
    ],
)
def test_media_that_does_not_get_through_names_where_it_went(candidates: list[str], instead: str) -> None:
    media = found(Placed(answer(), candidates=candidates, ice="checking", connection="connecting"))["media"]
    assert media.state == "FAIL"
    assert (", ".join(candidates) or "no address at all") in media.seen
    assert instead in media.instead


def test_a_handshake_that_fails_is_told_from_a_network_that_blocks() -> None:
    media = found(Placed(answer(), candidates=["8.8.8.8:4"], ice="completed", connection="connecting"))[
        "media"
    ]
    assert "DTLS handshake was not done" in media.seen


def test_a_call_without_a_sound_or_without_messages() -> None:
    findings = found(connected(packets=[], greeted=False))
    assert (findings["sound"].state, findings["messages"].state) == ("FAIL", "warn")
    assert "line" not in findings


def test_half_a_tone_is_damaged() -> None:
    findings = found(connected(packets=packets()[:60]))
    assert findings["sound"].seen.startswith("the test tone is damaged: 440 Hz for 1.2 s")


@pytest.mark.parametrize(
    ("fields", "bad"),
    [
        ({"round_trip_ms": 180.0}, "round trip:"),
        ({"sent_lost": 0.05}, "loss:"),
        ({"packets": packets(lost=range(80, 84))}, "loss and gap:"),
        ({"round_trip_ms": None, "sent_lost": None}, ""),
    ],
)
def test_a_bad_line_is_a_warning_that_names_what_is_bad(fields: dict[str, Any], bad: str) -> None:
    finding = found(connected(**fields))["line"]
    assert finding.state == ("warn" if bad else "ok")
    assert finding.instead.startswith(bad)


def test_the_addresses_of_an_answer_are_found() -> None:
    sdp = (
        "v=0\r\na=candidate:1 1 udp 2130706431 10.0.0.5 40000 typ host\r\n"
        "a=candidate:2 1 UDP 2130706431 fd00::1 40000 typ host\r\n"
        "a=candidate:1 1 udp 2130706431 10.0.0.5 40000 typ host\r\n"
    )
    assert call._addresses(sdp) == ["10.0.0.5:40000", "[fd00::1]:40000"]
