"""The test tone of a call: what leaves and when, what can end it, and the ordinary call that follows."""

from __future__ import annotations

import numpy as np
import pytest

from parley_dataplane.events import AgentHeard
from parley_dataplane.media import FRAME_SECS, SPEAKING_RATE
from tests.one_call import ANSWER, Call, history

GREETING = {"instructions": "Be kind.", "greeting": "Good morning."}
TONE_SECS = 4.0


def test_a_test_tone_is_said_at_once_and_in_place_of_the_greeting() -> None:
    async def script(call: Call) -> None:
        await call.quiet(TONE_SECS + 1.0)

    call = Call(conversation=GREETING).run(script, test_tone=True)
    assert call.tts.said == [], "it needs no voice of the agent's"
    assert call.peer.audio[0][0] <= 1000.0 + FRAME_SECS
    assert call.peer.secs == TONE_SECS >= 3.0
    pcm = np.concatenate([chunk.pcm for _, chunk in call.peer.audio])
    assert np.argmax(np.abs(np.fft.rfft(pcm))) / TONE_SECS == 440
    gaps = np.diff([at for at, _ in call.peer.audio])
    assert max(gaps) == pytest.approx(FRAME_SECS)
    assert call.peer.states == ["processing", "speaking", "idle"]
    assert call.peer.of(AgentHeard) == [AgentHeard(0, "Test tone.", "", False, TONE_SECS)]


def test_after_the_test_tone_it_is_an_ordinary_call() -> None:
    async def script(call: Call) -> None:
        await call.quiet(TONE_SECS + 0.5)
        await call.speak(1.0, 4.0)

    call = Call(texts=["tell me"], conversation=GREETING).run(script, test_tone=True)
    assert history(call) == [
        ("assistant", "Test tone.", ""),
        ("user", "tell me", ""),
        ("assistant", ANSWER, ""),
    ]


def test_a_voice_makes_no_hole_in_the_test_tone() -> None:
    async def script(call: Call) -> None:
        await call.quiet(1.0)
        await call.speak(1.0, 4.0)

    call = Call().run(script, test_tone=True)
    assert call.peer.secs == TONE_SECS
    assert max(np.diff([at for at, _ in call.peer.audio])) == pytest.approx(FRAME_SECS)
    assert [outcome.interrupted for outcome in call.peer.of(AgentHeard)] == [False]


def test_stop_tts_ends_the_test_tone_and_the_ledger_says_when() -> None:
    async def script(call: Call) -> None:
        await call.quiet(1.0)
        assert call.session.interrupt()
        stopped_at = call.peer.secs
        await call.quiet(1.0)
        assert call.peer.secs == stopped_at
        await call.speak(1.0, 4.0)

    call = Call(texts=["tell me"]).run(script, test_tone=True)
    tone = call.peer.of(AgentHeard)[0]
    assert tone.interrupted
    assert tone.seconds == pytest.approx(1.0, abs=2 * FRAME_SECS)
    assert sum(len(c.pcm) for _, c in call.peer.audio if c.turn == 0) / SPEAKING_RATE == pytest.approx(
        tone.seconds
    )
    assert history(call)[-1] == ("assistant", ANSWER, "")
