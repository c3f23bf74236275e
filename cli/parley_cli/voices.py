"""Whether eSpeak NG has the voice that a file names, by its data files: neither library nor engine is loaded.

Only where its wheel is installed: a file may be checked on a machine that will never speak.
"""

from __future__ import annotations

import difflib
from importlib.util import find_spec
from pathlib import Path

from parley_api import VoiceAgent
from parley_api.problems import Problem, shown

_MOST_NAMED = 8


def voice_problem(agent: VoiceAgent) -> Problem | None:
    """What is wrong with the voice of `agent`; None where nothing is, or nobody here knows."""
    espeak = agent.spec.engines.tts.espeak
    voices = installed_voices()
    if espeak is None or not voices:
        return None
    # What follows "+" is a variant: eSpeak passes over one that it does not know.
    name = espeak.voice.partition("+")[0].lower()
    known = {voice.lower(): voice for voice in voices}
    if name in known or any(voice.endswith(f"/{name}") for voice in known):
        return None
    close = [known[voice] for voice in difflib.get_close_matches(name, known, n=_MOST_NAMED)]
    some = ", ".join(close or voices[:_MOST_NAMED])
    instead = f"write the name of one that eSpeak NG has, such as {some}"
    return Problem("spec.engines.tts.espeak.voice", shown(espeak.voice), instead)


def installed_voices() -> list[str]:
    """Names such as gmw/en-US, English ones first; none where eSpeak's wheel is not installed."""
    found = find_spec("espeakng_loader")
    folders = list(found.submodule_search_locations or ()) if found is not None else []
    names = [
        file.relative_to(root).as_posix()
        for folder in folders
        for root in (Path(folder, "espeak-ng-data", part) for part in ("lang", "voices"))
        for file in root.rglob("*")
        if file.is_file()
    ]
    return sorted(names, key=lambda name: (not name.startswith("gmw/en"), name))
