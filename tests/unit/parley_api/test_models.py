"""The models by themselves: defaults, unions, and agents that Python code makes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from parley_api import VoiceAgent, load
from parley_api.engines import Engines, Espeak, FasterWhisper, Stt, Tts
from parley_api.turntaking import TurnTaking
from tests.agent_file import AGENTS

LEAST: dict[str, Any] = {
    "apiVersion": "parley.dev/v1alpha1",
    "kind": "VoiceAgent",
    "metadata": {"name": "a"},
    "spec": {"conversation": {"instructions": "Be kind."}},
}


def test_a_file_with_the_least_gets_every_default() -> None:
    spec = VoiceAgent.model_validate(LEAST).spec
    assert spec.language == "en-US"
    assert spec.turn_taking == TurnTaking(
        vad_threshold=0.5, end_of_turn_silence_ms=300, longest_utterance_ms=30_000, barge_in=True
    )
    engines = spec.engines
    assert [role.chosen for role in (engines.vad, engines.stt, engines.llm, engines.tts)] == [
        "silero", "moonshine", "scripted", "espeak"
    ]  # fmt: skip
    assert engines.tts.settings == Espeak(voice="gmw/en-US", words_per_minute=165, pitch=50)
    assert (spec.sessions.limit, spec.sessions.idle_timeout_seconds, spec.sessions.longest_call_seconds) == (
        100, 300, 3600
    )  # fmt: skip
    assert spec.conversation.greeting is None
    assert spec.conversation.fallback
    assert spec.conversation.goodbye


def test_an_agent_written_out_with_all_its_defaults_is_read_as_the_same_agent(tmp_path: Path) -> None:
    agent = VoiceAgent.model_validate(LEAST)
    file = tmp_path / "agent.yaml"
    file.write_text(yaml.safe_dump(agent.model_dump(by_alias=True)))
    assert load(file) == agent


@pytest.mark.parametrize("example", AGENTS, ids=lambda file: file.name)
def test_an_example_written_out_again_is_read_as_the_same_agent(example: Path, tmp_path: Path) -> None:
    agent = load(example)
    shutil.copytree(example.parent, tmp_path, dirs_exist_ok=True)  # with the folders of its knowledge
    file = tmp_path / "agent.yaml"
    file.write_text(yaml.safe_dump(agent.model_dump(by_alias=True), allow_unicode=True))
    assert load(file) == agent


def test_the_settings_in_the_readme_are_the_defaults() -> None:
    blocks = re.findall(r"^```yaml\n(  .*?)^```$", Path("README.md").read_text(), re.MULTILINE | re.DOTALL)
    settings = yaml.safe_load("\n".join(blocks))
    assert {"turnTaking", "media", "access"} <= settings.keys()
    assert VoiceAgent.model_validate(LEAST | {"spec": LEAST["spec"] | settings}) == VoiceAgent.model_validate(
        LEAST
    )


@pytest.mark.parametrize("members", [{}, {"pocketsphinx": {}, "instant": {}}], ids=["none", "two"])
def test_a_union_takes_exactly_one_member(members: dict[str, Any]) -> None:
    with pytest.raises(
        ValidationError, match="write exactly one of moonshine, pocketsphinx, fasterWhisper, instant"
    ):
        Stt.model_validate(members)


def test_a_union_tells_which_member_is_set_and_its_settings() -> None:
    tts = Tts(espeak=Espeak(pitch=10))
    assert (tts.chosen, tts.settings) == ("espeak", Espeak(pitch=10))
    stt = Stt(faster_whisper=FasterWhisper(model="m"))
    assert (stt.chosen, stt.settings) == ("fasterWhisper", FasterWhisper(model="m"))


def test_engines_that_are_left_out_are_the_built_in_ones() -> None:
    engines = Engines.model_validate({"stt": {"instant": {"text": "hi"}}})
    assert (engines.stt.chosen, engines.llm.chosen) == ("instant", "scripted")


def test_an_agent_made_in_python_can_have_no_wrong_reference_either() -> None:
    conversation = {
        "instructions": "x",
        "intents": [{"name": "a", "phrases": ["hello"], "answer": "On {day}"}],
    }
    with pytest.raises(ValidationError, match=r"intents\[0\].answer: saw \"\{day\}\"; there is no such slot"):
        VoiceAgent.model_validate(LEAST | {"spec": {"conversation": conversation}})


def test_an_agent_is_frozen() -> None:
    agent = VoiceAgent.model_validate(LEAST)
    with pytest.raises(ValidationError, match="frozen"):
        agent.spec.language = "de-DE"  # type: ignore[misc]
