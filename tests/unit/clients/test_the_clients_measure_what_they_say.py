"""What the call tests lean on can itself fail: microphone, recording and listening are checked with known sound."""

from __future__ import annotations

import numpy as np
import pytest

from tests import speech
from tests.clients.beside import Waits, report
from tests.clients.containers import opus, read_wav, wav
from tests.clients.listening import SAME, resemblance
from tests.clients.microphone import Microphone
from tests.clients.recording import Recording
from tests.server import ADDRESS, triples
from tests.speech import Pcm

RATE = 16_000
OPEN = "We are open Monday to Friday, from eight in the morning to six in the evening."
BRING = "Please bring your insurance card, and a list of the medicines that you take."


def _voice(frames: int) -> Pcm:
    return np.full(frames * 320, 8000, np.int16)


def test_the_packets_with_the_first_and_the_last_voiced_sample_are_known() -> None:
    microphone = Microphone(RATE)
    said = microphone.say(np.concatenate([speech.silence(0.04), _voice(3), speech.silence(0.1)]))
    for number in range(12):
        microphone.frame()
        microphone.sent(float(number))
    assert (said.first_packet_at, said.last_packet_at) == (2.0, 4.0)


def test_silence_is_sent_when_nothing_is_said() -> None:
    assert not Microphone(RATE).frame().any()


def test_an_utterance_without_a_voice_is_refused() -> None:
    with pytest.raises(ValueError, match="none of them is voiced"):
        Microphone(RATE).say(speech.silence(1.0))


def test_a_recording_tells_audible_from_silent_and_counts_the_lost() -> None:
    heard = Recording(RATE)
    for number, pcm in enumerate([_voice(1), _voice(1) // 8000, _voice(1)]):
        heard.add(float(number), pcm.nbytes, pcm, sequence=(65535 + number + (number == 2)) & 0xFFFF)
    assert [arrival.at for arrival in heard.audible()] == [0.0, 2.0]
    assert heard.lost() == 1
    assert heard.seconds() == pytest.approx(0.06)
    assert list(heard.gaps(0.0, 2.5)) == [(0.0, 0.0), (0.0, 1.0), (1.0, 2.0), (2.0, 2.5)]


def test_a_call_beside_does_not_blame_the_server_for_its_waits_for_a_cpu() -> None:
    heard, waits = Recording(RATE), Waits()
    for number, at in enumerate([0.02, 0.04, 0.34, 0.36]):
        heard.add(at, 1, _voice(1), sequence=number)
    waits.looks = [(0.0, 7.0), (0.05, 7.0), (0.3, 7.25), (0.4, 7.25)]
    told = report(heard, waits, 0.0, 0.38, late=0.0)
    assert told.longest_gap == pytest.approx(0.05), "0.3 s, of which it waited 0.25"
    waits.looks = [(0.0, 7.0), (0.4, 7.0)]
    assert report(heard, waits, 0.0, 0.38, late=0.0).longest_gap == pytest.approx(0.3)


def test_a_recording_tells_by_how_much_its_sender_ran_ahead() -> None:
    heard = Recording(RATE)
    for at in (0.0, 0.0, 0.0, 0.06):
        heard.add(at, 640, _voice(1))
    assert heard.ahead() == pytest.approx(0.04)


def test_a_sentence_resembles_itself_and_no_other() -> None:
    said = speech.say(OPEN, 24_000, voice=speech.AGENT_VOICE, words_per_minute=165)
    assert resemblance(said, 24_000, OPEN) >= SAME
    assert resemblance(said, 24_000, BRING) < SAME
    assert resemblance(speech.silence(3.0, 24_000), 24_000, OPEN) < SAME
    assert resemblance(said[: said.size // 2], 24_000, OPEN) < SAME


def test_containers_hold_what_was_put_in() -> None:
    pcm = speech.say("Hello.")
    back, rate = read_wav(wav(pcm, RATE))
    assert (rate, back.tolist()) == (RATE, pcm.tolist())
    assert opus(pcm, RATE, "webm").startswith(b"\x1a\x45\xdf\xa3")
    assert opus(pcm, RATE, "ogg").startswith(b"OggS")
    with pytest.raises(ValueError, match="the header promises"):
        read_wav(wav(pcm, RATE)[:-10])


def test_speech_is_the_same_every_time_and_not_the_agents() -> None:
    assert np.array_equal(speech.say("Hello.", variant="f3"), speech.say("Hello.", variant="f3"))
    assert not np.array_equal(speech.say("Hello."), speech.say("Hello.", voice=speech.AGENT_VOICE))


@pytest.mark.parametrize("log", ["peer 192.0.2.7 left", "from [2001:db8:0:1:2:3:4:5]", "candidate fe80::1"])
def test_an_address_in_a_log_is_found(log: str) -> None:
    assert ADDRESS.search(log)


@pytest.mark.parametrize(
    "log", ["2026-01-02T10:20:30.123Z took 1.5 s", "version 1.31.1", "std::cafe", "at 10:20:30 :5"]
)
def test_what_is_no_address_is_left_alone(log: str) -> None:
    assert not ADDRESS.search(log)


def test_three_words_in_a_row_are_what_a_log_must_not_hold() -> None:
    assert triples("What are your hours?") == ["what are your", "are your hours"]
