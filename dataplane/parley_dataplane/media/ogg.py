"""Ogg pages in pieces of any size -> the packets of their first Opus stream (RFC 3533, RFC 7845).

Rules: what is kept between two pushes is at most one page and one packet; a page that does not begin where
the one before it ended is an error, not something to search for: WebSockets lose nothing. The checksum is not
looked at, for the same reason.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from parley_dataplane.errors import BadAudio, UnsupportedMedia

MAX_PACKET_BYTES = 61_440
"""RFC 7845, 6: no Opus packet of one or two channels is larger."""

_MOST_EMPTY = 1_000  # packets in a row: a page can claim 255 of them

_HEADER_BYTES = 27
_CONTINUED, _LAST_PAGE = 0x01, 0x04


class OggReader:
    """`push` yields packets; the first is the OpusHead. `complete` after the page that says it is the last."""

    def __init__(self) -> None:
        self.complete = False
        self._pending = b""
        self._serial: int | None = None
        self._packets = 0  # of the stream, begun
        self._empty = 0  # packets, in a row
        self._packet = bytearray()
        self._oversized = False

    def push(self, data: bytes) -> Iterator[bytes]:
        """Raises BadAudio on a broken page, UnsupportedMedia when the first stream is not Opus."""
        self._pending += data
        while not self.complete and (page := self._next_page()) is not None:
            yield from self._read_page(page)

    def _next_page(self) -> bytes | None:
        pending = self._pending
        if pending[:5] != b"OggS\0"[: len(pending)]:
            raise BadAudio(
                "Ogg: a page does not begin with OggS and version 0: send the file's bytes in order"
            )
        if len(pending) < _HEADER_BYTES:
            return None
        segments = pending[26]
        if len(pending) < _HEADER_BYTES + segments:
            return None
        size = _HEADER_BYTES + segments + sum(pending[_HEADER_BYTES : _HEADER_BYTES + segments])
        if len(pending) < size:
            return None
        self._pending = pending[size:]
        return pending[:size]

    def _read_page(self, page: bytes) -> Iterator[bytes]:
        flags, serial = page[5], struct.unpack_from("<I", page, 14)[0]
        if self._serial is None:
            self._serial = serial
        if serial != self._serial:  # another stream (video) beside ours
            return
        if not flags & _CONTINUED:
            self._packet.clear()
        segments = page[_HEADER_BYTES : _HEADER_BYTES + page[26]]
        start = _HEADER_BYTES + len(segments)
        for size in segments:
            self._grow(page[start : start + size])
            start += size
            if size < 255:  # a packet ends with its first segment that is not full
                yield from self._end_packet()
        self.complete = bool(flags & _LAST_PAGE)

    def _grow(self, segment: bytes) -> None:
        if len(self._packet) + len(segment) <= MAX_PACKET_BYTES:
            self._packet += segment
        else:
            self._oversized = True

    def _end_packet(self) -> Iterator[bytes]:
        packet, oversized = bytes(self._packet), self._oversized
        self._packet.clear()
        self._oversized = False
        self._packets += 1
        self._empty = 0 if packet else self._empty + 1
        if self._empty > _MOST_EMPTY:
            raise BadAudio(f"Ogg: more than {_MOST_EMPTY} packets without audio: record it anew")
        if self._packets == 1 and not packet.startswith(b"OpusHead"):
            raise UnsupportedMedia("Ogg: its first stream is not Opus: record audio/ogg with codecs=opus")
        if self._packets == 2:  # OpusTags: titles and cover art, of any size
            return
        if oversized:
            raise BadAudio(f"Ogg: a packet of more than {MAX_PACKET_BYTES} bytes: Opus has none so large")
        yield packet
