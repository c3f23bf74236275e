"""How likely it is that what fits best is what was meant: a probability, from what the readings tell.

    near       how near it is in meaning, a cosine
    lead       how far it is ahead of the next intent
    agreement  the share of the readings of whose words it is the best
    evidence   the weight of the words that belong to it alone

Rules: pure; it grows with each of them. What the recogniser itself says of its readings is not used: measured, it does
not tell right from wrong. The weights are a logistic regression, made by `python -m tests.bench.confidence`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from parley_dataplane.engines.scripted.matcher import Match

CONSTANT = -6.6
WEIGHTS = (9.5, 1.3, 0.8, 1.4)

PLAIN = 1.0
"""Evidence of what is built in: it is made of small words that belong to everything, and is said plainly or not at all.
"""


def confidence(ranked: Sequence[Match]) -> float:
    """Of the first of `ranked`, 0 to 1."""
    return probability(features(ranked))


def features(ranked: Sequence[Match]) -> tuple[float, ...]:
    """In the order of the list above. (What is built in gives way to an intent of the file, and is no rival.)"""
    best, *others = ranked
    rival = max((match.rank for match in others if not match.key.startswith("builtin")), default=0.0)
    is_built_in = best.key.startswith("builtin")
    return best.near, max(0.0, best.rank - rival), best.agreement, PLAIN if is_built_in else best.evidence


def probability(told: Sequence[float]) -> float:
    """`told` are the features."""
    weighed = sum(weight * one for weight, one in zip(WEIGHTS, told, strict=True))
    return 1 / (1 + math.exp(-(CONSTANT + weighed)))
