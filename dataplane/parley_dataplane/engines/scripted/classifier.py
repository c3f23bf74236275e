"""Which intent a vector of meaning belongs to, or that it belongs elsewhere: learnt when a server starts.

Multinomial logistic regression over the phrases' vectors, with one class more for what people ask of anybody
(elsewhere.py). The nearest phrase alone can't tell "do you have wifi" from "do you have parking", and one phrase of
thirty may be near to anything; the classes' boundaries can. Of 352 questions in other words than the examples' files,
spoken and heard, it puts 85 in 100 first by itself, as the nearest phrase and the words do together, 87 with them;
and where 10 in 100 foreign questions are answered, it is 84 of these and not 78.

Rules: pure and deterministic; every intent weighs the same, however many phrases it has. What an agent's own phrases
say is not elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

ENOUGH = 16
"""Phrases that intents have on average, from which on there is something to learn: with 12 or fewer the nearest phrase
is as good.
"""

_OWN = 0.5
"""The cosine to a phrase of the agent's from which a general request is one of its own."""

_SCALE = 8.0
"""Of the vectors, of length 1: with it so many steps are enough."""

_DECAY, _STEPS, _RATE, _MOMENTUM = 0.003, 300, 1.0, 0.9


class Classifier:
    """`intents` are the classes of `phrases`, from 0 on without a gap; `others` belong to none of them."""

    def __init__(self, phrases: Floats, intents: Sequence[int], others: Floats) -> None:
        self._count = max(intents) + 1
        others = others[(others @ phrases.T).max(1) < _OWN]
        known = _widened(np.concatenate((phrases, others)))
        classes = np.concatenate((np.array(intents), np.full(len(others), self._count)))
        sizes = np.bincount(classes, minlength=self._count + 1)
        share = 1.0 / sizes[classes]
        share = (share / share.sum()).astype(np.float32)[:, None]
        wanted = np.eye(self._count + 1, dtype=np.float32)[classes]
        weights = np.zeros((known.shape[1], self._count + 1), np.float32)
        speed = np.zeros_like(weights)
        for _ in range(_STEPS):
            slope = known.T @ ((_softmax(known @ weights) - wanted) * share) + _DECAY * weights
            speed = _MOMENTUM * speed - _RATE * slope
            weights = weights + speed
        self._weights = weights

    def probabilities(self, vectors: Floats) -> Floats:
        """Of each of `vectors` and intent: (vectors, intents). What is left to 1 is elsewhere."""
        return _softmax(_widened(vectors) @ self._weights)[:, : self._count]


def _widened(vectors: Floats) -> Floats:
    """With a one behind each, for the constant."""
    return np.column_stack((vectors * np.float32(_SCALE), np.ones(len(vectors), np.float32)))


def _softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max(1, keepdims=True))
    chances: Floats = powers / powers.sum(1, keepdims=True)
    return chances
