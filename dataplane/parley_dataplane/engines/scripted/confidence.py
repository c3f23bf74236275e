"""How likely it is that what fits best is what was meant: a probability, from three things that the readings tell.

    score      how well the target fits, 0 to 1
    lead       how far it is ahead of the next intent
    agreement  the share of the readings of which it is the best

Rules: pure; it grows with each of the three. What the recogniser itself says of its readings is not used: measured, it
does not tell right from wrong. The weights are a logistic regression, made by `python -m tests.bench.confidence`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from parley_dataplane.engines.scripted.matcher import Match

CONSTANT, SCORE, LEAD, AGREEMENT = -5.5, 4.9, 0.6, 2.9


def confidence(ranked: Sequence[Match]) -> float:
    """Of the first of `ranked`, 0 to 1."""
    return probability(*features(ranked))


def features(ranked: Sequence[Match]) -> tuple[float, float, float]:
    """Score, lead and agreement. (What is built in gives way to an intent of the file, and is no rival.)"""
    best, *others = ranked
    rival = max((match.score for match in others if not match.key.startswith("builtin")), default=0.0)
    return best.score, max(0.0, best.score - rival), best.agreement


def probability(score: float, lead: float, agreement: float) -> float:
    """All from 0 to 1."""
    return 1 / (1 + math.exp(-(CONSTANT + SCORE * score + LEAD * lead + AGREEMENT * agreement)))
