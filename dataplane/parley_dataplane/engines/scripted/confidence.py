"""How likely it is that what fits best is what was meant: a probability, from what the readings tell.

    near       how near it is in meaning, a cosine
    lead       the classifier's log-odds; without one how far it is ahead of the next intent
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
"""Where no classifier has told: of files of few phrases, by the words alone, of what is built in and of follow-ups."""

LEARNT_CONSTANT = -12.0
LEARNT_WEIGHTS = (7.4, 12.4, 1.4, 1.5)
"""Where the classifier has told."""

_MOST_ODDS = 9.2
"""Log-odds, either way: beyond one in 10,000 a classifier that saw thirty phrases knows nothing."""

LIKELY = 0.33
"""The confidence from which a target is answered. Of 194 questions in other words than the file's, by three voices, 82
in 100 were right at once in a quiet room and 75 in noise, 3 and 2 wrong. Of 144 that no agent knows 8 in 100 were
answered.
"""

POSSIBLE = 0.15
"""From here on the person is asked whether that is what they want; below it, to say it again."""

_CLEAR = 0.03
"""Two intents are told apart if they fit this far apart, times the doubt that the first one's leaves:
the surer one is, the less it matters what else it might be.
"""

_EVEN = 0.14
"""The same where nothing that was said belongs more to the first: "my appointment" is booked, moved and canceled."""

_NO_DOUBT, _FULL_DOUBT = 0.75, 0.49
"""How well the first one fits."""

_SAME = 0.7
"""So near to a phrase it is that phrase, misheard at most."""

PLAIN = 1.0
"""Evidence of what is built in: it is made of small words that belong to everything, and is said plainly or not at all.
"""


def confidence(ranked: Sequence[Match]) -> float:
    """Of the first of `ranked`, 0 to 1."""
    return probability(features(ranked), is_learnt(ranked))


def is_sure(ranked: Sequence[Match]) -> bool:
    """Whether the first of `ranked` is to be answered."""
    return confidence(ranked) >= LIKELY and not (_disputed(ranked) if is_learnt(ranked) else _unclear(ranked))


def is_learnt(ranked: Sequence[Match]) -> bool:
    """Whether the classifier has told of the first of `ranked`."""
    return ranked[0].meaning is not None and ranked[0].likely is not None


def _disputed(ranked: Sequence[Match]) -> bool:
    """Whether the classifier would rather have another intent, and what was said is no phrase of this one's."""
    best, *others = ranked
    return best.near < _SAME and any(
        match.meaning is not None and (match.likely or 0.0) > (best.likely or 0.0) for match in others
    )


def _unclear(ranked: Sequence[Match]) -> bool:
    """Two intents that can't be told apart. (What is built in gives way to an intent of the file.)"""
    rivals = [match for match in ranked[1:] if not match.key.startswith("builtin")]
    if not rivals:
        return False
    best, rival = ranked[0], rivals[0]
    doubt = max(0.0, _NO_DOUBT - best.fit) / (_NO_DOUBT - _FULL_DOUBT)
    return best.fit - rival.fit < doubt * (_CLEAR if rival.evidence < best.evidence else _EVEN)


def features(ranked: Sequence[Match]) -> tuple[float, float, float, float]:
    """In the order of the list above. (What is built in gives way to an intent of the file, and is no rival.)"""
    best, *others = ranked
    evidence = PLAIN if best.key.startswith("builtin") else best.evidence
    if is_learnt(ranked):
        return best.near, _lead(best.likely or 0.0), best.agreement, evidence
    rival = max((match.fit for match in others if not match.key.startswith("builtin")), default=0.0)
    return best.near, max(0.0, best.fit - rival), best.agreement, evidence


def _lead(likely: float) -> float:
    """The log-odds of a probability, from 0 to 1."""
    least = math.exp(-_MOST_ODDS)
    bounded = min(max(likely, least), 1 - least)
    return 0.5 + math.log(bounded / (1 - bounded)) / (2 * _MOST_ODDS)


def probability(told: Sequence[float], learnt: bool = False) -> float:
    """`told` are the features, `learnt` whether the classifier has told."""
    constant, weights = (LEARNT_CONSTANT, LEARNT_WEIGHTS) if learnt else (CONSTANT, WEIGHTS)
    weighed = sum(weight * one for weight, one in zip(weights, told, strict=True))
    return 1 / (1 + math.exp(-(constant + weighed)))
