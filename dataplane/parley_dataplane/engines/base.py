"""One small protocol per role: VAD, STT, LLM, TTS.

A new engine is one file with one class, and one line in registry.py. An engine is made from its part of the
spec (one typed model) and is shared by all calls of the process; what belongs to one call is an argument or a
stream.

Rules: a generator never yields inside a task group or timeout (the consumer closes it with `aclosing`);
closing it frees whatever it held; failures are `EngineError`s; nothing here reads a clock to decide what to
say; spoken words never reach a log. `start` may take its time, everything after it must not block the loop.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from parley_dataplane.media import Pcm


class Engine(Protocol):
    """What every engine can do. `name` is how the spec calls it ("pocketsphinx")."""

    name: str

    async def start(self) -> None:
        """Load what it needs; raises EngineUnavailable with what is missing and how to get it."""

    async def close(self) -> None:
        """Free everything; safe to call twice."""


# VAD


class VadStream(Protocol):
    """One caller's voice detector."""

    def push(self, pcm: Pcm) -> None:
        """Take 16 kHz PCM of any length; only queues it."""

    def take(self) -> list[float]:
        """Speech probabilities (0 to 1) of windows completed since the last call, in order. What VadEngine.work
        has not done yet is done now.
        """


class VadEngine(Engine, Protocol):
    window: int
    """Samples of one window at 16 kHz (Silero: 512)."""

    def open(self) -> VadStream:
        """A stream; it is freed when nobody holds it any more."""

    def work(self) -> None:
        """Run every complete window of every stream, all streams at once."""


# STT


@dataclass(frozen=True, slots=True)
class Partial:
    """What has been understood so far: the whole text each time. Its first `stable` characters will not change."""

    text: str
    stable: int = 0


@dataclass(frozen=True, slots=True)
class Likely:
    """What Final will say unless more is said: the person pauses. Nobody is shown it."""

    text: str
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Final:
    """The utterance. `alternatives` are other readings, best first, without `text`; `confidence` 0 to 1, or
    None.
    """

    text: str
    alternatives: tuple[str, ...] = ()
    confidence: float | None = None


class SttStream(Protocol):
    """One utterance. push, push, ..., end; `events` yields Partials, maybe Likelies, and then exactly one Final."""

    def push(self, pcm: Pcm) -> None:
        """Take 16 kHz PCM of any length; never waits."""

    def end(self) -> None:
        """No more audio: Final follows."""

    def events(self) -> AsyncGenerator[Partial | Likely | Final, None]:
        """Raises EngineCrashed or EngineTimeout when the utterance is lost."""

    async def aclose(self) -> None:
        """Give up the utterance, or free it after Final; safe to call twice."""


class SttEngine(Engine, Protocol):
    def open(self, language: str) -> SttStream:
        """Begin an utterance; does not wait (audio pushed before the engine is ready is kept)."""


# LLM


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of a conversation. For the agent, `text` is what was heard of it, `unheard` what was not."""

    role: Literal["user", "assistant"]
    text: str
    unheard: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class UserTurn:
    """What the person has just said (the last message of the history, with its other readings). What was
    typed can't have been misheard. No words: they spoke, and nothing was understood of it.
    """

    text: str
    alternatives: tuple[str, ...] = ()
    confidence: float | None = None
    typed: bool = False


@dataclass(frozen=True, slots=True)
class TextDelta:
    """Some more of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Remember:
    """What this engine wants to find in `memory` at the next turn; kept only if some of the answer
    was heard.
    """

    memory: Mapping[str, Any]


class LlmEngine(Engine, Protocol):
    def reply(
        self, turn: UserTurn, history: Sequence[Message], memory: Mapping[str, Any]
    ) -> AsyncGenerator[TextDelta | Remember, None]:
        """Answer `turn`. `history` ends before it. `memory` is what the last `Remember` of this session held,
        or {}.
        """


@runtime_checkable
class SaysSetSentences(Protocol):
    """An LLM some of whose sentences are known beforehand."""

    def set_sentences(self) -> Iterable[str]:
        """What it says word for word; where a text has a gap, it is {in braces}."""


@runtime_checkable
class ThinksAhead(Protocol):
    """An LLM that can begin before it is asked."""

    def expect(self, turn: UserTurn) -> None:
        """`reply` may soon be asked this very turn, or never; does not wait. What was said is forgotten soon."""


# TTS

Break = Literal["", "line", "paragraph"]
"""What of a text's layout ends with a clause."""


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """A clause to say. `reply` counts the answers of the session from 0; `voice` None means the spec's; `after` is what
    ends with the clause, for the pause that follows it.
    """

    text: str
    voice: str | None = None
    language: str | None = None
    reply: int = 0
    after: Break = ""


@dataclass(frozen=True, slots=True)
class Speech:
    """Some more audio of the clause at 24 kHz, and the words that begin in it.

    `words` are (end offset of the word in the clause's text, its first sample counted from the clause's
    start). `is_pause`: the clause has been said, and only silence follows.
    """

    pcm: Pcm
    words: tuple[tuple[int, int], ...] = field(default=())
    is_pause: bool = False


class TtsEngine(Engine, Protocol):
    def synthesize(self, request: SpeechRequest) -> AsyncGenerator[Speech, None]:
        """Say one clause; first audio as soon as there is any."""
