"""Questions come from the file and from the CSV of its name, and what is wrong with that is told by line."""

from pathlib import Path

import pytest

from parley_api import InvalidFile, load
from parley_cli.spoken_tests.questions import Question, read_questions

AGENT = """\
apiVersion: parley.dev/v1alpha1
kind: VoiceAgent
metadata:
  name: bakery
spec:
  conversation:
    instructions: You answer the telephone of a bakery.
    intents:
      - name: hours
        phrases: [when are you open]
        answer: From six to noon.
  tests:
    - say: when are you open
      intent: hours
    - say: who is the president
"""
OWN = [Question("when are you open", "hours"), Question("who is the president")]


def questions(folder: Path, table: str | bytes | None = None) -> list[Question]:
    file = folder / "bakery.yaml"
    file.write_text(AGENT)
    if table is not None:
        beside = folder / "bakery.csv"
        beside.write_bytes(table.encode() if isinstance(table, str) else table)
    return read_questions(load(file), file)


def problems(folder: Path, table: str | bytes) -> list[str]:
    with pytest.raises(InvalidFile) as wrong:
        questions(folder, table)
    return [line.removeprefix(str(folder)) for line in str(wrong.value).splitlines()]


def test_the_files_own_questions_need_no_table(tmp_path: Path) -> None:
    assert questions(tmp_path) == OWN


def test_the_tables_come_after_them_in_any_order_of_columns(tmp_path: Path) -> None:
    table = '\ufeffanswer,say,intent\n"six, or later",do you open early,hours\n,what is love,\n'
    assert questions(tmp_path, table) == [
        *OWN,
        Question("do you open early", "hours", "six, or later"),
        Question("what is love"),
    ]


def test_every_wrong_line_is_told_with_its_number(tmp_path: Path) -> None:
    table = f"say,intent,answer\nhow late,ours,\n,hours,\na,hours,b,c\nok,hours,\nlong,,{'x' * 1_001}\n"
    found = problems(tmp_path, table)
    assert [problem.partition(" saw")[0] for problem in found] == [
        "/bakery.csv:2: intent:",
        "/bakery.csv:3: say:",
        "/bakery.csv:4:",
        "/bakery.csv:6: answer:",
    ]
    assert "write the name of an intent of the file" in found[0]
    assert "in quotes" in found[2]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("question,intent\nwhat,hours\n", "begin with the line say,intent,answer"),
        ("", "begin with the line say,intent,answer"),
        (b"say\n\xff\n", "save it as UTF-8"),
        ("say\n" + "x\n" * 1_001, "at most 1000"),
        ("say\n" + "x" * 1024 * 1024, "at most 1000 questions"),
    ],
    ids=["other columns", "empty", "no UTF-8", "too many", "too large"],
)
def test_a_table_that_is_none_is_refused_as_a_whole(tmp_path: Path, table: str | bytes, said: str) -> None:
    (problem,) = problems(tmp_path, table)
    assert said in problem


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ('say,intent\nwhat is love,\n\n"how late,hours\ndo you bake,\n', 4),
        ('"say,intent\nwhat is love,\n', 1),
        ('say,intent\nwhat is love,\n"what" is love,\n', 3),
        (f'say\n"{"x" * 200_000}"\n', 2),
    ],
    ids=["a quote without end", "one in the header", "a quote within", "an endless field"],
)
def test_a_broken_line_is_told_where_it_begins(tmp_path: Path, table: str, line: int) -> None:
    """All that came after a quote without its end was taken as one question."""
    (problem,) = problems(tmp_path, table)
    assert problem.startswith(f"/bakery.csv:{line}: saw broken CSV (")
    assert 'end with " a text that begins with one' in problem


def test_a_text_in_quotes_may_have_quotes_and_lines(tmp_path: Path) -> None:
    table = 'say,answer\n"is it ""open""","six,\nor later"\n'
    assert questions(tmp_path, table) == [*OWN, Question('is it "open"', None, "six,or later")]


def test_a_test_of_the_file_must_name_an_intent_that_is_there(tmp_path: Path) -> None:
    file = tmp_path / "agent.yaml"
    file.write_text(AGENT.replace("intent: hours", "intent: ours"))
    with pytest.raises(InvalidFile, match=r"spec\.tests\[0\]\.intent"):
        load(file)
