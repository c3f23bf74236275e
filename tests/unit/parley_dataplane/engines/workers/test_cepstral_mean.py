"""The mean that PocketSphinx takes off what it hears."""

from __future__ import annotations

import pytest

from parley_dataplane.engines.workers.cepstral_mean import EVERY_FRAMES, PRIOR, PRIOR_FRAMES, CepstralMean


def test_the_cepstral_mean_moves_from_other_peoples_to_this_utterances() -> None:
    """A decoder whose every frame is `own`, and that counts what it was given as 500 frames."""
    own = [value + 6 for value in PRIOR]
    mean = CepstralMean()
    assert not mean.is_due(EVERY_FRAMES - 1)
    given, frames = [float(value) for value in mean.current.split(",")], 0
    for _ in range(10):
        frames += 20
        reported = [(500 * a + 20 * b) / 520 for a, b in zip(given, own, strict=True)]
        mean.move(",".join(map(str, reported)), frames)
        given = [float(value) for value in mean.current.split(",")]
    share = 200 / (200 + PRIOR_FRAMES)
    assert given == pytest.approx([value + 6 * share for value in PRIOR], abs=0.05)
