"""One answer: LLM -> clauses -> TTS -> speaker, as one task whose body is one task group.

The task itself thinks up to the first clause and then says it, without a turn of the loop between the two: with many
calls such a turn takes milliseconds. The rest is thought of in a task beside it.

Rules: the answer is streamed at every step; cut() stops it at once and says what was heard, without waiting
for the task to notice; after cut() it touches neither the speaker nor the door. Who holds a Reply calls
tick() on the pacer's clock, which opens the gate between TTS and a full speaker.

A filler goes into the speaker ahead of the answer, whole and from outside the task, which goes on with what it does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeVar

from parley_dataplane.clauses import Clause, ClauseSplitter
from parley_dataplane.engines.base import Remember, SpeechRequest, TextDelta, TtsEngine
from parley_dataplane.errors import EngineCrashed, EngineError, EngineTimeout
from parley_dataplane.events import AgentClause, AgentFiller, AgentText, Event, TurnTiming
from parley_dataplane.fillers import Filler
from parley_dataplane.media import SPEAKING_RATE
from parley_dataplane.media.ledger import Heard
from parley_dataplane.media.speaker import Speaker
from parley_dataplane.patience import TTS_DEADLINE_SECS, Patience

LLM_DEADLINE_SECS = 15.0
"""From asking for the next piece to having it."""

Item = TypeVar("Item")

CLAUSES_AHEAD = 4
"""Clauses that wait for the voice; the LLM waits beyond that."""

BURST_SECS = 0.2
"""Audio that a voice which has everything at hand makes before the loop turns to others."""


@dataclass(slots=True)
class Stamps:
    """When each stage of a turn was reached, in seconds of the loop's clock; None until then."""

    spoke_until: float
    ended: float
    understood: float
    clause: float | None = None
    speech: float | None = None
    audible: float | None = None
    """The first audio that left, a filler's too."""


