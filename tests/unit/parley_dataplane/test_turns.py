"""The turn's table: every row as a sentence, and an answer or a stated refusal for everything else."""

from itertools import product

import pytest

from parley_dataplane.errors import UnexpectedEvent
from parley_dataplane.turns import REFUSED, TRANSITIONS, Effect, Happened, State, Turn

WAYS = {
    State.IDLE: [],
    State.LISTENING: [Happened.SPEECH_STARTED],
    State.PROCESSING: [Happened.TYPED],
    State.SPEAKING: [Happened.TYPED, Happened.AUDIO_STARTED],
    State.PAUSED: [Happened.TYPED, Happened.AUDIO_STARTED, Happened.SIGN_HEARD],
}

ROWS = [
    ("a greeting is an answer", State.IDLE, Happened.GREETING_DUE, State.PROCESSING, (Effect.START_REPLY,)),
    (
        "a person who speaks first is not greeted over",
        State.LISTENING,
        Happened.GREETING_DUE,
        State.LISTENING,
        (),
    ),
    ("a test tone is one too", State.IDLE, Happened.TEST_TONE_DUE, State.PROCESSING, (Effect.START_REPLY,)),
    (
        "speech opens an utterance",
        State.IDLE,
        Happened.SPEECH_STARTED,
        State.LISTENING,
        (Effect.OPEN_UTTERANCE,),
    ),
    (
        "the end of speech closes it",
        State.LISTENING,
        Happened.SPEECH_ENDED,
        State.PROCESSING,
        (Effect.FINISH_UTTERANCE,),
    ),
    (
        "what was understood is answered",
        State.PROCESSING,
        Happened.UNDERSTOOD,
        State.PROCESSING,
        (Effect.START_REPLY,),
    ),
    ("a cough is not answered", State.PROCESSING, Happened.NOT_UNDERSTOOD, State.IDLE, ()),
    (
        "a person who had only paused is heard out",
        State.PROCESSING,
        Happened.SPEECH_STARTED,
        State.LISTENING,
        (Effect.CANCEL_REPLY, Effect.OPEN_UTTERANCE),
    ),
    ("the first audio makes it speaking", State.PROCESSING, Happened.AUDIO_STARTED, State.SPEAKING, ()),
    (
        "speech interrupts",
        State.SPEAKING,
        Happened.SPEECH_STARTED,
        State.LISTENING,
        (Effect.CANCEL_REPLY, Effect.OPEN_UTTERANCE),
    ),
    (
        "a button interrupts, and the question is not answered again",
        State.SPEAKING,
        Happened.INTERRUPTED,
        State.IDLE,
        (Effect.CANCEL_REPLY, Effect.SET_ASIDE),
    ),
    (
        "a silent person is asked",
        State.IDLE,
        Happened.QUESTION_DUE,
        State.PROCESSING,
        (Effect.START_REPLY,),
    ),
    ("an apology is an answer", State.IDLE, Happened.APOLOGY_DUE, State.PROCESSING, (Effect.START_REPLY,)),
    (
        "a goodbye interrupts the agent",
        State.SPEAKING,
        Happened.GOODBYE_DUE,
        State.PROCESSING,
        (Effect.CANCEL_REPLY, Effect.START_REPLY),
    ),
    (
        "a goodbye does not wait for the person",
        State.LISTENING,
        Happened.GOODBYE_DUE,
        State.PROCESSING,
        (Effect.DROP_UTTERANCE, Effect.START_REPLY),
    ),
    ("an answer that was heard leaves silence", State.SPEAKING, Happened.REPLY_ENDED, State.IDLE, ()),
    ("so does one that failed", State.SPEAKING, Happened.REPLY_FAILED, State.IDLE, ()),
    (
        "the first sign of a voice pauses the answer",
        State.SPEAKING,
        Happened.SIGN_HEARD,
        State.PAUSED,
        (Effect.PAUSE_REPLY,),
    ),
    (
        "a sign that was none lets it go on",
        State.PAUSED,
        Happened.SIGN_REVOKED,
        State.SPEAKING,
        (Effect.RESUME_REPLY,),
    ),
    (
        "speech after its first sign interrupts",
        State.PAUSED,
        Happened.SPEECH_STARTED,
        State.LISTENING,
        (Effect.CANCEL_REPLY, Effect.OPEN_UTTERANCE),
    ),
    (
        "a sign that began before the answer was audible is revoked without effect",
        State.SPEAKING,
        Happened.SIGN_REVOKED,
        State.SPEAKING,
        (),
    ),
    ("a sign while nobody speaks changes nothing", State.IDLE, Happened.SIGN_HEARD, State.IDLE, ()),
    ("nor does its end", State.IDLE, Happened.SIGN_REVOKED, State.IDLE, ()),
    (
        "a sign does not hold up what is being thought of",
        State.PROCESSING,
        Happened.SIGN_HEARD,
        State.PROCESSING,
        (),
    ),
    (
        "and its end changes nothing there either",
        State.PROCESSING,
        Happened.SIGN_REVOKED,
        State.PROCESSING,
        (),
    ),
    (
        "an answer of which all had left may end while it is paused",
        State.PAUSED,
        Happened.REPLY_ENDED,
        State.IDLE,
        (),
    ),
    ("so may one that failed", State.PAUSED, Happened.REPLY_FAILED, State.IDLE, ()),
    (
        "a button interrupts a paused answer for good",
        State.PAUSED,
        Happened.INTERRUPTED,
        State.IDLE,
        (Effect.CANCEL_REPLY, Effect.SET_ASIDE),
    ),
    (
        "typing does not wait for the ear",
        State.PAUSED,
        Happened.TYPED,
        State.PROCESSING,
        (Effect.CANCEL_REPLY, Effect.START_REPLY),
    ),
    (
        "nor does a goodbye",
        State.PAUSED,
        Happened.GOODBYE_DUE,
        State.PROCESSING,
        (Effect.CANCEL_REPLY, Effect.START_REPLY),
    ),
    (
        "typing while the agent speaks interrupts it",
        State.SPEAKING,
        Happened.TYPED,
        State.PROCESSING,
        (Effect.CANCEL_REPLY, Effect.START_REPLY),
    ),
    (
        "typing while speaking drops what was spoken",
        State.LISTENING,
        Happened.TYPED,
        State.PROCESSING,
        (Effect.DROP_UTTERANCE, Effect.START_REPLY),
    ),
]


