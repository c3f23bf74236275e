"""The report has a line for each question, what was not right under it, and sums that add up."""

import json

from parley_cli.spoken_tests.questions import Question
from parley_cli.spoken_tests.report import as_json, as_text
from parley_cli.spoken_tests.verdict import Asked, Verdict

HOURS, LOVE = Question("when are you open", "hours"), Question("what is love")
ASKED = [
    Asked(HOURS, "m3", False, "when are you open", "From six.", Verdict.RIGHT),
    Asked(HOURS, "m3", True, "when a you", "Sorry, could you say that once more?", Verdict.AGAIN),
    Asked(LOVE, "m3", False, "what is love", "From six, " * 10, Verdict.WRONG),
    Asked(LOVE, "m3", True, "", "", Verdict.RIGHT),
]


def test_text() -> None:
    assert as_text("bakery", ASKED).splitlines() == [
        " 1 of 2  when are you open",
        '         asked again, m3 in noise: heard "when a you", said "Sorry, could you say that once more?"',
        " 1 of 2  what is love",
        '         wrong, m3: heard "what is love", said "' + ("From six, " * 10)[:57] + '..."',
        "bakery, quiet: 2 asked, right 50 %, wrong 50 %",
        "bakery, noise: 2 asked, right 50 %, again 50 %",
        "bakery: 4 asked, right 50 %, again 25 %, wrong 25 %",
    ]


def test_json_has_every_word_of_it() -> None:
    told = json.loads(as_json(ASKED))
    assert told["right"] == 50
    assert [one["verdict"] for one in told["asked"]] == ["right", "asked again", "wrong", "right"]
    assert told["asked"][2] == {
        "say": "what is love",
        "voice": "m3",
        "noise": False,
        "verdict": "wrong",
        "heard": "what is love",
        "said": "From six, " * 10,
    }
