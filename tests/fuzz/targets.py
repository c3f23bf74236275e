"""The table of fuzzers: one row for each parser of ours that reads what strangers send.

A row's entry takes the fuzzer's bytes and returns, or raises: AssertionError where an invariant does not hold, anything
else where the parser itself broke. `run_once` adds the bound on time. To add one: write entry and seeds in the file of
its kind, add the row, run `python -m tests.fuzz NAME --keep`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tests.fuzz import packets, port, recordings, words

CPU_SECS = 0.5
"""Of one input of at most 4 KiB, instrumented, on a slow machine: an ordinary one takes a thousandth of it."""

LONGEST_INPUT = 4_096


class TooSlow(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Target:
    name: str
    entry: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]


TARGETS = {
    target.name: target
    for target in (
        Target("rtp", packets.rtp, packets.rtp_seeds),
        Target("rtcp", packets.rtcp, packets.rtcp_seeds),
        Target("sctp", packets.sctp, packets.sctp_seeds),
        Target("sdp", words.sdp, words.sdp_seeds),
        Target("port", port.port, port.port_seeds),
        Target("candidate", port.candidate, port.candidate_seeds),
        Target("messages", words.messages, words.messages_seeds),
        Target("upload", words.upload, words.upload_seeds),
        Target("opus", recordings.opus, recordings.opus_seeds),
        Target("webm", recordings.webm, partial(recordings.container_seeds, "webm")),
        Target("ogg", recordings.ogg, partial(recordings.container_seeds, "ogg")),
        Target("wav", recordings.wave, recordings.wav_seeds),
        Target("recording", recordings.recording, recordings.recording_seeds),
    )
}


def run_once(target: Target, data: bytes) -> None:
    """Raises what the entry raises, or TooSlow; a second try forgives the first use of a library."""
    for attempt in range(2):
        started = time.process_time()
        target.entry(data)
        taken = time.process_time() - started
        if taken <= CPU_SECS:
            return
        if attempt:
            raise TooSlow(f"{len(data)} bytes took {taken:.2f} s of CPU: at most {CPU_SECS} s")
