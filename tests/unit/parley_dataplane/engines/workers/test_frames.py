"""The pipe's frames, whole and broken."""

from __future__ import annotations

import pytest

from parley_dataplane.engines.workers.frames import Decoder, Frame, FrameError, Kind, encode


@pytest.mark.parametrize("size", [1, 2, 8, 9, 10, 1000])
def test_frames_are_the_same_however_the_pipe_cuts_them(size: int) -> None:
    frames = [Frame(Kind.OPEN, 1, b"{}"), Frame(Kind.DATA, 2**32 - 1, bytes(300)), Frame(Kind.PING, 0)]
    wire = b"".join(map(encode, frames))
    decoder = Decoder()
    parts = [wire[start : start + size] for start in range(0, len(wire), size)]
    assert [frame for part in parts for frame in decoder.feed(part)] == frames


@pytest.mark.parametrize("wire", [b"\xff" + bytes(8), b"\x02\0\0\0\0\xff\xff\xff\xff"])
def test_what_is_no_frame_is_refused_before_it_is_kept(wire: bytes) -> None:
    with pytest.raises(FrameError):
        Decoder().feed(wire)
