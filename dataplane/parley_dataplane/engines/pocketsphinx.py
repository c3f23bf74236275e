"""PocketSphinx as an STT engine: the agent's own language model, callers' audio to a worker process,
texts back.

Rules: what is heard is lower case words of the agent's vocabulary; `push` never waits; audio goes to the
worker in batches of 40 and 80 ms (front_end.py); nothing that is heard reaches a log. The language model lies in a
private folder that `close` removes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

from parley_dataplane.engines import wheels
from parley_dataplane.engines.base import SttStream
from parley_dataplane.engines.espeak import Espeak
from parley_dataplane.engines.front_end import FrontEnd
from parley_dataplane.engines.language_model import LanguageModel, dictionary_text, pronunciations
from parley_dataplane.engines.phonemes import phones
from parley_dataplane.engines.private_worker import PrivateWorker
from parley_dataplane.engines.worker import Worker
from parley_dataplane.engines.worker_utterance import WorkerUtterance
from parley_dataplane.errors import EngineError, EngineUnavailable

_log = logging.getLogger(__name__)

_MODULE = "parley_dataplane.engines.workers.pocketsphinx_worker"

_DECODERS = 2
"""Made in advance; 7.5 MB each."""

_LIMIT = 64
"""Utterances at once: ten of them fill a core."""

ALTERNATIVES = 5

_BEAMS = {"beam": 1e-60, "wbeam": 1e-40, "pbeam": 1e-60, "lpbeam": 1e-52, "lponlybeam": 1e-40}
"""How much less likely than the best a reading may be and still be followed. PocketSphinx's own are some 1e12 times
narrower, and give up what was said at its first syllable: "tell me a story" became "delete" something. Words wrong, 5
voices, 24 questions to the reception, room noise / digital silence: 15.9 / 19.1 % with its own, 9.9 / 10.6 with these.
They cost 0.055 s of a core per second instead of 0.041. 1e10 times wider still is no better.
"""


class PocketSphinx:
    """`texts` are what people are expected to say, `words` (or whole texts) what else may occur in it."""

    name = "pocketsphinx"

    def __init__(self, texts: Sequence[str], words: Sequence[str] = ()) -> None:
        self._texts = texts
        self._words = words
        self._private = PrivateWorker(self.name, _MODULE)

    @property
    def worker(self) -> Worker:
        return self._private.worker

    async def start(self) -> None:
        """Raises EngineUnavailable when the wheel is missing."""
        if self._private.is_started:
            return
        model = _model_folder()
        language = await asyncio.to_thread(LanguageModel.of, self._texts, self._words)
        pronounced = await asyncio.to_thread(_look_up, model, language)
        pronounced |= await _pronounce(sorted(language.words - pronounced.keys()))

        def write(folder: Path) -> dict[str, object]:
            _write(folder, language.restricted_to(pronounced), pronounced)
            return _config(model, folder)

        await self._private.start(write)

    async def close(self) -> None:
        await self._private.close()

    def open(self, language: str) -> SttStream:
        """Raises EngineUnavailable for another language than English."""
        if language.lower().split("-")[0] != "en":
            raise EngineUnavailable(
                f"language {language}: pocketsphinx hears en-US alone; choose another STT engine"
            )
        return WorkerUtterance(self.worker.open({}), FrontEnd())


def _model_folder() -> Path:
    return wheels.folder("pocketsphinx", "pocketsphinx") / "model" / "en-us"


def _config(model: Path, folder: Path) -> dict[str, object]:
    return {
        "decoder": {
            "hmm": str(model / "en-us"),
            "lm": str(folder / "agent.lm"),
            "dict": str(folder / "agent.dict"),
            "lw": 10,
            "fwdflatlw": 10,
            "bestpathlw": 11,
            **_BEAMS,
            # The second pass takes 60 ms after the last word, p95 190, and bought 0.4 % of words.
            "fwdflat": False,
            # Looking ahead for likely sounds told each word 50 ms later. Words wrong, as the beams were measured, 70
            # questions: 11.9 % with it, 12.6 without in room noise, 11.6 in digital silence.
            "pl_window": 0,
            "loglevel": "FATAL",
        },
        "decoders": _DECODERS,
        "limit": _LIMIT,
        "alternatives": ALTERNATIVES,
    }


def _look_up(model: Path, language: LanguageModel) -> dict[str, list[str]]:
    with (model / "cmudict-en-us.dict").open(encoding="utf-8") as dictionary:
        return pronunciations(dictionary, language.words)


async def _pronounce(words: list[str]) -> dict[str, list[str]]:
    """What eSpeak makes of words that are in no dictionary; those that it can't say either are left out."""
    if not words:
        return {}
    espeak = Espeak("gmw/en-US")
    try:
        await espeak.start()
        said = {word: phones(ipa) for word, ipa in zip(words, await espeak.pronounce(words), strict=True)}
    except EngineError as error:
        _log.warning("%d words of the agent can't be heard, no pronunciation: %s", len(words), error.detail)
        return {}
    finally:
        await espeak.close()
    if missing := sum(not phone for phone in said.values()):
        _log.warning("%d words of the agent can't be heard: no pronunciation for them", missing)
    return {word: [phone] for word, phone in said.items() if phone}


def _write(folder: Path, language: LanguageModel, pronounced: dict[str, list[str]]) -> None:
    (folder / "agent.lm").write_text(language.arpa(), "utf-8")
    (folder / "agent.dict").write_text(dictionary_text(pronounced), "utf-8")
