"""`parley check FILE...`: each file is ok, or here is what is wrong with it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from parley_api import InvalidFile, VoiceAgent, load

WRONG = 2
"""Exit code: something that was given is wrong."""


def check(files: Sequence[str]) -> int:
    """Check every file, also after a wrong one. 0 if all are ok."""
    return max((_check(file) for file in files), default=0)


def _check(file: str) -> int:
    try:
        agent = load(file)
    except InvalidFile as invalid:
        tell(invalid)
        return WRONG
    print(f"{file}: ok ({summary(agent)})")
    return 0


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
