"""How likely it is that what fits best is what was meant: a probability, from what the readings tell.

    score      how well the target fits, 0 to 1
    agreement  the share of the readings of which it is the best
    evidence   the weight of the words that belong to it alone: a long question may hold much, and fit no phrase
    foreign    the weight of the words that nothing of this agent knows, 0 to 1

Rules: pure. What the recogniser itself says of its readings is not used: measured, it does not tell right from wrong.
The weights are a logistic regression, made by `python -m tests.bench.confidence`. (How far it is ahead of the next
intent told nothing more.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from parley_dataplane.engines.scripted.matcher import Match

CONSTANT = -6.5
WEIGHTS = (9.2, 1.0, 2.0, -0.7)

PLAIN = 1.0
"""Evidence of what is built in: it is made of small words that belong to everything, and is said plainly or not at all.
"""


def confidence(ranked: Sequence[Match]) -> float:
    """Of the first of `ranked`, 0 to 1."""
    return probability(features(ranked))


def features(ranked: Sequence[Match]) -> tuple[float, ...]:
    """In the order of the list above."""
    best = ranked[0]
    return (
        best.score,
        best.agreement,
        PLAIN if best.key.startswith("builtin") else best.evidence,
        best.foreign / (1 + best.foreign),
    )


def probability(told: Sequence[float]) -> float:
    """`told` are the features."""
    weighed = sum(weight * one for weight, one in zip(WEIGHTS, told, strict=True))
    return 1 / (1 + math.exp(-(CONSTANT + weighed)))
