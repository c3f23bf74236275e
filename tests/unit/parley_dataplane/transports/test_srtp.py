"""Sealing and opening without pylibsrtp's wrapping: the same packets, the same refusals."""

from __future__ import annotations

import gc
import struct

import pylibsrtp
import pytest

from parley_dataplane.transports.webrtc import srtp

KEY = bytes(range(30))


def session(direction: int = pylibsrtp.Policy.SSRC_ANY_OUTBOUND) -> pylibsrtp.Session:
    return pylibsrtp.Session(pylibsrtp.Policy(key=KEY, ssrc_type=direction))


def incoming() -> pylibsrtp.Session:
    return session(pylibsrtp.Policy.SSRC_ANY_INBOUND)


def packet(sequence: int, size: int = 90) -> bytes:
    return struct.pack("!BBHLL", 0x80, 111, sequence, 960 * sequence, 7) + bytes(size)


def test_what_is_sealed_and_opened_is_what_pylibsrtp_would_give() -> None:
    seal, theirs = srtp.sealer(session()), session()
    open_, they_open = srtp.opener(incoming()), incoming()
    for sequence in range(200):
        plain = packet(sequence, size=sequence)
        sealed = seal(plain)
        assert sealed == theirs.protect(plain)
        assert open_(sealed) == they_open.unprotect(sealed) == plain


def test_what_is_forged_replayed_or_short_is_refused_and_the_next_one_opens() -> None:
    seal, open_ = srtp.sealer(session()), srtp.opener(incoming())
    first, second = seal(packet(1)), seal(packet(2))
    open_(first)
    for wrong in (first, second[:-1] + bytes((second[-1] ^ 1,)), second[:5], b""):
        with pytest.raises(pylibsrtp.Error):
            open_(wrong)
    assert open_(second) == packet(2)


def test_what_is_longer_than_the_buffer_is_refused() -> None:
    with pytest.raises(ValueError, match="1501 bytes: 1500 at most"):
        srtp.opener(incoming())(bytes(1_501))
    with pytest.raises(ValueError, match="1356 at most"):
        srtp.sealer(session())(bytes(1_357))


def test_a_cipher_outlives_the_session_that_it_was_made_of() -> None:
    seal, open_ = srtp.sealer(session()), srtp.opener(incoming())
    gc.collect()
    assert open_(seal(packet(1))) == packet(1)


def test_a_session_with_other_insides_is_used_as_it_is() -> None:
    class Other:
        def protect(self, packet: bytes) -> bytes:
            return packet + b"sealed"

        def unprotect(self, packet: bytes) -> bytes:
            return packet.removesuffix(b"sealed")

    other: pylibsrtp.Session = Other()  # type: ignore[assignment]
    assert srtp.opener(other)(srtp.sealer(other)(b"voice")) == b"voice"