class Reply:
    """The answer number `number` of a session. `thoughts` is the LLM's stream; `voice`, `language`
    go to TTS; `on_clause` is told each clause that TTS is asked
    for, `on_audio` of each piece of audio in the speaker.
    """

    def __init__(
        self,
        *,
        number: int,
        thoughts: AsyncGenerator[TextDelta | Remember, None],
        tts: TtsEngine,
        speaker: Speaker,
        emit: Callable[[Event], None],
        on_clause: Callable[[str], None],
        on_audio: Callable[[], None],
        stamps: Stamps,
        voice: str | None,
        language: str | None,
    ) -> None:
        self.number = number
        self.stamps = stamps
        self.memory: Remember | None = None
        self.failure: EngineError | None = None
        self.tts = tts
        self.has_begun = False
        """Whether anything of the answer has left."""
        self._thoughts = thoughts
        self._speaker = speaker
        self._emit = emit
        self._on_clause = on_clause
        self._on_audio = on_audio
        self._voice = voice
        self._language = language
        self._room = asyncio.Event()
        self._made = False
        self._cut = False
        self._said: list[str] = []
        self._voiced = 0
        self._burst = 0
        speaker.begin(number)
        self.task = asyncio.create_task(self._run(), name="reply")

    def tick(self) -> None:
        """Let TTS go on if the speaker has room."""
        if not self._room.is_set() and self._speaker.has_room:
            self._room.set()

    def is_over(self, now: float) -> bool:
        """All of it was made and heard, or it failed and what was made has been heard."""
        return self._made and self._speaker.is_over(now)

    @property
    def is_audible(self) -> bool:
        """Whether anything has left, of a filler or of the answer."""
        return self.stamps.audible is not None

    @property
    def may_be_filled(self) -> bool:
        """Whether there is no audio of the answer yet, and there may be some."""
        return self.stamps.speech is None and not self._made

    def fill(self, filler: Filler) -> None:
        """Say `filler` before the answer."""
        self._tell(AgentFiller(self.number, filler.text))
        self._speaker.lead_in(filler.pcm)
        self._on_audio()

    def cut(self, now: float) -> Heard:
        """Stop here. Returns what was heard by `now`."""
        self._cut = True
        self.task.cancel()
        return self._with_unvoiced(self._speaker.cut(now))

    def heard(self, now: float) -> Heard:
        """What was heard by `now`; unheard is all the rest that the LLM has made."""
        return self._with_unvoiced(self._speaker.heard(now))

    def timing(self, now: float) -> TurnTiming:
        """The stages up to `now`, when the first audio of the answer left."""
        stamps = self.stamps
        clause = stamps.clause if stamps.clause is not None else now
        speech = stamps.speech if stamps.speech is not None else now
        marks = [stamps.spoke_until, stamps.ended, stamps.understood, clause, speech, now]
        endpointing, stt, llm, tts, send = (1000 * (after - before) for before, after in pairwise(marks))
        total = 1000 * (now - stamps.spoke_until)
        audible = stamps.audible if stamps.audible is not None else now
        perceived = 1000 * (audible - stamps.spoke_until)
        return TurnTiming(self.number, endpointing, stt, llm, tts, send, total, perceived)

    def _with_unvoiced(self, heard: Heard) -> Heard:
        unheard = " ".join(filter(None, [heard.unheard, *self._said[self._voiced :]]))
        return replace(heard, unheard=unheard)

    async def _run(self) -> None:
        try:
            async with aclosing(self._clauses()) as clauses, asyncio.TaskGroup() as group:
                if (first := await anext(clauses, None)) is not None:
                    ahead: asyncio.Queue[Clause | None] = asyncio.Queue(CLAUSES_AHEAD)
                    group.create_task(_think_on(clauses, ahead), name="reply-llm")
                    await self._speak(first, ahead)
        except* EngineError as failures:
            self.failure = next(f for f in _leaves(failures) if isinstance(f, EngineError))
        except* Exception:
            self.failure = EngineError("LLM or TTS failed in a way that it should not")
            raise
        finally:
            if not self._cut:
                self._speaker.finish()
                self._made = True

    async def _clauses(self) -> AsyncGenerator[Clause, None]:
        """The answer, clause by clause. It is read by two tasks, one after the other: each item has a deadline of its
        own, which belongs to the task that waits.
        """
        splitter = ClauseSplitter()
        async with aclosing(self._thoughts) as thoughts:
            while (thought := await _next(thoughts, LLM_DEADLINE_SECS, "LLM")) is not None:
                if isinstance(thought, Remember):
                    self.memory = thought
                    continue
                for clause in splitter.feed(thought.text):
                    yield self._made_clause(clause)
        for clause in splitter.flush():
            yield self._made_clause(clause)
        if self._said:
            self._tell(AgentText(self.number, " ".join(self._said)))

    def _made_clause(self, clause: Clause) -> Clause:
        if self.stamps.clause is None:
            self.stamps.clause = asyncio.get_running_loop().time()
        self._tell(AgentClause(self.number, len(self._said), clause.text))
        self._said.append(clause.text)
        return clause

    async def _speak(self, first: Clause, ahead: asyncio.Queue[Clause | None]) -> None:
        clause: Clause | None = first
        while clause is not None and not self._was_cut():
            await self._voice_clause(clause)
            clause = await ahead.get()

    async def _voice_clause(self, clause: Clause) -> None:
        self._voiced += 1
        self._on_clause(clause.text)
        self._speaker.open_clause(clause.text)
        request = SpeechRequest(clause.text, self._voice, self._language, self.number, clause.after)
        try:
            await self._synthesize(request)
        except (EngineCrashed, EngineTimeout):
            # An engine that died is replaced within a second, and what was made before may sound for longer. Only
            # half a clause can't be made good: its rest may not fit.
            if self._speaker.has_begun_clause:
                raise
            await self._synthesize(request)
        if not self._was_cut():
            self._speaker.close_clause()
            self._on_audio()

    async def _synthesize(self, request: SpeechRequest) -> None:
        async with (
            aclosing(self.tts.synthesize(request)) as stream,
            Patience(stream, TTS_DEADLINE_SECS, "TTS") as patience,
        ):
            while (speech := await patience.next()) is not None:
                if self._was_cut():
                    return
                if self.stamps.speech is None:
                    self.stamps.speech = asyncio.get_running_loop().time()
                self._speaker.push(speech.pcm, speech.words, speech.is_pause)
                self._on_audio()
                self._burst += len(speech.pcm)
                if not self._speaker.has_room:
                    await self._wait_for_room()
                elif self._burst >= BURST_SECS * SPEAKING_RATE:
                    self._burst = 0
                    await asyncio.sleep(0)

    def _was_cut(self) -> bool:
        # An engine may take its time to notice the cancellation, and have one more item: the speaker is the next
        # answer's by then.
        return self._cut

    async def _wait_for_room(self) -> None:
        self._burst = 0
        self._room.clear()
        await self._room.wait()

    def _tell(self, event: Event) -> None:
        if not self._cut:
            self._emit(event)


async def canned(text: str) -> AsyncGenerator[TextDelta | Remember, None]:
    """A thought that needs no LLM."""
    yield TextDelta(text)


async def _think_on(clauses: AsyncGenerator[Clause, None], ahead: asyncio.Queue[Clause | None]) -> None:
    async for clause in clauses:
        await ahead.put(clause)
    await ahead.put(None)


async def _next(stream: AsyncIterator[Item], seconds: float, role: str) -> Item | None:
    """The next item, or None at the end; raises EngineTimeout when it takes longer than `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            return await anext(stream, None)
    except TimeoutError:
        raise EngineTimeout(f"{role} gave nothing for {seconds:.0f} s") from None


def _leaves(group: BaseException) -> list[BaseException]:
    if isinstance(group, BaseExceptionGroup):
        return [leaf for inner in group.exceptions for leaf in _leaves(inner)]
    return [group]
