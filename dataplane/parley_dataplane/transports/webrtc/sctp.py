"""aiortc's SCTP with the limits that it lacks: what a peer's data channel can make us hold, and what can break it.

Rules: at most MOST_CHUNKS pieces of unfinished or early messages are held for one call; what finds no room is dropped
unacknowledged, so that an honest peer sends it again (RFC 9260, 6.2). A broken chunk is counted and dropped: left alone
it would end aiortc's DTLS task with a traceback.
"""

from __future__ import annotations

import struct

from aiortc import RTCDtlsTransport, RTCSctpTransport
from aiortc.rtcsctptransport import DataChunk, tsn_plus_one

MOST_CHUNKS = 256
"""More than twice what a message of our max-message-size is cut into."""

MOST_STREAMS = 1_024
"""What Chrome itself opens at most."""


class BoundedSctp(RTCSctpTransport):
    def __init__(self, transport: RTCDtlsTransport) -> None:
        super().__init__(transport)
        self.broken = 0

    async def _handle_data(self, data: bytes) -> None:
        try:
            await super()._handle_data(data)
        except (ValueError, AssertionError, LookupError, struct.error):
            self.broken += 1

    async def _receive_data_chunk(self, chunk: DataChunk) -> None:
        held = sum(len(stream.reassembly) for stream in self._inbound_streams.values())
        # The piece that all others wait for is let in beyond the limit: without it none would ever leave.
        is_next = self._last_received_tsn is not None and chunk.tsn == tsn_plus_one(self._last_received_tsn)
        if chunk.stream_id < MOST_STREAMS and held < (2 * MOST_CHUNKS if is_next else MOST_CHUNKS):
            await super()._receive_data_chunk(chunk)
