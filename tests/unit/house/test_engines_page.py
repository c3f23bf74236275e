"""docs/engines.md against the code: every engine, every YAML as it stands there, and the limits that it names."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from parley_api.engine_files import WHISPER_FILES
from parley_api.engines import Engines, FasterWhisper, OpenAi, Piper
from parley_api.load import load
from parley_dataplane.engines import openai, prompt
from parley_dataplane.engines.registry import build

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/engines.md").read_text()
WORDS = " ".join(PAGE.split())
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
AGENT = """\
apiVersion: parley.dev/v1alpha1
kind: VoiceAgent
metadata: {name: a}
spec:
  conversation: {instructions: You are a clinic.}
"""


def test_every_engine_is_on_the_page_and_no_other_is() -> None:
    listed: dict[str, list[str]] = {}
    role = ""
    for named, engine in re.findall(r"^\| (?:`(\w+)`)? ?\| `(\w+)` \|", PAGE, re.MULTILINE):
        role = named or role
        listed.setdefault(role, []).append(engine)
    fields = Engines.model_fields
    assert listed == {role: fields[role].annotation.members() for role in fields}  # type: ignore[union-attr]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_a_valid_agent_and_gets_the_engines_that_it_names(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a key")
    models = tmp_path / "models/small"
    models.mkdir(parents=True)
    for name in WHISPER_FILES:
        (models / name).touch()
    (tmp_path / "voices").mkdir()
    for name in ("anna.onnx", "anna.onnx.json"):
        (tmp_path / "voices" / name).touch()
    file = tmp_path / "agent.yaml"
    file.write_text(AGENT + example)
    named = {role: next(iter(one)) for role, one in yaml.safe_load(example)["engines"].items()}
    assert build(load(file), tmp_path).names().items() >= named.items()


def test_every_setting_of_these_engines_is_on_the_page() -> None:
    fields = {
        field.alias or name
        for kind in (FasterWhisper, Piper, OpenAi)
        for name, field in kind.model_fields.items()
    }
    assert [name for name in fields if not re.search(rf"`{name}`|\b{name}: ", PAGE)] == []


@pytest.mark.parametrize(
    "said",
    [
        f"as far as {prompt.LARGEST_SYSTEM:,} characters go",
        f"at most {prompt.LARGEST_HISTORY:,} characters, the newest",
        f"{openai.CONNECT_SECS:g} s to connect and {openai.READ_SECS:g} s without a piece of the answer",
        f"an answer is read for {openai.LONGEST_ANSWER:,} characters",
        f"`threads` ({FasterWhisper.model_fields['threads'].default})",
        f"`speed` ({Piper.model_fields['speed'].default})",
    ],
)
def test_every_limit_on_the_page_is_the_one_that_holds(said: str) -> None:
    assert said in WORDS


def test_what_is_to_be_installed_is_the_package_of_an_extra() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    wanted = [re.split(r"[<>=]", line)[0] for extra in ("faster-whisper", "openai") for line in extras[extra]]
    assert re.findall(r"-m pip install (\S+)", PAGE) == wanted == ["faster-whisper", "httpx2"]
