"""THE turn: who speaks, as one table. Only this file changes the state of a turn; it never awaits and reads
no clock.

    idle        nobody speaks
    listening   the person speaks
    processing  the person has ended; the answer is on its way and nothing of it has left
    speaking    the answer's audio leaves
    paused      a sound that may be the person's voice holds it up; for everybody outside this is still "speaking"

`Turn.handle(event)` looks the event up in TRANSITIONS, moves on, and returns the effects that the session
then carries out in order. A row that the table lacks changes nothing and raises UnexpectedEvent: the session
counts it, and the call goes on. REFUSED says why each of those rows is not there.

Interruption has two steps. The first sign of a voice in `speaking` pauses the reply; then either it was no voice,
and the reply goes on where it was, or it is speech, and one row cancels the reply, which itself commits what was heard.
Speech without a sign before it cancels at once. While nobody speaks a sign changes nothing: there is nothing to pause.
Speech in `processing` is a person who had only paused: the reply is cancelled before anything was heard, and
its question is answered together with what comes next.
"""

from __future__ import annotations

from enum import Enum

from parley_dataplane.errors import UnexpectedEvent


class State(Enum):
    IDLE = "idle"
    LISTENING = "listening"
    PROCESSING = "processing"
    SPEAKING = "speaking"
    PAUSED = "paused"

    @property
    def told(self) -> str:
        """Its name for peers: whether a cough stops the voice for a moment is nothing that they act upon."""
        return State.SPEAKING.value if self is State.PAUSED else self.value


class Happened(Enum):
    """What can happen to a turn."""

    GREETING_DUE = "the media is connected and the agent speaks first"
    TEST_TONE_DUE = "the media is connected and the caller has asked for a test tone"
    SIGN_HEARD = "a sound began that may be the person's voice"
    SIGN_REVOKED = "that sound was no voice, or nobody has said in time what it was"
    SPEECH_STARTED = "the person began to speak"
    SPEECH_ENDED = "the person has been silent for long enough, or spoken for too long"
    UNDERSTOOD = "STT has ended all utterances, and something waits for an answer"
    NOT_UNDERSTOOD = "STT has ended all utterances, and nothing waits for an answer"
    TYPED = "the person typed instead of speaking"
    QUESTION_DUE = "nobody has said anything for long, and the agent asks whether the person is still there"
    APOLOGY_DUE = "an engine failed, and nothing else is going to be said"
    GOODBYE_DUE = "the service ends the call"
    AUDIO_STARTED = "the first audio of the answer left"
    REPLY_ENDED = "the answer was heard to its end, or there was none"
    REPLY_FAILED = "an engine failed while answering"
    INTERRUPTED = "the person asked for silence by a button or a message"


class Effect(Enum):
    """What the session does about it."""

    OPEN_UTTERANCE = "open an STT stream"
    FINISH_UTTERANCE = "tell STT that the utterance is over"
    DROP_UTTERANCE = "forget the utterance in progress"
    START_REPLY = "answer everything that is unanswered"
    PAUSE_REPLY = "hold the reply's audio back"
    RESUME_REPLY = "let it go on at the very next sample"
    CANCEL_REPLY = "cancel the reply; it commits what was heard"
    SET_ASIDE = "what was asked so far needs no answer any more"


S, H, E = State, Happened, Effect

Row = tuple[State, tuple[Effect, ...]]

