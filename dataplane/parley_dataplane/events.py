"""What a session tells its door: typed, frozen, in the order in which it happened.

A door renders these in its own protocol; it never looks inside the session for more.
Milliseconds and seconds are floats; `turn` counts the answers of a session from 0 (a greeting is an answer), and in a
UserTranscript what the person said or typed, from 0 too: one answer may be to several of these, or to none.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The turn is now "idle", "listening", "processing" or "speaking"."""

    state: str


@dataclass(frozen=True, slots=True)
class UserTranscript:
    """What the person has said in this utterance so far: the whole text each time, not a difference. Its first `stable`
    characters will not change. A final "" takes back what was shown: it was a cough, or was lost.
    """

    turn: int
    text: str
    final: bool
    stable: int = 0


@dataclass(frozen=True, slots=True)
class AgentFiller:
    """What is said while the answer is on its way, and is no part of it."""

    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class AgentClause:
    """A clause of the answer, as soon as the LLM has made it; `index` counts from 0 within the answer."""

    turn: int
    index: int
    text: str


@dataclass(frozen=True, slots=True)
class AgentText:
    """The whole answer, once the LLM has ended; its audio goes on."""

    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class AgentHeard:
    """What of the answer was heard, by the speaker's ledger, once it has ended or was interrupted."""

    turn: int
    heard: str
    unheard: str
    interrupted: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class TurnTiming:
    """The stages between the end of speech and the first audio of the answer that left; `total_ms` is their sum.
    `perceived_ms`: until anything was to be heard; less where a filler was said.
    """

    turn: int
    endpointing_ms: float
    stt_ms: float
    llm_ms: float
    tts_ms: float
    send_ms: float
    total_ms: float
    perceived_ms: float


@dataclass(frozen=True, slots=True)
class TurnCost:
    """Dollars by the agent's price table: of the turn so far, by stage and whole, and of the call."""

    turn: int
    stt_usd: float
    llm_usd: float
    tts_usd: float
    turn_usd: float
    call_usd: float


@dataclass(frozen=True, slots=True)
class Problem:
    """Something failed and the call goes on."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The last event of a session."""

    reason: str


Event = (
    StateChanged
    | UserTranscript
    | AgentFiller
    | AgentClause
    | AgentText
    | AgentHeard
    | TurnTiming
    | TurnCost
    | Problem
    | CallEnded
)
