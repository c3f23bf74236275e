"""The registry: each name of the file makes its engine, and nothing else is imported."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from parley_api import InvalidFile
from parley_api.engines import Engines as EnginesSpec
from parley_api.load import load
from parley_dataplane.agent import Agent
from parley_dataplane.engines.registry import ROLES, build
from parley_dataplane.engines.tone import Tone
from parley_dataplane.settings import Settings

ROOT = Path(__file__).parents[4]
EXAMPLES = ROOT / "examples"


def test_every_engine_that_a_file_may_name_is_listed() -> None:
    fields = EnginesSpec.model_fields
    in_file = {role: set(fields[role].annotation.members()) for role in fields}  # type: ignore[union-attr]
    in_file["llm"] -= {"modelServer"}  # of which the operator makes an openai
    assert {role: set(lines) for role, lines in ROLES.items()} == in_file


def test_a_model_server_is_a_clusters_and_is_told_what_to_write_here(tmp_path: Path) -> None:
    file = tmp_path / "agent.yaml"
    file.write_text(
        "apiVersion: parley.dev/v1alpha1\nkind: VoiceAgent\nmetadata: {name: shop}\n"
        "spec:\n  conversation: {instructions: Be kind.}\n"
        "  engines: {llm: {modelServer: {name: llm, namespace: models, temperature: 0.2}}}\n"
    )
    agent = load(file)
    with pytest.raises(InvalidFile) as raised:
        build(agent, tmp_path)
    (problem,) = raised.value.problems
    assert problem.path == "spec.engines.llm.modelServer"
    assert 'saw "llm"; a cluster has model servers, and this machine has none' in str(problem)
    instead = re.findall(r"\{url: \S+, model: NAME\}", problem.instead)
    agent = load(_rewritten(file, "openai: " + instead[0]))
    assert build(agent, tmp_path).names()["llm"] == "openai"


def _rewritten(file: Path, llm: str) -> Path:
    file.write_text(re.sub(r"modelServer: \{[^}]*\}", llm, file.read_text()))
    return file


@pytest.mark.parametrize(
    ("example", "names"),
    [
        ("bench.yaml", {"vad": "silero", "stt": "instant", "llm": "instant", "tts": "tone"}),
        ("reception.yaml", {"vad": "silero", "stt": "moonshine", "llm": "scripted", "tts": "espeak"}),
    ],
)
def test_an_example_gets_the_engines_that_it_names(example: str, names: dict[str, str]) -> None:
    engines = build(load(EXAMPLES / example), EXAMPLES)
    assert engines.names() == names
    assert [engine.name for engine in engines.all()] == list(names.values())


def test_the_bench_agent_imports_no_speech_engine() -> None:
    code = """
import sys
from pathlib import Path
from parley_api.load import load
from parley_dataplane.engines.registry import build
file = Path(sys.argv[1])
build(load(file), file.parent)
print(*sorted(name for name in sys.modules if "sphinx" in name or "espeak" in name or "scripted" in name))
"""
    paths = os.pathsep.join(str(ROOT / part) for part in ("crds", "dataplane"))
    run = subprocess.run(
        [sys.executable, "-c", code, EXAMPLES / "bench.yaml"],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == []


def test_the_environment_sets_the_length_of_the_tone() -> None:
    agent = load(EXAMPLES / "bench.yaml")
    as_file = build(agent, EXAMPLES).tts
    as_set = Agent.load(agent, EXAMPLES, Settings.from_environ({"BENCH_TONE_SECS": "0.5"})).engines.tts
    assert isinstance(as_file, Tone)
    assert isinstance(as_set, Tone)
    assert (as_file.seconds, as_set.seconds) == (3.0, 0.5)
