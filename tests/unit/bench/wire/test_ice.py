"""Checks of the load generator: each side answers the other's, and nobody else's."""

from __future__ import annotations

from aioice import stun

from tests.bench.wire.ice import IceAgent

HERE, THERE = ("127.0.0.1", 1000), ("127.0.0.1", 2000)


def pair() -> tuple[IceAgent, IceAgent]:
    ours, theirs = IceAgent(), IceAgent()
    ours.meet(theirs.ufrag, theirs.password)
    theirs.meet(ours.ufrag, ours.password)
    return ours, theirs


def test_a_check_that_is_answered_finds_the_path_and_nominates_it() -> None:
    ours, theirs = pair()
    check = ours.check(THERE)
    assert "USE-CANDIDATE" in stun.parse_message(check).attributes
    assert stun.parse_message(check).attributes["USERNAME"] == f"{theirs.ufrag}:{ours.ufrag}"
    answer = theirs.receive(check, HERE)
    assert answer is not None
    assert ours.receive(answer, THERE) is None
    assert ours.path == THERE


def test_the_first_path_stays() -> None:
    ours, theirs = pair()
    for address in (THERE, ("192.0.2.1", 3000)):
        answer = theirs.receive(ours.check(address), HERE)
        assert answer is not None
        ours.receive(answer, address)
    assert ours.path == THERE


def test_a_stranger_is_not_answered_and_proves_nothing() -> None:
    ours, theirs = pair()
    stranger = IceAgent()
    stranger.meet(ours.ufrag, "wrong" * 5)
    assert ours.receive(stranger.check(HERE), THERE) is None
    answer = theirs.receive(ours.check(THERE), HERE)
    assert answer is not None
    forged = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, stun.parse_message(answer).transaction_id)
    ours.receive(bytes(forged), THERE)
    assert ours.path is None


def test_noise_is_ignored() -> None:
    assert IceAgent().receive(b"\0" * 19, THERE) is None


def test_loopback_is_tried_first() -> None:
    assert IceAgent.choose([("192.0.2.1", 1), ("127.0.0.1", 2), ("192.0.2.2", 3)]) == [
        ("127.0.0.1", 2),
        ("192.0.2.1", 1),
        ("192.0.2.2", 3),
    ]
