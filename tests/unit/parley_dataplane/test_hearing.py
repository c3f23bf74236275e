"""The ear, with a detector that the test scripts: each sample's value is its loudness."""

import numpy as np
import pytest

from parley_dataplane import hearing
from parley_dataplane.engines.base import VadStream
from parley_dataplane.errors import BadAudio
from parley_dataplane.hearing import Ear, EarEvent, NothingSaid, SpeechAudio, SpeechEnded, SpeechStarted
from parley_dataplane.media import HEARING_RATE, Pcm

WINDOW = 512


class LoudnessVad(VadStream):
    """A window of ones is voice, of zeros is silence."""

    def __init__(self) -> None:
        self._rest = np.zeros(0, np.int16)

    def push(self, pcm: Pcm) -> list[float]:
        self._rest = np.concatenate((self._rest, pcm))
        found = []
        while len(self._rest) >= WINDOW:
            found.append(float(self._rest[:WINDOW].mean()))
            self._rest = self._rest[WINDOW:]
        return found


def voice(seconds: float) -> Pcm:
    return np.ones(round(seconds * HEARING_RATE), np.int16)


def silence(seconds: float) -> Pcm:
    return np.zeros(round(seconds * HEARING_RATE), np.int16)


def ear(silence_ms: int = 300, max_utterance_ms: int = 30_000) -> Ear:
    return Ear(LoudnessVad(), WINDOW, 0.5, silence_ms, max_utterance_ms)


def live(listener: Ear, *audio: Pcm, start: float = 0.0) -> list[tuple[float, EarEvent]]:
    """20 ms at a time at the pace of speech; events with the time at which they came."""
    pcm = np.concatenate(audio)
    found = []
    for index in range(0, len(pcm), 320):
        now = start + index / HEARING_RATE
        found += [(now, event) for event in listener.push(pcm[index : index + 320], now)]
    return found


def of(kind: type, events: list[tuple[float, EarEvent]]) -> list[tuple[float, EarEvent]]:
    return [(now, event) for now, event in events if isinstance(event, kind)]


def test_speech_ends_after_the_set_silence() -> None:
    events = live(ear(silence_ms=300), silence(1), voice(1), silence(2))
    ((ended, event),) = of(SpeechEnded, events)
    assert ended == pytest.approx(2.3, abs=0.06)
    assert isinstance(event, SpeechEnded)
    assert event.spoke_until == pytest.approx(2.0, abs=0.05)


def test_a_pause_shorter_than_the_silence_ends_nothing() -> None:
    events = live(ear(silence_ms=300), voice(0.5), silence(0.22), voice(0.5), silence(1))
    assert len(of(SpeechStarted, events)) == len(of(SpeechEnded, events)) == 1


def test_a_click_is_no_speech() -> None:
    assert live(ear(), silence(0.5), voice(0.03), silence(1)) == []


def test_what_stt_gets_begins_before_the_onset_was_noticed_and_misses_nothing() -> None:
    pcm = np.concatenate((silence(1), voice(1), silence(1)))
    pcm = np.where(pcm > 0, np.int16(1), np.int16(0)).astype(np.int16)
    events = live(ear(), pcm)
    heard = np.concatenate(
        [event.pcm for _, event in events if isinstance(event, SpeechStarted | SpeechAudio)]
    )
    assert heard.sum() == HEARING_RATE, "every voiced sample"
    assert 0.2 * HEARING_RATE < np.argmax(heard) < 0.5 * HEARING_RATE, "and some silence before"


def test_an_endless_utterance_is_cut_and_the_next_one_waits_for_a_pause() -> None:
    events = live(ear(max_utterance_ms=1_000), voice(5), silence(0.5), voice(1), silence(1))
    starts, ends = of(SpeechStarted, events), of(SpeechEnded, events)
    assert ends[0][0] == pytest.approx(1.0, abs=0.1)
    assert len(starts) == 2
    assert starts[1][0] > 5.4


def test_a_peer_that_stops_sending_has_ended_its_turn() -> None:
    listener = ear(silence_ms=300)
    live(listener, voice(1))
    assert listener.tick(1.1) == []
    assert [type(event) for event in listener.tick(1.45)] == [SpeechEnded]


def test_gaps_that_the_peer_always_leaves_are_no_silence() -> None:
    """MediaRecorder sends a slice a second: the gap between slices is longer than the silence that ends a turn."""
    listener = ear(silence_ms=300)
    for second in range(4):
        events = listener.push(voice(1), float(second))
        for tick in range(50):
            events += listener.tick(second + tick * 0.02)
        assert not any(isinstance(event, SpeechEnded) for event in events), second


def test_a_recording_in_one_message_is_heard_slice_by_slice() -> None:
    listener = ear(silence_ms=1_500)
    events = listener.push(np.concatenate((silence(0.5), voice(3), silence(0.2))), 0.0)
    events += listener.end_of_audio(0.0)
    assert not any(isinstance(event, SpeechEnded) for event in events)
    for tick in range(1, 20):
        events += listener.tick(tick * 0.02)
    assert [type(event) for event in events if not isinstance(event, SpeechAudio)] == [
        SpeechStarted,
        SpeechEnded,
    ]


def test_a_recording_without_speech_says_so() -> None:
    listener = ear()
    listener.push(silence(0.4), 0.0)
    assert listener.end_of_audio(0.0) == [NothingSaid()]


def test_audio_far_ahead_of_the_pace_of_speech_is_refused() -> None:
    listener = ear()
    with pytest.raises(BadAudio, match="pace of speech"):
        listener.push(voice(hearing.BACKLOG_SECS + 1), 0.0)


def test_settings_change_in_the_middle_of_speech() -> None:
    listener = ear(silence_ms=5_000)
    live(listener, voice(1))
    listener.configure(0.5, 100, 30_000)
    assert of(SpeechEnded, live(listener, silence(0.3), start=1.0))
