"""Which class is which engine: the one place where engines are listed.

    spec.engines.<role>.<name> -> ROLES[role][name] -> import its module -> class(*arguments)

Rules: one line per engine; a module is imported only if the file names its engine, so that an agent without
PocketSphinx needs none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from parley_api import InvalidFile, Problem, VoiceAgent
from parley_api.conversation import Conversation
from parley_api.engine_files import engine_path
from parley_api.engines import OpenAi
from parley_api.knowledge import KnowledgeText, knowledge_texts
from parley_api.problems import shown
from parley_dataplane.engines.base import Engine, LlmEngine, SttEngine, TtsEngine, VadEngine
from parley_dataplane.settings import secret, trusts_environment


@dataclass(frozen=True, slots=True)
class Engines:
    """One engine per role, not yet started."""

    vad: VadEngine
    stt: SttEngine
    llm: LlmEngine
    tts: TtsEngine

    def all(self) -> tuple[Engine, ...]:
        return (self.vad, self.stt, self.llm, self.tts)

    def names(self) -> dict[str, str]:
        """Role -> name, as in the file."""
        return {"vad": self.vad.name, "stt": self.stt.name, "llm": self.llm.name, "tts": self.tts.name}


@dataclass(frozen=True, slots=True)
class Context:
    """What an engine may need beside its own part of the spec."""

    conversation: Conversation
    knowledge: tuple[KnowledgeText, ...]
    language: str
    base_dir: Path

    def path(self, path: str) -> Path:
        """A path of the agent's file."""
        return engine_path(self.base_dir, path)


@dataclass(frozen=True, slots=True)
class Line:
    """`path` is "module:Class" below engines/; `arguments` makes the class's from the engine's spec."""

    path: str
    arguments: Callable[[Any, Context], tuple[Any, ...]]

    def make(self, spec: Any, context: Context) -> Any:
        module, _, name = self.path.partition(":")
        made = getattr(import_module(f"parley_dataplane.engines.{module}"), name)
        return made(*self.arguments(spec, context))


ROLES: Mapping[str, Mapping[str, Line]] = {
    "vad": {
        "silero": Line("silero:Silero", lambda spec, here: ()),
    },
    "stt": {
        "moonshine": Line("moonshine:Moonshine", lambda spec, here: _expected(here)),
        "pocketsphinx": Line("pocketsphinx:PocketSphinx", lambda spec, here: _expected(here)),
        "fasterWhisper": Line(
            "faster_whisper:FasterWhisper",
            lambda spec, here: (here.path(spec.model), spec.threads, here.language),
        ),
        "instant": Line("instant:InstantStt", lambda spec, here: (spec.text,)),
    },
    "llm": {
        "scripted": Line("scripted.engine:Scripted", lambda spec, here: (here.conversation, here.knowledge)),
        "openai": Line(
            "openai:OpenAi", lambda spec, here: (spec, _key(spec), _prompt(here), trusts_environment())
        ),
        "instant": Line("instant:InstantLlm", lambda spec, here: (spec.text,)),
    },
    "tts": {
        "espeak": Line("espeak:Espeak", lambda spec, here: (spec.voice, spec.words_per_minute, spec.pitch)),
        "piper": Line("piper:Piper", lambda spec, here: (here.path(spec.voice), spec.speaker, spec.speed)),
        "tone": Line("tone:Tone", lambda spec, here: (spec.seconds,)),
    },
}


_NO_CLUSTER = (
    "a cluster has model servers, and this machine has none: here, write openai: {url: http://127.0.0.1:8000/v1, model:"
    " NAME} with the address of a server, or scripted: {}"
)


def build(voice_agent: VoiceAgent, base_dir: Path) -> Engines:
    """The engines that the file names. Reads the knowledge beside it; raises InvalidFile."""
    spec = voice_agent.spec
    if (server := spec.engines.llm.model_server) is not None:
        # In a pod's file the operator has written the server's address instead.
        problem = Problem("spec.engines.llm.modelServer", shown(server.name), _NO_CLUSTER)
        raise InvalidFile(voice_agent.metadata.name, [problem])
    knowledge = tuple(knowledge_texts(voice_agent, base_dir))
    context = Context(spec.conversation, knowledge, spec.language, base_dir)
    chosen = {role: getattr(spec.engines, role) for role in ROLES}
    return Engines(
        **{role: ROLES[role][one.chosen].make(one.settings, context) for role, one in chosen.items()}
    )


def _expected(context: Context) -> tuple[list[str], list[str]]:
    """(what people are expected to say, texts that they may ask about)."""
    # Here and not above: it belongs to the engines that expect something.
    from parley_dataplane.engines.expected import expected

    return expected(context.conversation), [f"{text.title}. {text.text}" for text in context.knowledge]


def _key(spec: OpenAi) -> str | None:
    return secret(spec.key_variable) if spec.key_variable else None


def _prompt(context: Context) -> str:
    from parley_dataplane.engines.prompt import system_prompt

    return system_prompt(context.conversation, context.knowledge, context.language)
