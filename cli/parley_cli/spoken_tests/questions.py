"""The questions that are asked: those of the file, and those of the CSV that lies beside it under the same name."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parley_api import InvalidFile, VoiceAgent
from parley_api.problems import Problem, shown

COLUMNS = ("say", "intent", "answer")
MOST_QUESTIONS = 1_000
LONGEST_SAY, LONGEST_ANSWER = 200, 1_000
LARGEST_CSV = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Question:
    """`intent` has to answer `say`, with the words of `answer`; with neither it must not be answered."""

    say: str
    intent: str | None = None
    answer: str | None = None


def read_questions(agent: VoiceAgent, file: Path) -> list[Question]:
    """Reads the CSV. Raises InvalidFile with all that is wrong with it."""
    own = [Question(one.say, one.intent, one.answer) for one in agent.spec.tests]
    beside = file.with_suffix(".csv")
    if not beside.is_file():
        return own
    intents = {intent.name for intent in agent.spec.conversation.intents}
    questions, problems = _read(beside, intents)
    if problems:
        raise InvalidFile(str(beside), problems)
    return own + questions


def _read(file: Path, intents: set[str]) -> tuple[list[Question], list[Problem]]:
    try:
        if file.stat().st_size > LARGEST_CSV:
            return [], [Problem("", "more than 1 MiB", f"write at most {MOST_QUESTIONS} questions")]
        lines = file.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        return [], [Problem("", f"bytes that are no UTF-8 at {error.start}", "save it as UTF-8")]
    except OSError as error:
        return [], [Problem("", (error.strerror or "an error").lower(), "make it a file that can be read")]
    rows = csv.DictReader(lines, restkey="more", strict=True)
    line = 0
    try:
        columns = [name.strip() for name in rows.fieldnames or ()]
        if "say" not in columns or set(columns) - set(COLUMNS):
            return [], [
                Problem("", shown(",".join(columns)), "begin with the line say,intent,answer", line=1)
            ]
        rows.fieldnames = columns
        read: list[tuple[int, dict[str, Any]]] = []
        line = rows.line_num
        for row in rows:
            line = rows.line_num
            read.append((line, row))
    except csv.Error as error:
        begins = next(number for number, text in enumerate(lines[line:], line + 1) if text)
        seen = f"broken CSV ({error})"
        return [], [
            Problem("", seen, 'end with " a text that begins with one, and write "" for one in it', begins)
        ]
    questions: list[Question] = []
    problems: list[Problem] = []
    for line, row in read:
        cells = {name: (row.get(name) or "").strip() for name in COLUMNS}
        wrong = _mistake(cells, row.get("more"), intents)
        if wrong is not None:
            problems.append(Problem(*wrong, line=line))
        else:
            questions.append(Question(cells["say"], cells["intent"] or None, cells["answer"] or None))
    if len(questions) > MOST_QUESTIONS:
        problems.append(Problem("", f"{len(questions)} questions", f"write at most {MOST_QUESTIONS}"))
    return questions, problems


def _mistake(cells: dict[str, str], more: object, intents: set[str]) -> tuple[str, str, str] | None:
    """The column, what was seen, what to write instead."""
    if more is not None:
        return "", shown(more), 'put a text with commas in quotes: "..."'
    if not 1 <= len(cells["say"]) <= LONGEST_SAY:
        return "say", shown(cells["say"]), f"write 1 to {LONGEST_SAY} characters"
    if len(cells["answer"]) > LONGEST_ANSWER:
        seen = f"{len(cells['answer'])} characters"
        return "answer", seen, f"write at most {LONGEST_ANSWER}: a few words of it are enough"
    if cells["intent"] and cells["intent"] not in intents:
        return "intent", shown(cells["intent"]), "write the name of an intent of the file"
    return None
