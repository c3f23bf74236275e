"""Our STUN against aioice's, which shares no code with it, and against what strangers send."""

from __future__ import annotations

import random

import pytest
from aioice import stun as theirs

from parley_dataplane.transports.webrtc import stun

PASSWORD = b"p" * 24


def their_check(**attributes: object) -> bytes:
    message = theirs.Message(theirs.Method.BINDING, theirs.Class.REQUEST)
    message.attributes.update({"USERNAME": "us:them", "PRIORITY": 7} | attributes)
    message.add_message_integrity(PASSWORD)
    return bytes(message)


def test_a_check_of_theirs_is_read_and_proven() -> None:
    datagram = their_check(**{"ICE-CONTROLLING": 2**63 + 5, "USE-CANDIDATE": None})
    message = stun.read(datagram)
    assert message is not None
    assert (message.kind, message.username, message.has_priority, message.use_candidate) == (
        stun.REQUEST, b"us:them", True, True
    )  # fmt: skip
    assert (message.controlling, message.controlled) == (2**63 + 5, None)
    assert message.is_by(PASSWORD)
    assert not message.is_by(PASSWORD[1:])
    assert stun.ufrag_of(datagram) == b"us"
    assert stun.transaction_of(datagram) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "2001:db8::7"])
def test_they_read_and_prove_an_answer_of_ours(host: str) -> None:
    transaction = stun.new_transaction()
    datagram = stun.success(transaction, host, 40_123, PASSWORD)
    message = theirs.parse_message(datagram)
    assert message.message_class == theirs.Class.RESPONSE
    assert message.attributes["XOR-MAPPED-ADDRESS"] == (host, 40_123)
    assert message.check_message_integrity(PASSWORD)
    assert "FINGERPRINT" in message.attributes
    assert stun.transaction_of(datagram) == transaction


@pytest.mark.parametrize("controlling", [True, False])
def test_they_read_and_prove_a_check_of_ours(controlling: bool) -> None:
    datagram = stun.check(
        stun.new_transaction(), b"them:us", PASSWORD,
        priority=9, tie_breaker=11, controlling=controlling, use_candidate=controlling,
    )  # fmt: skip
    message = theirs.parse_message(datagram)
    assert message.check_message_integrity(PASSWORD)
    assert (message.attributes["USERNAME"], message.attributes["PRIORITY"]) == ("them:us", 9)
    assert message.attributes["ICE-CONTROLLING" if controlling else "ICE-CONTROLLED"] == 11
    assert ("USE-CANDIDATE" in message.attributes) is controlling


def test_they_read_a_request_of_ours_and_we_read_where_they_see_us() -> None:
    transaction = stun.new_transaction()
    asked = theirs.parse_message(stun.request(transaction))
    assert (asked.message_class, asked.transaction_id) == (theirs.Class.REQUEST, transaction)
    for address in (("192.0.2.7", 40_123), ("2001:db8::7", 9)):
        answer = theirs.Message(theirs.Method.BINDING, theirs.Class.RESPONSE, transaction)
        answer.attributes["XOR-MAPPED-ADDRESS"] = address
        message = stun.read(bytes(answer))
        assert message is not None
        assert message.address() == address


@pytest.mark.parametrize(
    "value", [b"", b"\0\1\0\0", b"\0\1" + bytes(18), b"\0\2" + bytes(6), b"\0\3" + bytes(6)]
)
def test_an_address_that_is_none_is_none(value: bytes) -> None:
    body = b"\0\x20" + len(value).to_bytes(2, "big") + value
    head = b"\1\1" + len(body).to_bytes(2, "big") + b"\x21\x12\xa4\x42" + bytes(12)
    message = stun.read(head + body)
    assert message is not None
    assert message.address() is None


def test_a_conflict_of_roles_is_told_in_both_directions() -> None:
    datagram = stun.role_conflict(stun.new_transaction(), PASSWORD)
    assert theirs.parse_message(datagram).error_code == 487
    message = stun.read(datagram)
    assert message is not None
    assert message.error == stun.ROLE_CONFLICT


def test_what_follows_the_proof_is_not_read() -> None:
    """An attacker on the way could add USE-CANDIDATE behind what is signed (RFC 8489, 14.5)."""
    message = theirs.parse_message(their_check())
    message.attributes.pop("FINGERPRINT")
    message.attributes["USE-CANDIDATE"] = None
    read = stun.read(bytes(message))
    assert read is not None
    assert read.is_by(PASSWORD)
    assert not read.use_candidate


def test_a_changed_bit_is_no_proof() -> None:
    datagram = bytearray(their_check())
    for at in range(8, len(datagram) - 8):  # the last attribute, FINGERPRINT, is covered by nothing
        changed = bytes(datagram[:at]) + bytes((datagram[at] ^ 1,)) + bytes(datagram[at + 1 :])
        message = stun.read(changed)
        assert message is None or not message.is_by(PASSWORD)


def test_a_message_of_endless_attributes_is_read_to_a_limit() -> None:
    body = b"\x80\xff\x00\x00" * 300
    datagram = b"\x00\x01" + len(body).to_bytes(2, "big") + b"\x21\x12\xa4\x42" + bytes(12) + body
    assert stun.ufrag_of(datagram) is None
    message = stun.read(datagram)
    assert message is not None
    assert not message.is_by(PASSWORD)


def test_no_datagram_raises() -> None:
    rng, sound = random.Random(4), their_check()
    for _ in range(3_000):
        broken = bytearray(sound)
        for _ in range(rng.randint(1, 6)):
            broken[rng.randrange(len(broken))] = rng.randrange(256)
        datagram = bytes(broken[: rng.choice((len(broken), rng.randrange(len(broken))))])
        stun.ufrag_of(datagram)
        stun.transaction_of(datagram)
        if (message := stun.read(datagram)) is not None:
            message.address()
