"""The loaded VoiceAgent: its spec and its engines, shared by all calls of the process."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from typing_extensions import TypedDict

from parley_api import VoiceAgent, VoiceAgentSpec
from parley_api.conversation import Conversation
from parley_api.media import RtcIceServer
from parley_dataplane.engines.base import SaysSetSentences
from parley_dataplane.engines.registry import Engines, build
from parley_dataplane.engines.tone import Tone
from parley_dataplane.fillers import Fillers
from parley_dataplane.repertoire import Repertoire
from parley_dataplane.settings import Settings

MOST_EXAMPLES, LONGEST_EXAMPLE = 6, 60
MOST_OF_TESTS = 2


class AgentInfo(TypedDict):
    """`engines`: role -> name; `examples`: what one may say."""

    name: str
    language: str
    greeting: str
    engines: dict[str, str]
    ice_servers: list[RtcIceServer]
    examples: list[str]


@dataclass(slots=True)
class Agent:
    """Made by Agent.load, then start(); close() frees the engines. `engines.tts` keeps what is said again and again."""

    name: str
    spec: VoiceAgentSpec
    engines: Engines
    digest: str = ""
    """The SHA-256 of the file's bytes, in hex."""
    fillers: Fillers = field(init=False)
    repertoire: Repertoire | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if not isinstance(self.engines.tts, Tone):  # which sounds different in each reply
            llm = self.engines.llm
            answers = llm.set_sentences() if isinstance(llm, SaysSetSentences) else ()
            whole = _set_sentences(self.spec.conversation)
            self.repertoire = Repertoire(self.engines.tts, self.spec.language, whole, answers)
            self.engines = replace(self.engines, tts=self.repertoire)
        self.fillers = Fillers(self.spec.conversation.fillers, self.engines.tts, self.spec.language)

    @classmethod
    def load(cls, voice_agent: VoiceAgent, base_dir: Path, settings: Settings, digest: str = "") -> Agent:
        """`base_dir` is where the file lies: folders that it names are beside it. `settings` go over the file, whose
        `digest` stays that of its bytes.
        """
        set_here = settings.over(voice_agent)
        return cls(set_here.metadata.name, set_here.spec, build(set_here, base_dir), digest)

    @property
    def greeting(self) -> str:
        """What the agent says first, or ""."""
        return self.spec.conversation.greeting or ""

    async def start(self) -> None:
        """Load every engine and make the fillers; raises EngineUnavailable."""
        for engine in self.engines.all():
            await engine.start()
        await self.fillers.start()

    def rehearse(self) -> None:
        """Make ready, beside the calls, what is said again and again."""
        if self.repertoire is not None:
            self.repertoire.rehearse()

    async def rest(self) -> None:
        """No new calls come: make ready no more."""
        if self.repertoire is not None:
            await self.repertoire.rest()

    async def close(self) -> None:
        for engine in self.engines.all():
            await engine.close()

    @property
    def ice_servers(self) -> list[RtcIceServer]:
        """What a client's RTCPeerConnection is to be made with, passwords and all."""
        return [server.as_client_knows_it() for server in self.spec.media.ice_servers]

    def info(self) -> AgentInfo:
        """What a page may show of the agent."""
        return {
            "name": self.name,
            "language": self.spec.language,
            "greeting": self.greeting,
            "engines": self.engines.names(),
            "ice_servers": self.ice_servers,
            "examples": things_to_ask(self.spec),
        }


def _set_sentences(conversation: Conversation) -> Iterable[str]:
    """Greeting, apology and whatever else stands in the file to be said as it is."""
    return [text for name, text in conversation if isinstance(text, str) and name != "instructions"]


def things_to_ask(spec: VoiceAgentSpec) -> list[str]:
    """What somebody who knows nothing of the agent may say first, in the author's words: a phrase of each of the first
    intents, and what its tests expect of its knowledge. No slot is left open, and none asks for what is not there yet.
    """
    first = [intent for intent in spec.conversation.intents if not intent.requires]
    asked = [next(filter(_is_example, intent.phrases), "") for intent in first]
    looked_up = [test.say for test in spec.tests if test.answer and not test.intent and _is_example(test.say)]
    of_tests = looked_up[:MOST_OF_TESTS]
    return [*filter(None, asked)][: MOST_EXAMPLES - len(of_tests)] + of_tests


def _is_example(phrase: str) -> bool:
    return "{" not in phrase and len(phrase) <= LONGEST_EXAMPLE
