"""aiortc's SCTP with the limits that it lacks: what a peer's data channel can make us hold, and what can break it.

Rules: at most MOST_CHUNKS pieces of unfinished or early messages are held for one call; what finds no room is dropped
unacknowledged, so that an honest peer sends it again (RFC 9260, 6.2). What a chunk claims is checked before aiortc
counts through it number by number. A broken chunk is counted and dropped: left alone it would end aiortc's DTLS task
with a traceback.
"""

from __future__ import annotations

import struct

from aiortc import RTCDtlsTransport, RTCSctpTransport
from aiortc.rtcsctptransport import Chunk, DataChunk, ForwardTsnChunk, SackChunk, tsn_plus_one

MOST_CHUNKS = 256
"""More than twice what a message of our max-message-size is cut into; also how far ahead of a lost one we listen."""

MOST_STREAMS = 1_024
"""What Chrome itself opens at most."""

# Of each type of chunk that has parameters, the bytes before them (RFC 9260, 3.3; RFC 6525, 3.1).
_BEFORE_PARAMETERS = {1: 20, 2: 20, 4: 4, 5: 4, 6: 4, 9: 4, 130: 4}
_BEFORE_CHUNKS = 12
_LENGTH = struct.Struct("!2xH")  # of a chunk or a parameter, its own four bytes included


class BoundedSctp(RTCSctpTransport):
    def __init__(self, transport: RTCDtlsTransport) -> None:
        super().__init__(transport)
        self.broken = 0

    async def _handle_data(self, data: bytes) -> None:
        try:
            _check_parameters(data)
            await super()._handle_data(data)
        except (ValueError, AssertionError, LookupError, struct.error):
            self.broken += 1

    async def _receive_chunk(self, chunk: Chunk) -> None:
        if self._last_received_tsn is None and isinstance(chunk, DataChunk | SackChunk | ForwardTsnChunk):
            raise ValueError("a chunk about numbers that the peer's INIT has yet to tell")
        await super()._receive_chunk(chunk)

    async def _receive_data_chunk(self, chunk: DataChunk) -> None:
        held = sum(len(stream.reassembly) for stream in self._inbound_streams.values())
        # The piece that all others wait for is let in beyond the limit: without it none would ever leave.
        is_next = self._last_received_tsn is not None and chunk.tsn == tsn_plus_one(self._last_received_tsn)
        if (
            chunk.stream_id < MOST_STREAMS
            and held < (2 * MOST_CHUNKS if is_next else MOST_CHUNKS)
            and not self._is_far_ahead(chunk.tsn)
        ):
            await super()._receive_data_chunk(chunk)

    async def _receive_forward_tsn_chunk(self, chunk: ForwardTsnChunk) -> None:
        chunk.streams = [stream for stream in chunk.streams if stream[0] < MOST_STREAMS]
        await super()._receive_forward_tsn_chunk(chunk)

    async def _receive_sack_chunk(self, chunk: SackChunk) -> None:
        if not self._are_sent(chunk):
            self.broken += 1
            chunk.gaps = []
        await super()._receive_sack_chunk(chunk)

    def _is_far_ahead(self, tsn: int) -> bool:
        """Whether it is one number too many to remember behind a missing one. What is held says nothing about that:
        messages that are whole leave at once, in any order.
        """
        return self._last_received_tsn is not None and _ahead(tsn, self._last_received_tsn) > MOST_CHUNKS

    def _are_sent(self, chunk: SackChunk) -> bool:
        """Whether the gap blocks, which must not overlap (RFC 9260, 3.3.4), are of chunks that we have sent."""
        last: int = self._sent_queue[-1].tsn if self._sent_queue else chunk.cumulative_tsn
        left = max(0, _ahead(last, chunk.cumulative_tsn))
        gaps: list[tuple[int, int]] = chunk.gaps
        are_inside = all(1 <= start <= end <= left for start, end in gaps)
        return are_inside and sum(end - start + 1 for start, end in gaps) <= left


def _ahead(tsn: int, of: int) -> int:
    """How far the one number is ahead of the other; negative behind it (RFC 1982)."""
    return ((tsn - of + 0x80000000) & 0xFFFFFFFF) - 0x80000000


def _check_parameters(packet: bytes) -> None:
    """Raises ValueError for a parameter shorter than its own head (RFC 9260, 3.2.1): at length 0 aiortc stays where it
    is for ever and takes all memory.
    """
    at = _BEFORE_CHUNKS
    while at + 4 <= len(packet):
        (size,) = _LENGTH.unpack_from(packet, at)
        before = _BEFORE_PARAMETERS.get(packet[at])
        if before is not None:
            _check_lengths(packet[at + before : at + size])
        at += max(4, size + -size % 4)


def _check_lengths(parameters: bytes) -> None:
    at = 0
    while at + 4 <= len(parameters):
        (size,) = _LENGTH.unpack_from(parameters, at)
        if size < 4:
            raise ValueError("a parameter that ends before it begins")
        at += size + -size % 4
