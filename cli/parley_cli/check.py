"""`parley check FILE...`: each file is ok, or here is what is wrong with it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from parley_api import InvalidFile, VoiceAgent
from parley_api.kind import Resource
from parley_api.load import MOST_TOLD, AgentFile, load_all, load_file
from parley_api.modelserver import ModelServer
from parley_api.nodetuning import NodeTuning
from parley_api.problems import Problem
from parley_api.voicetenant import VoiceTenant
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
        found = load_all(file)
        agents = [one for one in found if isinstance(one, VoiceAgent)]
        _agents(file, agents)
        if len(agents) == 1:
            _questions(file, agents[0])
    except InvalidFile as invalid:
        tell(invalid)
        return WRONG
    return 0 if say("\n".join(f"{file}: ok ({summary(one)})" for one in found)) else FAILED


def checked(file: str) -> AgentFile:
    """The agent that a file holds; raises InvalidFile for all that `parley check` tells of one, its spoken tests aside:
    they are of no call.
    """
    read = load_file(file)
    _agents(file, [read.agent])
    return read


def _agents(file: str, agents: Sequence[VoiceAgent]) -> None:
    """Look at what no model knows: the voices of this machine, and what an agent says against itself."""
    # Here and not above: it needs numpy, for which no other command should wait.
    from parley_cli.contradictions import contradictions

    problems: list[Problem] = []
    for agent in agents:
        voice = voice_problem(agent)
        problems += [*([voice] if voice else []), *contradictions(agent)]
    if problems:
        raise InvalidFile(file, problems[:MOST_TOLD])


def _questions(file: str, agent: VoiceAgent) -> None:
    """Look at the CSV of spoken tests beside the file, as `parley test` will read it; that takes one agent."""
    from parley_cli.spoken_tests.questions import read_questions  # its package needs this module

    read_questions(agent, Path(file))


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


def summary(found: Resource) -> str:
    """An object in a few words."""
    match found:
        case VoiceAgent():
            return _agent(found)
        case ModelServer():
            engine, gpus = found.spec.engine, found.spec.gpus.count if found.spec.gpus else 0
            return f"{found.kind} {found.metadata.name}, {engine.chosen}, {_count(gpus, 'GPU')}"
        case NodeTuning():
            governor = f"governor {found.spec.governor}" if found.spec.governor else "no governor"
            return (
                f"{found.kind} {found.metadata.name}, {_count(len(found.spec.sysctls), 'sysctl')}, {governor}"
            )
        case VoiceTenant():
            names = ", ".join(found.spec.namespaces)
            return f"{found.kind} {found.metadata.name}, {names}"
    return f"{found.kind} {found.metadata.name}"


def _agent(agent: VoiceAgent) -> str:
    spec = agent.spec
    engines = spec.engines
    used = ", ".join(role.chosen for role in (engines.vad, engines.stt, engines.llm, engines.tts))
    return f"{agent.metadata.name}, {contents(agent)}, {used}, {spec.language}"


def contents(agent: VoiceAgent) -> str:
    """How much the agent knows."""
    conversation = agent.spec.conversation
    return f"{_count(len(conversation.intents), 'intent')}, {_count(len(conversation.knowledge), 'text')}"


def _count(number: int, name: str) -> str:
    return f"{number or 'no'} {name}{'' if number == 1 else 's'}"
