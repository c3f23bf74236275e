"""A voice that eSpeak NG does not have is a mistake in the file, where its wheel is there to know."""

from __future__ import annotations

from pathlib import Path

import pytest

from parley_cli import voices
from parley_cli.__main__ import main

AGENT = """\
apiVersion: parley.dev/v1alpha1
kind: VoiceAgent
metadata: {name: a}
spec:
  conversation: {instructions: x}
  engines: {tts: {espeak: {voice: VOICE}}}
"""


def checked(folder: Path, voice: str) -> int:
    file = folder / "agent.yaml"
    file.write_text(AGENT.replace("VOICE", voice))
    return main(["check", str(file)])


@pytest.mark.parametrize("voice", ["gmw/en-US", "gmw/en", "gmw/en-us+f3", "en-US", "de", "gmw/en-GB-x-rp+m7"])
def test_a_voice_that_espeak_has_is_ok(voice: str, tmp_path: Path) -> None:
    assert checked(tmp_path, voice) == 0


@pytest.mark.parametrize("voice", ["nonsense", "gmw/nonsense", "en-gb", "+f3", "gmw/"])
def test_a_voice_that_espeak_lacks_is_told_with_some_that_it_has(
    voice: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bug: `parley check` said ok, and `parley run` then failed. Cause: the schema knows only how a name looks."""
    assert checked(tmp_path, voice) == 2
    told = capsys.readouterr().err
    assert f'spec.engines.tts.espeak.voice: saw "{voice}"; write the name of one that eSpeak NG has' in told
    assert "gmw/" in told or "en" in told


def test_without_the_wheel_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voices, "find_spec", lambda name: None)
    assert checked(tmp_path, "nonsense") == 0


def test_the_engine_is_not_loaded_to_know() -> None:
    assert "gmw/en-US" in voices.installed_voices()
    assert "espeakng_loader" not in vars(voices)
