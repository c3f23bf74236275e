"""What an agent says again and again: made once, never ahead of a call, within its bound."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from parley_api import load
from parley_dataplane import repertoire
from parley_dataplane.agent import Agent
from parley_dataplane.engines.base import Speech, SpeechRequest
from parley_dataplane.engines.espeak import Espeak
from parley_dataplane.engines.scripted import builtin
from parley_dataplane.engines.scripted.engine import Scripted
from parley_dataplane.errors import EngineCrashed
from parley_dataplane.media import SPEAKING_RATE
from parley_dataplane.repertoire import Repertoire
from parley_dataplane.settings import Settings
from tests.unit.parley_dataplane.engines import contract
from tests.unit.parley_dataplane.engines.contract import say, sound
from tests.virtual_time import run

LANGUAGE = "en-US"
PIECE_SECS = 0.1
PIECES = 20


@dataclass
class SlowTts:
    """Says one clause at a time, as a worker process does: 20 pieces of 40 ms, each after PIECE_SECS, and a pause."""

    name: str = "slow"
    said: list[SpeechRequest] = field(default_factory=list)
    fails_at: int = 0
    open: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def synthesize(self, request: SpeechRequest) -> AsyncGenerator[Speech, None]:
        self.said.append(request)
        number = len(self.said)
        self.open += 1
        try:
            async with self.lock:
                for piece in range(PIECES):
                    await asyncio.sleep(PIECE_SECS)
                    if number == self.fails_at:
                        raise EngineCrashed("the voice is gone")
                    words = ((len(request.text), 0),) if piece == 0 else ()
                    yield Speech(np.full(SPEAKING_RATE // 25, number, np.int16), words)
                yield Speech(np.zeros(SPEAKING_RATE // 2, np.int16), is_pause=True)
        finally:
            self.open -= 1


def rehearsed(tts: SlowTts, whole: list[str], answers: list[str] | None = None) -> Repertoire:
    return Repertoire(tts, LANGUAGE, whole, answers or [])


async def quiet(secs: float = 60.0) -> None:
    await asyncio.sleep(secs)


def texts(tts: SlowTts) -> list[str]:
    return [request.text for request in tts.said]


def test_a_set_sentence_is_made_once_and_said_as_the_voice_says_it() -> None:
    async def test() -> None:
        tts = SlowTts()
        kept = rehearsed(tts, ["Hello there.", "Hello there."])
        kept.rehearse()
        await quiet()
        begin = asyncio.get_running_loop().time()
        for language in (LANGUAGE, None):
            voiced, pause = await say(kept, "Hello there.", language=language, reply=7)
            assert (voiced.words, voiced.is_pause, pause.is_pause) == (((12, 0),), False, True)
            assert len(voiced.pcm) == PIECES * SPEAKING_RATE // 25
            assert len(pause.pcm) == SPEAKING_RATE // 2
            with pytest.raises(ValueError, match="read-only"):
                voiced.pcm[0] = 1
        assert asyncio.get_running_loop().time() == begin, "nothing is waited for"
        assert texts(tts) == ["Hello there."]
        await kept.close()

    run(test())


def test_of_an_answer_the_first_clause_is_kept_and_of_one_with_a_gap_what_stands_before_it() -> None:
    async def test() -> None:
        tts = SlowTts()
        answers = ["One. Two.", "Booked. It is {day}.", "On {day}. Thanks."]
        kept = rehearsed(tts, ["Hi. Ask me."], answers)
        kept.rehearse()
        await quiet()
        assert texts(tts) == ["Hi.", "Ask me.", "One.", "Booked."]
        await kept.close()

    run(test())


@pytest.mark.parametrize("choice", [{"voice": "gmw/en"}, {"language": "de"}, {"after": "paragraph"}])
def test_what_a_caller_chose_is_asked_of_the_voice(choice: dict[str, str]) -> None:
    async def test() -> None:
        tts = SlowTts()
        kept = rehearsed(tts, ["Hello there."])
        kept.rehearse()
        await quiet()
        await say(kept, "Hello there.", **choice)
        assert len(tts.said) == 2
        await kept.close()

    run(test())


def test_a_call_does_not_wait_for_what_is_being_made_and_that_is_made_after_it() -> None:
    """The voice says one clause at a time: without giving up, the call would wait for the 1.5 s that are left."""

    async def test() -> None:
        tts = SlowTts()
        kept = rehearsed(tts, ["Hello there.", "Goodbye now."])
        kept.rehearse()
        await asyncio.sleep(0.55)
        begin = asyncio.get_running_loop().time()
        async with aclosing(kept.synthesize(SpeechRequest("An answer."))) as stream:
            await anext(stream)
            assert asyncio.get_running_loop().time() - begin <= 2 * PIECE_SECS + 0.01
        await quiet()
        assert texts(tts) == ["Hello there.", "An answer.", "Hello there.", "Goodbye now."]
        assert (
            len(sound(await say(kept, "Hello there."))) == PIECES * SPEAKING_RATE // 25 + SPEAKING_RATE // 2
        )
        assert len(tts.said) == 4
        await kept.close()

    run(test())


def test_nothing_is_begun_while_a_call_waits_for_its_first_sound() -> None:
    async def test() -> None:
        tts = SlowTts()
        kept = rehearsed(tts, ["Hello there."])
        kept.rehearse()
        await asyncio.sleep(PIECE_SECS / 2)
        streams = [kept.synthesize(SpeechRequest(f"Answer {number}.")) for number in range(3)]
        first = [asyncio.ensure_future(anext(stream)) for stream in streams]
        asked = ["Hello there.", "Answer 0.", "Answer 1.", "Answer 2."]
        for task, stream in zip(first, streams, strict=True):
            await asyncio.sleep(PIECE_SECS / 2)
            assert texts(tts) == asked, "somebody waits"
            await task
            await stream.aclose()
        await quiet()
        assert texts(tts) == [*asked, "Hello there."]
        await kept.close()

    run(test())


def test_what_is_kept_stays_within_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    one = 2 * (PIECES * SPEAKING_RATE // 25 + SPEAKING_RATE // 2)
    monkeypatch.setattr(repertoire, "MAX_BYTES", 2 * one + 1)

    async def test() -> None:
        tts = SlowTts()
        kept = rehearsed(tts, ["One.", "Two.", "Three."])
        kept.rehearse()
        await quiet()
        assert kept.bytes == 2 * one
        for text in ("One.", "Two.", "Three."):
            await say(kept, text)
        assert texts(tts)[3:] == ["Three."]
        await kept.close()

    run(test())


def test_a_sentence_that_the_voice_fails_is_left_out_and_nothing_of_it_is_logged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def test() -> None:
        tts = SlowTts(fails_at=1)
        kept = rehearsed(tts, ["My secret.", "Two."])
        kept.rehearse()
        await quiet()
        assert texts(tts) == ["My secret.", "Two."]
        assert len(sound(await say(kept, "My secret."))) > 0
        assert len(tts.said) == 3
        await kept.close()

    run(test())
    told = "".join(capsys.readouterr())
    assert "set-sentence-left-out" in told
    assert "secret" not in told


@pytest.mark.parametrize("how", ["rest", "close"])
def test_an_end_leaves_no_task_and_no_clause_in_the_voice(how: str) -> None:
    async def test() -> None:
        tts = SlowTts()
        kept = rehearsed(tts, ["Hello there.", "Goodbye now."])
        kept.rehearse()
        await asyncio.sleep(2.5 * PIECES * PIECE_SECS / 2)
        assert tts.open == 1
        await getattr(kept, how)()
        assert tts.open == 0
        assert len(asyncio.all_tasks()) == 1
        await say(kept, "Hello there.")
        assert len(tts.said) == 2, "what was kept stays"

    run(test())


def test_an_apology_is_heard_while_the_voice_is_being_replaced() -> None:
    async def test() -> None:
        espeak = Espeak()
        kept = Repertoire(espeak, LANGUAGE, ["I'm sorry, once more?"], [])
        async with contract.started(kept):
            fresh = sound(await say(espeak, "I'm sorry, once more?"))
            kept.rehearse()
            while not kept.bytes:
                await asyncio.sleep(0.01)
            assert espeak.worker.pid
            os.kill(espeak.worker.pid, signal.SIGKILL)
            again = sound(await say(kept, "I'm sorry, once more?"))
            assert contract.alike(fresh, again)
            assert espeak.worker.load == 0

    contract.run(test())


def test_an_agent_keeps_its_files_sentences_and_what_every_agent_says() -> None:
    agent = load(Path("examples/reception.yaml"))
    said = set(Scripted(agent.spec.conversation).set_sentences())
    assert {*builtin.ASK_AGAIN, builtin.GOODBYE, builtin.SLOT_MISSED, "Which day would suit you?"} <= said
    assert all(answer in said for intent in agent.spec.conversation.intents for answer in intent.every_answer)
    assert not any(text == text.upper() or text in builtin.CORRECTION for text in said), "sentences alone"


def test_a_voice_that_hums_is_asked_each_time() -> None:
    bench = Path("examples/bench.yaml")
    assert Agent.load(load(bench), bench.parent, Settings()).repertoire is None