def turn_in(state: State) -> Turn:
    turn = Turn()
    for event in WAYS[state]:
        turn.handle(event)
    assert turn.state is state
    return turn


@pytest.mark.parametrize(("_", "before", "event", "after", "effects"), ROWS, ids=[row[0] for row in ROWS])
def test_an_event_leads_to_the_next_state_with_its_effects(
    _: str, before: State, event: Happened, after: State, effects: tuple[Effect, ...]
) -> None:
    turn = turn_in(before)
    assert turn.handle(event) == effects
    assert turn.state is after


@pytest.mark.parametrize(
    ("state", "event"), list(product(State, Happened)), ids=lambda value: value.name.lower()
)
def test_every_state_answers_or_refuses_every_event(state: State, event: Happened) -> None:
    refused = (state, event) in REFUSED
    assert refused != (event in TRANSITIONS[state]), "in exactly one of the two tables"
    turn = turn_in(state)
    if refused:
        with pytest.raises(UnexpectedEvent) as seen:
            turn.handle(event)
        assert seen.value.state == state.value
        assert turn.state is state, "a refused event changes nothing"
    else:
        turn.handle(event)
        assert turn.state is TRANSITIONS[state][event][0]


def test_whatever_starts_a_reply_goes_on_in_processing() -> None:
    for rows in TRANSITIONS.values():
        for after, effects in rows.values():
            if Effect.START_REPLY in effects:
                assert after is State.PROCESSING


def test_a_reply_is_always_cancelled_before_the_next_one_starts() -> None:
    """Else two voices would speak: in PROCESSING an utterance may be under way, but no reply before UNDERSTOOD."""
    for state in (State.PROCESSING, State.SPEAKING, State.PAUSED):
        for event, (_, effects) in TRANSITIONS[state].items():
            if Effect.START_REPLY in effects and event is not Happened.UNDERSTOOD:
                assert effects.index(Effect.CANCEL_REPLY) < effects.index(Effect.START_REPLY)


def test_a_paused_answer_is_resumed_or_cancelled_whatever_leads_on() -> None:
    """Else a reply would stay silent for ever: REPLY_ENDED and REPLY_FAILED come when nothing of it is left."""
    for event, (after, effects) in TRANSITIONS[State.PAUSED].items():
        left = after is not State.PAUSED and event not in (Happened.REPLY_ENDED, Happened.REPLY_FAILED)
        assert left == bool({Effect.RESUME_REPLY, Effect.CANCEL_REPLY} & set(effects))


def test_peers_are_told_that_a_paused_agent_speaks() -> None:
    assert [state.told for state in State] == ["idle", "listening", "processing", "speaking", "speaking"]
