"""WebM in pieces of any size -> the packets of its first Opus track (RFC 8794 EBML, RFC 9559 Matroska).

Only what a microphone's recording needs: EBML header, Segment, Tracks, Clusters, SimpleBlocks and
BlockGroups; all else is stepped over by its size. Elements are read one after the other, whatever holds them,
which is why a Cluster of unknown size (MediaRecorder) needs no care. Rules: what is kept between two pushes
is at most one block.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from parley_dataplane.errors import BadAudio, UnsupportedMedia

_SEGMENT, _TRACKS, _TRACK, _CLUSTER, _BLOCK_GROUP = 0x18538067, 0x1654AE6B, 0xAE, 0x1F43B675, 0xA0
_TRACK_NUMBER, _CODEC_ID, _CODEC_PRIVATE, _ENCODINGS = 0xD7, 0x86, 0x63A2, 0x6D80
_SIMPLE_BLOCK, _BLOCK = 0xA3, 0xA1
_ENTERED = frozenset((_SEGMENT, _TRACKS, _TRACK, _CLUSTER, _BLOCK_GROUP))
_READ = frozenset((_TRACK_NUMBER, _CODEC_ID, _CODEC_PRIVATE, _ENCODINGS, _SIMPLE_BLOCK, _BLOCK))

_MAX_READ_BYTES = 64 * 1024
_LACING = 0x06
_MOST_BETWEEN_PACKETS = 1_000
"""Elements: a muxer writes a dozen. 16 MiB of empty ones are eight million."""


@dataclass(slots=True)
class _Track:
    number: int = 0
    codec: str = ""
    head: bytes = b""
    encoded: bool = False


class WebmReader:
    """`push` yields packets; the first is the OpusHead. `complete` at the end of a Segment of known size."""

    def __init__(self) -> None:
        self.complete = False
        self._pending = b""
        self._skip = 0
        self._position = 0  # of the first pending byte, in the file
        self._end: int | None = None  # of the Segment; None: unknown
        self._tracks: list[_Track] = []
        self._chosen: int | None = None
        self._between = 0  # elements since the last packet

    def push(self, data: bytes) -> Iterator[bytes]:
        """Raises BadAudio on a broken structure, UnsupportedMedia when there is no Opus track or it is
        encrypted.
        """
        self._pending += data
        while self._step_over() and not self._ended() and (element := self._next_element()) is not None:
            yield from self._read(*element)
        self.complete = self._ended()

    def _ended(self) -> bool:
        return self._end is not None and not self._skip and self._position >= self._end

    def _step_over(self) -> bool:
        """Drop what is not wanted; False when more of it is to come."""
        self._skip -= len(self._take(self._skip))
        return not self._skip

    def _take(self, size: int) -> bytes:
        taken, self._pending = self._pending[:size], self._pending[size:]
        self._position += len(taken)
        return taken

    def _next_element(self) -> tuple[int, bytes] | None:
        """Take the next element: (id, content), with empty content for what is entered or stepped over."""
        head = _element_head(self._pending)
        if head is None:
            return None
        element, size, head_bytes = head
        if element in _READ and size is not None and size <= _MAX_READ_BYTES:
            if len(self._pending) < head_bytes + size:
                return None
            self._count()
            self._take(head_bytes)
            return element, self._take(size)
        self._count()
        self._take(head_bytes)
        if element in _ENTERED:
            if element == _SEGMENT and size is not None:
                self._end = self._position + size
        elif size is None:
            raise BadAudio(
                f"WebM: element {element:#x} has no size: only Segment and Cluster may leave it out"
            )
        else:
            self._skip = size
        return element, b""

    def _count(self) -> None:
        self._between += 1
        if self._between > _MOST_BETWEEN_PACKETS:
            raise BadAudio(f"WebM: more than {_MOST_BETWEEN_PACKETS} elements without audio: record it anew")

    def _read(self, element: int, content: bytes) -> Iterator[bytes]:
        if element == _TRACK:
            self._tracks = [*self._tracks[-15:], _Track()]
        elif element == _CLUSTER and self._chosen is None:
            yield self._choose_track()
        elif element in (_SIMPLE_BLOCK, _BLOCK):
            yield from self._read_block(content)
        elif content and self._tracks:
            _describe(self._tracks[-1], element, content)

    def _choose_track(self) -> bytes:
        for track in self._tracks:
            if track.codec == "A_OPUS" and not track.encoded:
                self._chosen = track.number
                return track.head
        raise UnsupportedMedia("WebM: no plain Opus track in it: record audio/webm with codecs=opus")

    def _read_block(self, block: bytes) -> Iterator[bytes]:
        """RFC 9559, 10.1: track number, two bytes of time, flags, the packet."""
        number, start = _vint(block, 0)
        if start is None or len(block) < start + 3 or number != self._chosen:
            return
        if block[start + 2] & _LACING:
            raise UnsupportedMedia("WebM: several packets in one block (lacing): record without it")
        if len(block) > start + 3:
            self._between = 0
        yield block[start + 3 :]


def _describe(track: _Track, element: int, content: bytes) -> None:
    if element == _TRACK_NUMBER:
        track.number = int.from_bytes(content[:8], "big")
    elif element == _CODEC_ID:
        track.codec = content.decode("ascii", "replace").rstrip("\0")
    elif element == _CODEC_PRIVATE:
        track.head = content
    elif element == _ENCODINGS:
        track.encoded = True


def _element_head(data: bytes) -> tuple[int, int | None, int] | None:
    """Return (id, size or None for unknown, bytes of both), or None when more bytes are needed (RFC 8794, 5
    and 6).
    """
    if not data:
        return None
    id_bytes = _vint_bytes(data[0])
    if id_bytes > 4:
        raise BadAudio(
            "WebM: bytes that begin no element: send the file's bytes in order, from its first slice"
        )
    if len(data) <= id_bytes:
        return None
    size, end = _vint(data, id_bytes)
    if end is None:
        return None
    unknown = size == (1 << 7 * (end - id_bytes)) - 1
    return int.from_bytes(data[:id_bytes], "big"), None if unknown else size, end


def _vint_bytes(first: int) -> int:
    """The leading zero bits of the first byte count the bytes that follow it; 9 for a byte without a one."""
    return 9 - first.bit_length()


def _vint(data: bytes, start: int) -> tuple[int, int | None]:
    """Return (value, its end), or (0, None) when more bytes are needed (RFC 8794, 4)."""
    if len(data) <= start:
        return 0, None
    length = _vint_bytes(data[start])
    if length > 8:
        raise BadAudio("WebM: an element's size has more than 8 bytes: send the file's bytes in order")
    if len(data) < start + length:
        return 0, None
    value = int.from_bytes(data[start : start + length], "big")
    return value & ((1 << 7 * length) - 1), start + length
