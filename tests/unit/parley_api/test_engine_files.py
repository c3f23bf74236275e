"""A model or voice that is not where the file says is a mistake in the file: `parley check` names it before a call."""

from __future__ import annotations

from pathlib import Path

import pytest

from parley_api import InvalidFile, load
from parley_api.engine_files import WHISPER_FILES, engine_path

AGENT = """\
apiVersion: parley.dev/v1alpha1
kind: VoiceAgent
metadata: {name: a}
spec:
  conversation: {instructions: x}
  engines:
    stt: {fasterWhisper: {model: MODEL}}
    tts: {piper: {voice: VOICE}}
"""
WHISPER = (
    "write the folder of a Whisper model as CTranslate2 takes it"
    " (config.json, model.bin, tokenizer.json and the vocabulary)"
)
PIPER = "write the path of a Piper voice: an .onnx file, with its .onnx.json beside it"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Files of the right names: what is in them is not looked at."""
    (tmp_path / "whisper").mkdir()
    for name in WHISPER_FILES:
        (tmp_path / "whisper" / name).touch()
    for name in ("anna.onnx", "anna.onnx.json", "alone.onnx"):
        (tmp_path / name).touch()
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "model.bin").touch()
    return tmp_path


def told(folder: Path, model: str = "whisper", voice: str = "anna.onnx") -> list[str]:
    file = folder / "agent.yaml"
    file.write_text(AGENT.replace("MODEL", model).replace("VOICE", voice))
    try:
        load(file)
    except InvalidFile as invalid:
        return str(invalid).replace(f"{file}:", "").splitlines()
    return []


def test_files_beside_the_agents_and_absolute_ones_are_found(models: Path) -> None:
    assert told(models) == []
    assert told(models, f"{models}/whisper", f"{models}/half/../anna.onnx") == []


@pytest.mark.parametrize(
    ("model", "seen"),
    [
        ("nowhere", '"nowhere", no such folder'),
        ("anna.onnx", '"anna.onnx", a file'),
        ("half", '"half", a folder without config.json, tokenizer.json'),
        ("a/" * 500, '"a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a…", no such folder'),
        ("~nobody-of-that-name/m", '"~nobody-of-that-name/m", no such folder'),
        (r'"a\0b"', r'"a\u0000b", no such folder'),
    ],
)
def test_what_is_no_folder_of_a_model_is_told_with_what_to_write(model: str, seen: str, models: Path) -> None:
    assert told(models, model=model) == [f"7: spec.engines.stt.fasterWhisper.model: saw {seen}; {WHISPER}"]


@pytest.mark.parametrize(
    ("voice", "said"),
    [
        ("nowhere.onnx", f'saw "nowhere.onnx", no such file; {PIPER}'),
        ("half", f'saw "half", a folder; {PIPER}'),
        ("alone.onnx", 'saw "alone.onnx", without alone.onnx.json; put the voice\'s .onnx.json beside it'),
    ],
)
def test_what_is_no_voice_is_told_with_what_to_write(voice: str, said: str, models: Path) -> None:
    assert told(models, voice=voice) == [f"8: spec.engines.tts.piper.voice: {said}"]


def test_a_path_may_begin_at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert engine_path(Path("agents"), "~/models/small") == tmp_path / "models/small"
    assert engine_path(Path("agents"), "models/small") == Path.cwd() / "agents/models/small"


OPENAI = """\
apiVersion: parley.dev/v1alpha1
kind: VoiceAgent
metadata: {name: a}
spec:
  conversation: {instructions: x}
  engines: {llm: {openai: {url: "URL", model: m, keyVariable: KEY}}}
"""


def told_of(folder: Path, url: str, key: str) -> str:
    file = folder / "agent.yaml"
    file.write_text(OPENAI.replace("URL", url).replace("KEY", key))
    try:
        load(file)
    except InvalidFile as invalid:
        return str(invalid)
    return ""


@pytest.mark.parametrize("key", ["sk-proj-4eC39HqLyjWD", "gsk_4eC39HqLyjWDarjtT1zdp7dc", "a key"])
def test_a_key_in_place_of_its_variables_name_is_refused_and_not_shown(key: str, tmp_path: Path) -> None:
    said = told_of(tmp_path, "http://127.0.0.1:8000/v1", key)
    assert (
        "saw a secret; write the name of an environment variable in capitals such as OPENAI_API_KEY" in said
    )
    assert key not in said


@pytest.mark.parametrize(
    "url", ["ftp://a/v1", "127.0.0.1:8000/v1", "https://me:word@a/v1", "http://a/v1?key=b"]
)
def test_a_url_that_is_none_or_holds_a_login_is_refused(url: str, tmp_path: Path) -> None:
    assert "write a URL such as http://127.0.0.1:11434/v1, without a login" in told_of(tmp_path, url, "A_KEY")


def test_a_url_and_the_name_of_a_variable_are_all_it_takes(tmp_path: Path) -> None:
    assert told_of(tmp_path, "https://api.openai.com/v1", "OPENAI_API_KEY") == ""
