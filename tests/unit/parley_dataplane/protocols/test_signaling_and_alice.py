"""Offers by HTTP and by WebSocket, candidates in their three spellings, and what is wrong with either."""

from __future__ import annotations

import json
from typing import Any

import pytest

from parley_dataplane.errors import BadMessage, BadSdp, ParleyError, TooBig
from parley_dataplane.protocols import alice, signaling

SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n"
LINE = "candidate:1 1 udp 2130706431 192.0.2.1 9 typ host"
CANDIDATE = {"candidate": LINE, "sdpMid": "0", "sdpMLineIndex": 0}


def test_an_offer_is_read_the_same_on_both_doors() -> None:
    raw = json.dumps({"type": "offer", "sdp": SDP, "extra": 1})
    assert alice.parse_offer(raw.encode()) == signaling.parse(raw) == alice.Offer(SDP)


WRONG_OFFERS: dict[str, tuple[Any, type[ParleyError], str]] = {
    "a list": ([1], BadMessage, "a list"),
    "no type": ({"sdp": SDP}, BadMessage, "type"),
    "an answer": ({"type": "answer", "sdp": SDP}, BadMessage, "type"),
    "no sdp": ({"type": "offer"}, BadMessage, '"sdp" is missing'),
    "sdp is an object": ({"type": "offer", "sdp": {}}, BadMessage, '"sdp" is an object'),
    "empty sdp": ({"type": "offer", "sdp": ""}, BadSdp, "v=0"),
    "nonsense": ({"type": "offer", "sdp": "hello"}, BadSdp, "v=0"),
    "too big": ({"type": "offer", "sdp": "v=0" + "x" * 70_000}, TooBig, "at most 65536"),
}


@pytest.mark.parametrize("name", WRONG_OFFERS)
def test_a_wrong_offer_is_a_typed_error_on_both_doors(name: str) -> None:
    message, error, words = WRONG_OFFERS[name]
    with pytest.raises(error, match=words):
        alice.parse_offer(json.dumps(message).encode())
    with pytest.raises(error, match=words):
        signaling.parse(json.dumps(message))


@pytest.mark.parametrize("kind", ["candidate", "ice-candidate", "ice_candidate"])
@pytest.mark.parametrize("flat", [False, True], ids=["nested", "flat"])
def test_a_candidate_is_read_in_all_its_spellings(kind: str, flat: bool) -> None:
    message = {"type": kind, **CANDIDATE} if flat else {"type": kind, "candidate": CANDIDATE}
    read = signaling.parse(json.dumps(message))
    assert isinstance(read, signaling.Candidate)
    assert read.as_dict() == CANDIDATE


@pytest.mark.parametrize(
    "end", [{"candidate": None}, {}, {"candidate": {"candidate": ""}}, {"candidate": ""}]
)
def test_null_ends_the_candidates(end: dict[str, Any]) -> None:
    read = signaling.parse(json.dumps({"type": "candidate", **end}))
    assert isinstance(read, signaling.Candidate)
    assert read.as_dict() is None


WRONG_CANDIDATES: dict[str, dict[str, Any]] = {
    "a number": {"candidate": 5},
    "too long": {"candidate": "x" * 1_025},
    "sdpMid is a number": {"candidate": {**CANDIDATE, "sdpMid": 0}},
    "index is a text": {"candidate": {**CANDIDATE, "sdpMLineIndex": "0"}},
    "index below": {"candidate": {**CANDIDATE, "sdpMLineIndex": -1}},
}


@pytest.mark.parametrize("name", WRONG_CANDIDATES)
def test_a_wrong_candidate_is_a_bad_message(name: str) -> None:
    with pytest.raises(BadMessage):
        signaling.parse(json.dumps({"type": "candidate", **WRONG_CANDIDATES[name]}))


def test_a_ping_is_answered_by_a_pong() -> None:
    assert signaling.parse('{"type": "ping"}') == signaling.Ping()
    assert json.loads(signaling.render_pong()) == {"type": "pong"}


def test_an_unknown_type_is_told_the_known_ones() -> None:
    with pytest.raises(BadMessage, match="offer, candidate, ice-candidate, ice_candidate, ping"):
        signaling.parse('{"type": "join"}')


@pytest.mark.parametrize(("asked", "given"), [(True, True), (False, False), (None, False)])
def test_a_test_tone_is_asked_for_in_the_body_of_an_offer(asked: object, given: bool) -> None:
    raw = json.dumps({"type": "offer", "sdp": SDP, "test_tone": asked}).encode()
    assert alice.parse_offer(raw) == alice.Offer(SDP, given)


def test_the_answer_is_the_same_on_both_doors() -> None:
    body = {"sdp": SDP, "type": "answer", "session_id": "s"}
    assert alice.answer(SDP, "s") == json.loads(signaling.render_answer(SDP, "s")) == body


def test_stop_tts_names_a_session() -> None:
    assert alice.parse_stop(b'{"session_id": "s"}') == alice.StopTts("s")
    for wrong in (b"{}", b'{"session_id": 5}', b'{"session_id": "' + b"x" * 200 + b'"}'):
        with pytest.raises(BadMessage):
            alice.parse_stop(wrong)


def test_an_offer_names_the_conversation_that_it_goes_on_with() -> None:
    raw = json.dumps({"type": "offer", "sdp": SDP, "resume": "s"}).encode()
    assert alice.parse_offer(raw) == alice.Offer(SDP, resume="s")
    for wrong in (5, "x" * 129):
        with pytest.raises(BadMessage, match='"resume"'):
            alice.parse_offer(json.dumps({"type": "offer", "sdp": SDP, "resume": wrong}).encode())
