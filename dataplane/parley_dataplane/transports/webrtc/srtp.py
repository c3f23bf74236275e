"""SRTP of one call as two plain functions: seal what is sent, open what comes (RFC 3711).

pylibsrtp's own methods make a C integer and two calls for each packet, which is 40 % of their time. Here libsrtp is
called with what the session holds anyway, made once. Where a pylibsrtp has other insides, its own methods serve.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pylibsrtp

Cipher = Callable[[bytes], bytes]
"""A packet in, a packet out. pylibsrtp.Error where it is forged, replayed or broken; ValueError for one too long."""

_TAG = 16 + 128  # bytes that sealing may add: SRTP_MAX_TRAILER_LEN of libsrtp


def sealer(session: pylibsrtp.Session) -> Cipher:
    """Seals RTP packets as `session` does."""
    return _direct(session, "srtp_protect", _TAG) or session.protect


def opener(session: pylibsrtp.Session) -> Cipher:
    """Opens SRTP packets as `session` does."""
    return _direct(session, "srtp_unprotect", 0) or session.unprotect


def _direct(session: Any, name: str, added: int) -> Cipher | None:
    """`session` itself may go: what libsrtp works on is held here."""
    binding: Any = pylibsrtp
    try:
        work = getattr(binding.lib, name)
        context, place, content = session._srtp, session._cdata, session._buffer
        length: Any = binding.ffi.new("int *")
        problems: list[str] = binding.ERRORS
    except AttributeError:
        return None
    longest = len(place) - added

    def cipher(packet: bytes) -> bytes:
        size = len(packet)
        if size > longest:
            raise ValueError(f"a packet of {size} bytes: {longest} at most")
        length[0] = size
        content[0:size] = packet
        status = work(context[0], place, length)
        if status:
            raise pylibsrtp.Error(problems[status])
        sealed: bytes = content[0 : length[0]]
        return sealed

    return cipher
