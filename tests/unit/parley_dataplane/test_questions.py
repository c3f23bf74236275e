"""What waits for an answer: in order, up to a bound, until it was heard."""

from __future__ import annotations

from parley_dataplane.engines.base import UserTurn
from parley_dataplane.questions import MAX_UNANSWERED, Question, Questions, as_turn, joined
from tests.one_call import Call, history


def test_what_is_typed_while_eight_questions_are_answered_is_answered_too() -> None:
    """Bug: the ninth text got no answer; the LLM was asked "" instead. Cause: the questions of a reply were counted,
    and the oldest of them had been thrown out to make room. Without the fix the last question asked is "".
    """

    async def script(call: Call) -> None:
        for number in range(MAX_UNANSWERED):
            call.session.type_text(f"q{number}")
        await call.quiet(1.0)
        call.session.type_text("and one more")
        await call.quiet(4.0)

    call = Call().run(script)
    assert call.llm.asked[-1][0] == "and one more"
    assert [text for role, text, _ in history(call) if role == "user"] == [
        " ".join(f"q{number}" for number in range(MAX_UNANSWERED)),
        "and one more",
    ]


def question(text: str, *alternatives: str, typed: bool = False) -> Question:
    return Question(text, alternatives, 0.5, 1.0, 1.3, 1.4, typed)


def test_the_oldest_of_nine_questions_goes() -> None:
    questions = Questions()
    for number in range(MAX_UNANSWERED + 1):
        questions.ask(question(f"q{number}"))
    assert joined(questions.all()).split() == [f"q{number}" for number in range(1, MAX_UNANSWERED + 1)]


def test_what_is_set_aside_waits_no_more_and_what_came_since_does() -> None:
    questions = Questions()
    questions.ask(question("first"))
    asked = questions.all()
    questions.ask(question("second"))
    questions.set_aside(asked)
    assert joined(questions.all()) == "second"
    questions.set_aside(questions.all())
    assert not questions


def test_other_readings_are_of_one_utterance_alone() -> None:
    one, other = question("for two", "for you"), question("tonight", typed=True)
    assert as_turn((one,)) == UserTurn("for two", ("for you",), 0.5, typed=False)
    assert as_turn((one, other)) == UserTurn("for two tonight", (), 0.5, typed=False)
    assert as_turn((other,)).typed
