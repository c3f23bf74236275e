"""The mean that is taken off every frame's cepstrum, so that a voice sounds alike over every microphone.

Rules: pure; starts from the mean of other speech and moves to this utterance's own as it goes on, counting the former
as PRIOR_FRAMES. PocketSphinx itself counts it as 500 frames and moves once in 800, later than most utterances end.
Measured with tests/speech.py's voices on the reception's vocabulary, words wrong with a fixed mean / with this: 17.9 /
18.8 % as they are, 22.5 / 19.2 % with the high frequencies raised, 23.8 / 19.6 % with the low ones raised.
"""

from __future__ import annotations

PRIOR = (57.8, 0.0, -1.4, 8.7, -9.7, 0.1, -6.3, -4.9, -5.2, 0.2, 0.8, -4.7, 2.1)
"""Of four synthetic voices after the front end (level 0.5, noise floor). PocketSphinx's own 40,3,-1: 27 % wrong."""

PRIOR_FRAMES = 100

_SPHINX_FRAMES = 500
"""CMN_WIN of PocketSphinx's cmn.h: the weight of what set_cmn sets in what get_cmn(update=True) returns."""

EVERY_FRAMES = 16
"""Of 10 ms: how often the mean moves."""


class CepstralMean:
    """One utterance's mean. `current` is what the decoder was last given, as it takes it."""

    def __init__(self) -> None:
        self._mean = list(PRIOR)
        self._sum = [0.0] * len(PRIOR)
        self._frames = 0

    @property
    def current(self) -> str:
        return ",".join(f"{value:.3f}" for value in self._mean)

    def is_due(self, frames: int) -> bool:
        """`frames` is the decoder's count since the beginning of the utterance."""
        return frames - self._frames >= EVERY_FRAMES

    def move(self, reported: str, frames: int) -> None:
        """`reported` is what the decoder makes of `current` and the frames since: a mean over both."""
        new = frames - self._frames
        for index, value in enumerate(map(float, reported.split(","))):
            self._sum[index] += value * (_SPHINX_FRAMES + new) - self._mean[index] * _SPHINX_FRAMES
            self._mean[index] = (PRIOR[index] * PRIOR_FRAMES + self._sum[index]) / (PRIOR_FRAMES + frames)
        self._frames = frames