TRANSITIONS: dict[State, dict[Happened, Row]] = {
    S.IDLE: {
        H.GREETING_DUE: (S.PROCESSING, (E.START_REPLY,)),
        H.TEST_TONE_DUE: (S.PROCESSING, (E.START_REPLY,)),
        H.QUESTION_DUE: (S.PROCESSING, (E.START_REPLY,)),
        H.APOLOGY_DUE: (S.PROCESSING, (E.START_REPLY,)),
        H.GOODBYE_DUE: (S.PROCESSING, (E.START_REPLY,)),
        H.SIGN_HEARD: (S.IDLE, ()),
        H.SIGN_REVOKED: (S.IDLE, ()),
        H.SPEECH_STARTED: (S.LISTENING, (E.OPEN_UTTERANCE,)),
        H.TYPED: (S.PROCESSING, (E.START_REPLY,)),
        H.INTERRUPTED: (S.IDLE, ()),
    },
    S.LISTENING: {
        H.GREETING_DUE: (S.LISTENING, ()),
        H.TEST_TONE_DUE: (S.LISTENING, ()),
        H.GOODBYE_DUE: (S.PROCESSING, (E.DROP_UTTERANCE, E.START_REPLY)),
        H.SPEECH_ENDED: (S.PROCESSING, (E.FINISH_UTTERANCE,)),
        H.TYPED: (S.PROCESSING, (E.DROP_UTTERANCE, E.START_REPLY)),
        H.INTERRUPTED: (S.LISTENING, ()),
    },
    S.PROCESSING: {
        H.GREETING_DUE: (S.PROCESSING, ()),
        H.TEST_TONE_DUE: (S.PROCESSING, ()),
        H.GOODBYE_DUE: (S.PROCESSING, (E.CANCEL_REPLY, E.DROP_UTTERANCE, E.START_REPLY)),
        H.SIGN_HEARD: (S.PROCESSING, ()),
        H.SIGN_REVOKED: (S.PROCESSING, ()),
        H.SPEECH_STARTED: (S.LISTENING, (E.CANCEL_REPLY, E.OPEN_UTTERANCE)),
        H.UNDERSTOOD: (S.PROCESSING, (E.START_REPLY,)),
        H.NOT_UNDERSTOOD: (S.IDLE, ()),
        H.TYPED: (S.PROCESSING, (E.CANCEL_REPLY, E.DROP_UTTERANCE, E.START_REPLY)),
        H.AUDIO_STARTED: (S.SPEAKING, ()),
        H.REPLY_ENDED: (S.IDLE, ()),
        H.REPLY_FAILED: (S.IDLE, ()),
        H.INTERRUPTED: (S.IDLE, (E.CANCEL_REPLY, E.DROP_UTTERANCE, E.SET_ASIDE)),
    },
    S.SPEAKING: {
        H.GREETING_DUE: (S.SPEAKING, ()),
        H.TEST_TONE_DUE: (S.SPEAKING, ()),
        H.GOODBYE_DUE: (S.PROCESSING, (E.CANCEL_REPLY, E.START_REPLY)),
        H.SIGN_HEARD: (S.PAUSED, (E.PAUSE_REPLY,)),
        H.SIGN_REVOKED: (S.SPEAKING, ()),
        H.SPEECH_STARTED: (S.LISTENING, (E.CANCEL_REPLY, E.OPEN_UTTERANCE)),
        H.TYPED: (S.PROCESSING, (E.CANCEL_REPLY, E.START_REPLY)),
        H.REPLY_ENDED: (S.IDLE, ()),
        H.REPLY_FAILED: (S.IDLE, ()),
        H.INTERRUPTED: (S.IDLE, (E.CANCEL_REPLY, E.SET_ASIDE)),
    },
    S.PAUSED: {
        H.GREETING_DUE: (S.PAUSED, ()),
        H.TEST_TONE_DUE: (S.PAUSED, ()),
        H.GOODBYE_DUE: (S.PROCESSING, (E.CANCEL_REPLY, E.START_REPLY)),
        H.SIGN_REVOKED: (S.SPEAKING, (E.RESUME_REPLY,)),
        H.SPEECH_STARTED: (S.LISTENING, (E.CANCEL_REPLY, E.OPEN_UTTERANCE)),
        H.TYPED: (S.PROCESSING, (E.CANCEL_REPLY, E.START_REPLY)),
        H.REPLY_ENDED: (S.IDLE, ()),
        H.REPLY_FAILED: (S.IDLE, ()),
        H.INTERRUPTED: (S.IDLE, (E.CANCEL_REPLY, E.SET_ASIDE)),
    },
}

REFUSED: dict[tuple[State, Happened], str] = {
    (S.IDLE, H.SPEECH_ENDED): "nobody spoke",
    (S.IDLE, H.UNDERSTOOD): "no utterance is open",
    (S.IDLE, H.NOT_UNDERSTOOD): "no utterance is open",
    (S.IDLE, H.AUDIO_STARTED): "no reply is under way",
    (S.IDLE, H.REPLY_ENDED): "no reply is under way",
    (S.IDLE, H.REPLY_FAILED): "no reply is under way",
    (S.LISTENING, H.SIGN_HEARD): "the person speaks already",
    (S.LISTENING, H.SIGN_REVOKED): "the person speaks: that was no mistake",
    (S.LISTENING, H.SPEECH_STARTED): "the person speaks already",
    (S.LISTENING, H.QUESTION_DUE): "the person speaks",
    (S.LISTENING, H.APOLOGY_DUE): "the person speaks: what they say now is answered",
    (S.LISTENING, H.UNDERSTOOD): "the person still speaks: what was understood is answered with the rest",
    (S.LISTENING, H.NOT_UNDERSTOOD): "the person still speaks",
    (S.LISTENING, H.AUDIO_STARTED): "the reply was cancelled when the person began to speak",
    (S.LISTENING, H.REPLY_ENDED): "the reply was cancelled when the person began to speak",
    (S.LISTENING, H.REPLY_FAILED): "the reply was cancelled when the person began to speak",
    (S.PROCESSING, H.QUESTION_DUE): "an answer is on its way",
    (S.PROCESSING, H.APOLOGY_DUE): "an answer is on its way",
    (S.PROCESSING, H.SPEECH_ENDED): "the person has ended already",
    (S.SPEAKING, H.SPEECH_ENDED): "the person is not speaking",
    (S.SPEAKING, H.QUESTION_DUE): "an answer is being said",
    (S.SPEAKING, H.APOLOGY_DUE): "an answer is being said",
    (S.SPEAKING, H.UNDERSTOOD): "the utterance was answered already",
    (S.SPEAKING, H.NOT_UNDERSTOOD): "the utterance was answered already",
    (S.SPEAKING, H.AUDIO_STARTED): "the answer is audible already",
    (S.PAUSED, H.SIGN_HEARD): "one sign has paused the answer already",
    (S.PAUSED, H.SPEECH_ENDED): "the person is not speaking",
    (S.PAUSED, H.QUESTION_DUE): "an answer is being said",
    (S.PAUSED, H.APOLOGY_DUE): "an answer is being said",
    (S.PAUSED, H.UNDERSTOOD): "the utterance was answered already",
    (S.PAUSED, H.NOT_UNDERSTOOD): "the utterance was answered already",
    (S.PAUSED, H.AUDIO_STARTED): "the answer is audible already",
}


class Turn:
    """The state of one call's turn."""

    def __init__(self) -> None:
        self._state = State.IDLE

    @property
    def state(self) -> State:
        return self._state

    def handle(self, event: Happened) -> tuple[Effect, ...]:
        """Move on and return the effects; raises UnexpectedEvent, and changes nothing, if the table has no
        such row.
        """
        row = TRANSITIONS[self._state].get(event)
        if row is None:
            raise UnexpectedEvent(self._state.value, event.name.lower())
        self._state, effects = row
        return effects
