"""`parley test FILE`: speaks the questions of an agent's author to it, and says which were understood.

questions.py: spec.tests and the CSV beside the file -> Question
caller.py:    a question, by a voice, in a room -> PCM -> one call to a server of this process -> what came back
verdict.py:   what came back -> right, asked again, unanswered or wrong
report.py:    a line for each question, and one for all; JSON for programs
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from parley_api import InvalidFile, VoiceAgent, load
from parley_cli.check import FAILED, WRONG, say, tell
from parley_cli.config import read_settings
from parley_cli.spoken_tests import report
from parley_cli.spoken_tests.questions import Question, read_questions
from parley_cli.spoken_tests.verdict import Asked, Verdict


@dataclass(frozen=True)
class Rehearsal:
    """How the questions are asked: by each of `voices` (eSpeak NG's names), in a quiet room and, unless `snr_db` is
    None, in noise that lies so far under the voice; `at_once` at a time. Under `least` percent right it has failed.
    """

    voices: tuple[str, ...]
    snr_db: float | None
    at_once: int
    least: float


def test(file: str, rehearsal: Rehearsal, *, json: bool) -> int:
    """Ask, and print what came of it; 1 if too little of it was right."""
    try:
        agent = load(file)
        questions = read_questions(agent, Path(file))
    except InvalidFile as invalid:
        tell(invalid)
        return WRONG
    if not questions:
        print(
            f"{file} has no tests: write some under spec.tests, such as\n"
            "  tests:\n    - say: when are you open\n      intent: opening-hours\n"
            f"or into {Path(file).with_suffix('.csv').name} beside it, with the columns say, intent, answer",
            file=sys.stderr,
        )
        return WRONG
    try:
        asked = _asked(agent, Path(file).parent, questions, rehearsal)
    except _CannotAsk as error:
        print(f"{agent.metadata.name} can't be tested: {error}", file=sys.stderr)
        return FAILED
    if not say(report.as_json(asked) if json else report.as_text(agent.metadata.name, asked)):
        return FAILED
    return 0 if report.percent(asked, Verdict.RIGHT) >= rehearsal.least else FAILED


class _CannotAsk(Exception):
    pass


def _asked(
    agent: VoiceAgent, base_dir: Path, questions: Sequence[Question], rehearsal: Rehearsal
) -> list[Asked]:
    # The engines and the web framework take half a second to import: a mistake in the file is told sooner.
    from parley_cli.spoken_tests.caller import ask_all
    from parley_dataplane.errors import ParleyError
    from parley_dataplane.settings import BadSetting

    try:
        return asyncio.run(ask_all(agent, base_dir, questions, rehearsal, read_settings("error")))
    except (ParleyError, BadSetting, OSError) as error:
        raise _CannotAsk(getattr(error, "detail", error)) from None
    except KeyboardInterrupt:
        raise _CannotAsk("it was stopped") from None
