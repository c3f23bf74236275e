"""An answer is right, asked again, unanswered or wrong, by what its author wants."""

import pytest

from parley_api.conversation import Conversation
from parley_cli.spoken_tests.questions import Question
from parley_cli.spoken_tests.verdict import Verdict, verdict
from parley_dataplane.engines.scripted.builtin import ASK_AGAIN, DEAF

CAFE = Conversation.model_validate(
    {
        "instructions": "You answer the telephone of a cafe.",
        "fallback": "I don't know that.",
        "intents": [
            {
                "name": "hours",
                "phrases": ["when are you open"],
                "wish": "to know when  we are open",
                "answer": "We are open until nine (or later).",
            },
            {
                "name": "book",
                "phrases": ["book a table"],
                "slots": [{"name": "day", "kind": "weekday", "ask": "Which day?"}],
                "answer": "{day} it is, we look forward to you.",
                "stores": "table",
            },
            {
                "name": "cancel",
                "phrases": ["cancel the table"],
                "requires": "table",
                "otherwise": "You have no table.",
                "answer": "Your table on {table.day} is canceled.",
            },
        ],
    }
)


@pytest.mark.parametrize(
    ("intent", "answer", "said", "wanted"),
    [
        ("hours", None, "We are open  until nine (or later).", Verdict.RIGHT),
        ("hours", None, "We are open until nine (or later). What else?", Verdict.RIGHT),
        ("hours", None, "We are open until ten (or later).", Verdict.WRONG),
        ("hours", "until NINE", "We are open until nine (or later).", Verdict.RIGHT),
        ("hours", "until noon", "We are open until nine (or later).", Verdict.WRONG),
        ("book", None, "Which day?", Verdict.RIGHT),
        ("book", None, "Next Monday it is, we look forward to you.", Verdict.RIGHT),
        ("book", None, "Yes it is.", Verdict.WRONG),
        ("cancel", None, "You have no table.", Verdict.RIGHT),
        (None, "nine or later", "We are open until nine (or later).", Verdict.RIGHT),
        ("hours", None, ASK_AGAIN[0], Verdict.AGAIN),
        ("hours", None, DEAF[1], Verdict.AGAIN),
        ("hours", None, "You want to know when we are open, is that right?", Verdict.AGAIN),
        ("book", None, "You want to know when we are open, is that right?", Verdict.AGAIN),
        (None, None, "You want to know when we are open, is that right?", Verdict.RIGHT),
        ("hours", None, "I don't know  that.", Verdict.UNANSWERED),
        ("hours", None, "", Verdict.UNANSWERED),
        (None, None, "I don't know that.", Verdict.RIGHT),
        (None, None, ASK_AGAIN[1], Verdict.RIGHT),
        (None, None, "", Verdict.RIGHT),
        (None, None, "Which day?", Verdict.WRONG),
    ],
)
def test_verdict(intent: str | None, answer: str | None, said: str, wanted: Verdict) -> None:
    assert verdict(Question("what", intent, answer), said, CAFE) is wanted
