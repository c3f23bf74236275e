"""The files that an agent's engines read: a Whisper model's folder, a Piper voice.

Rules: a path begins at the folder of the agent's file, is absolute, or begins with ~. Whether it is there is looked at
when the agent's file is read, so that `parley check` says it before a call does; what may not be looked at is not
there. What the files hold is the engines' own business.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from parley_api.plain import Mistake
from parley_api.problems import shown

WHISPER_FILES = ("config.json", "model.bin", "tokenizer.json")
"""Without the last one, faster-whisper would ask the internet for one."""

WHISPER = (
    f"the folder of a Whisper model as CTranslate2 takes it ({', '.join(WHISPER_FILES)} and the vocabulary)"
)
PIPER = "the path of a Piper voice: an .onnx file, with its .onnx.json beside it"


def engine_path(base_dir: Path, path: str) -> Path:
    """Where `path` of an agent's file leads; `base_dir` is that file's folder."""
    try:
        return (base_dir / Path(path).expanduser()).absolute()
    except RuntimeError:  # ~somebody, whom this machine does not know
        return (base_dir / path).absolute()


def voice_settings(voice: Path) -> Path:
    """The JSON file of a Piper voice."""
    return voice.with_name(f"{voice.name}.json")


def mistakes(agent: Any, base_dir: Path) -> Iterator[Mistake]:
    """What is not there, in a VoiceAgent as plain values (camelCase, as in the file)."""
    for names, look in _FILES.items():
        path = _text(agent, "spec", "engines", *names)
        problem = look(engine_path(base_dir, path)) if path else None
        if problem is not None:
            yield Mistake(("spec", "engines", *names), f"{shown(path)}, {problem[0]}", problem[1])


def _whisper(folder: Path) -> tuple[str, str] | None:
    """What was seen, and what to do instead."""
    if os.path.isfile(folder):
        return "a file", f"write {WHISPER}"
    if not os.path.isdir(folder):
        return "no such folder", f"write {WHISPER}"
    missing = [name for name in WHISPER_FILES if not os.path.isfile(folder / name)]
    if missing:
        return f"a folder without {', '.join(missing)}", f"write {WHISPER}"
    return None


def _piper(voice: Path) -> tuple[str, str] | None:
    if os.path.isdir(voice):
        return "a folder", f"write {PIPER}"
    if not os.path.isfile(voice):
        return "no such file", f"write {PIPER}"
    beside = voice_settings(voice)
    if not os.path.isfile(beside):
        return f"without {beside.name}", "put the voice's .onnx.json beside it"
    return None


_FILES = {("stt", "fasterWhisper", "model"): _whisper, ("tts", "piper", "voice"): _piper}


def _text(value: Any, *names: str) -> str:
    """The text at that place, "" where there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""
