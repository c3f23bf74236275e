"""`parley check FILE...`: each file is ok, or here is what is wrong with it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence

from parley_api import InvalidFile, VoiceAgent
from parley_api.load import MOST_TOLD, AgentFile, load_file
from parley_api.problems import Problem
from parley_cli.voices import voice_problem

FAILED = 1
"""Exit code: nothing that was given is wrong, but it could not be done."""

WRONG = 2
"""Exit code: something that was given is wrong."""


def check(files: Sequence[str]) -> int:
    """Check every file, also after a wrong one. 0 if all are ok."""
    return max((_check(file) for file in files), default=0)


def _check(file: str) -> int:
    try:
        agent = checked(file).agent
    except InvalidFile as invalid:
        tell(invalid)
        return WRONG
    return 0 if say(f"{file}: ok ({summary(agent)})") else FAILED


def checked(file: str) -> AgentFile:
    """What a file holds; raises InvalidFile for all that `parley check` tells."""
    # Here and not above: it needs numpy, for which no other command should wait.
    from parley_cli.contradictions import contradictions

    read = load_file(file)
    voice = voice_problem(read.agent)
    problems: list[Problem] = [*([voice] if voice else []), *contradictions(read.agent)]
    if problems:
        raise InvalidFile(file, problems[:MOST_TOLD])
    return read


def say(text: str) -> bool:
    """Print on standard output. Whether it could be: its reader may have gone, or the disk may be full."""
    try:
        print(text, flush=True)
    except OSError:
        with contextlib.suppress(OSError, ValueError):  # else Python tries again at its end, and says so
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True


def tell(invalid: InvalidFile) -> None:
    """Print the mistakes of a file on standard error."""
    print(invalid, file=sys.stderr)


def summary(agent: VoiceAgent) -> str:
    """The agent in a few words."""
    spec = agent.spec
    engines = spec.engines
    used = ", ".join(role.chosen for role in (engines.vad, engines.stt, engines.llm, engines.tts))
    return f"{agent.metadata.name}, {contents(agent)}, {used}, {spec.language}"


def contents(agent: VoiceAgent) -> str:
    """How much the agent knows."""
    conversation = agent.spec.conversation
    return f"{_count(conversation.intents, 'intent')}, {_count(conversation.knowledge, 'text')}"


def _count(things: Sequence[object], name: str) -> str:
    return f"{len(things) or 'no'} {name}{'' if len(things) == 1 else 's'}"
