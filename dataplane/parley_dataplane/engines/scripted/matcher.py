"""Which of the things that people may want was meant: every target gets a score from 0 to 1.

Two kinds of evidence, because a recogniser drops and swaps words:
- the best phrase: how much of it was heard, and how much of what was heard it explains;
- the words by themselves: how far each belongs to this target and to no other ("parking" does, "appointment"
  may not).
Function words count little, rare words most (IDF over targets), words that no phrase holds count against all.
Readings other than the first are evidence too, a little less with each place. A word that fills a slot of the
target is explained.

Rules: pure and deterministic. The recogniser's confidence is not used: measured, it does not tell right from
wrong.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from parley_dataplane.engines.scripted.slots.finding import find
from parley_dataplane.engines.scripted.synonyms import sayings, synonyms
from parley_dataplane.engines.scripted.words import (
    FOREIGN_WEIGHT,
    QUESTION_WEIGHT,
    QUESTIONS,
    STOP,
    STOP_WEIGHT,
    SYNONYM,
    Vocabulary,
    is_content,
    stem,
    words,
)

MOST_READINGS = 5
READING_DECAY = 0.97
AGREEMENT = 0.3
"""How much of the evidence is what the readings have in common, rather than the best one."""

PHRASE_SHARE = 0.8
COVERED_SHARE = 0.6
"""Hearing what was expected counts a little more than hearing nothing else."""

WORDS_MEAN = 0.85
"""What a score by words alone is worth as a cosine of meaning."""

WORDS_SHARE = 0.2
"""What the words count beside the meaning. Right target first, of 352 spoken questions: 80.4 % without, 84.1 with this
much, 84.4 with twice as much; 77 % by the words alone."""

LIKELY_SHARE = 0.2
"""What the classifier's probability counts beside both. Right target first, of 352 spoken questions: 84.7 % without,
86.6 with half as much, 86.9 with this much or twice as much."""

WEAK_WILDCARD = 0.66
"""Of "tell me about {anything}" with nothing but function words: anything that says more is preferred."""

STRONG_WILDCARD = 0.92

SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Phrase:
    """`said`: its words without slots. `free`: its name or text slot, with the words around it."""

    said: tuple[str, ...]
    free: str | None = None
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    @classmethod
    def read(cls, text: str, free_slots: Collection[str] = ()) -> Phrase:
        said = words(SLOT.sub(" ", text))
        free = next((name for name in SLOT.findall(text) if name in free_slots), None)
        if free is None:
            return cls(said)
        before, _, after = text.partition("{" + free + "}")
        return cls(said, free, words(SLOT.split(before)[-1]), words(SLOT.split(after)[0]))

    def free_words(self, heard: Sequence[str]) -> tuple[int, int] | None:
        """Where in `heard` the free slot is: after `before` and up to `after`; None if that is not there."""
        size = len(self.before)
        if not size:
            return None
        for at in range(len(heard) - size, -1, -1):
            if tuple(heard[at : at + size]) == self.before:
                end = self._end(heard, at + size)
                return (at + size, end) if end > at + size else None
        return None

    def _end(self, heard: Sequence[str], start: int) -> int:
        size = len(self.after)
        ends = (
            at for at in range(start + 1, len(heard)) if size and tuple(heard[at : at + size]) == self.after
        )
        return next(ends, len(heard))


@dataclass(frozen=True)
class Target:
    """One thing that may be meant. `kinds` are the slot kinds whose values it explains; `bias` is a factor; one that is
    `plain` is said plainly, with little else."""

    key: str
    phrases: tuple[Phrase, ...]
    kinds: frozenset[str] = frozenset()
    extra_words: tuple[str, ...] = ()
    bias: float = 1.0
    plain: bool = False

    @cached_property
    def share(self) -> Mapping[str, float]:
        """Stem -> the share of this target's phrases that hold it."""
        counts = Counter(word for phrase in self.phrases for word in {stem(w) for w in phrase.said})
        shares = {word: count / len(self.phrases) for word, count in counts.items()}
        return {stem(word): 0.5 for word in self.extra_words} | shares


@dataclass(frozen=True)
class Weighed:
    """A phrase as it is compared: stem -> weight, and those stems that a wildcard goes by."""

    phrase: Phrase
    weights: Mapping[str, float]
    total: float
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fit:
    """Of one reading to one target. `evidence`: the weight of its content words that belong to the target, and to no
    other."""

    score: float
    evidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Match:
    """`agreement`: the share of the readings of which this is the best target, or one of them; 0 to 1. `evidence`: the
    most that one of them holds. `meaning`: how near what was said is to it in meaning, -1 to 1; None if nobody told.
    `likely`: the probability that it was meant, by its meaning alone, or what stands for it beside others that have
    one.
    """

    key: str
    score: float
    agreement: float = 1.0
    evidence: float = 0.0
    meaning: float | None = None
    likely: float | None = None

    @property
    def near(self) -> float:
        """By meaning, or as near as the words alone tell."""
        return WORDS_MEAN * self.score if self.meaning is None else self.meaning

    @property
    def fit(self) -> float:
        """How well it fits by itself."""
        return self.near + WORDS_SHARE * self.score

    @property
    def rank(self) -> float:
        """What targets are compared by."""
        return self.fit + LIKELY_SHARE * (self.likely or 0.0)


@dataclass(frozen=True)
class Hearing:
    """One reading, to be compared: its words, what each may stand for, and which are values of slots."""

    said: tuple[str, ...]
    likes: tuple[Mapping[str, float], ...]
    weights: tuple[float, ...]
    values: Mapping[str, frozenset[int]]
    where: Mapping[str, Sequence[tuple[int, float]]]
    """Stem -> the words that may stand for it, and how likely. A phrase of whose content words none is here is not
    looked at."""


class Matcher:
    """Scores what was said against targets."""

    def __init__(self, targets: Iterable[Target]) -> None:
        self.targets = {target.key: target for target in targets}
        known = (word for target in self.targets.values() for word in target.share)
        self.vocabulary = Vocabulary(known, synonyms())
        spread = Counter(word for target in self.targets.values() for word in target.share)
        scale = math.log(1 + max(len(self.targets), 2))
        self._rarity = {word: math.log(1 + len(self.targets) / n) / scale for word, n in spread.items()}
        self._weighed = {
            target.key: [self._weigh(phrase) for phrase in target.phrases] for target in self.targets.values()
        }

    def hear(self, text: str) -> Hearing:
        said = _join(words(text), self.vocabulary)
        likes = self._likes(said)
        weights = tuple(self._weight(word, like) for word, like in zip(said, likes, strict=True))
        values = {kind: _value_words(kind, said) for kind in _VALUE_KINDS}
        where: dict[str, list[tuple[int, float]]] = {}
        for at, like in enumerate(likes):
            for word, likeness in like.items():
                where.setdefault(word, []).append((at, likeness))
        return Hearing(said, likes, weights, values, where)

    def _likes(self, said: Sequence[str]) -> tuple[Mapping[str, float], ...]:
        """What each word may stand for, by itself or as the last one of a saying."""
        likes = [self.vocabulary.likes(word) for word in said]
        for at, meant in sayings(said):
            known = dict.fromkeys(meant & self.vocabulary.known, SYNONYM)
            likes[at] = {**known, **likes[at]}
        return tuple(likes)

    def rank(self, readings: Sequence[str], eligible: Collection[str]) -> list[Match]:
        """The eligible targets, best first; `readings` are what was heard, best first."""
        targets = [self.targets[key] for key in eligible]
        owned = _ownership(targets)
        hearings = [self.hear(text) for text in list(readings)[:MOST_READINGS]]
        fits = {target: [self._fit(target, hearing, owned) for hearing in hearings] for target in targets}
        scores = {target: [fit.score for fit in row] for target, row in fits.items()}
        best = [max(column) for column in zip(*scores.values(), strict=True)]
        ranked = [
            Match(
                target.key,
                _over(scores[target]),
                _agreement(scores[target], best),
                max((fit.evidence for fit in row), default=0.0),
            )
            for target, row in fits.items()
        ]
        return sorted(ranked, key=lambda match: (-match.score, match.key))

    def _fit(self, target: Target, hearing: Hearing, owned: Mapping[str, float]) -> Fit:
        spoken = frozenset[int]().union(*(hearing.values.get(kind, frozenset()) for kind in target.kinds))
        left = {at for at, word in enumerate(hearing.said) if at not in spoken or word in target.share}
        hopeful = (
            one
            for one in self._weighed[target.key]
            if not one.keys or not hearing.where.keys().isdisjoint(one.keys)
        )
        phrase = max((_phrase_score(one, hearing, left) for one in hopeful), default=0.0)
        content = [at for at in left if is_content(hearing.said[at])]
        total = sum(hearing.weights[at] for at in content)
        evidence = _belonging(target, hearing, content, owned)
        if phrase >= STRONG_WILDCARD:
            return Fit(target.bias * phrase, evidence)
        score = PHRASE_SHARE * phrase + (1 - PHRASE_SHARE) * (evidence / total if total else 0.0)
        if phrase == WEAK_WILDCARD > score:
            return Fit(target.bias * phrase, evidence)
        if target.plain:
            values = frozenset[int]().union(*hearing.values.values())
            others = (at for at in content if at not in values and not _knows(target, hearing.likes[at]))
            score /= 1 + sum(hearing.weights[at] for at in others)
        return Fit(target.bias * score, evidence)

    def _weight(self, word: str, likes: Mapping[str, float]) -> float:
        if word in STOP:
            return STOP_WEIGHT
        if word in QUESTIONS:
            return QUESTION_WEIGHT
        return max((self._rarity[known] for known in likes), default=FOREIGN_WEIGHT)

    def _weigh(self, phrase: Phrase) -> Weighed:
        weights = {stem(word): self._weight(word, {stem(word): 1.0}) for word in phrase.said}
        keys = tuple(stem(word) for word in phrase.said if is_content(word))
        return Weighed(phrase, weights, sum(weights.values()), keys)


def _over(scores: Sequence[float]) -> float:
    """The best of all readings, and how far they agree: what only one of them says is doubtful."""
    decayed = [score * READING_DECAY**place for place, score in enumerate(scores)]
    mean = sum(decayed) / max(len(decayed), 1)
    return (1 - AGREEMENT) * max(decayed, default=0.0) + AGREEMENT * mean


def _agreement(scores: Sequence[float], best: Sequence[float]) -> float:
    if not scores:
        return 0.0
    return sum(0.0 < most <= score for score, most in zip(scores, best, strict=True)) / len(scores)


def _phrase_score(weighed: Weighed, hearing: Hearing, left: Collection[int]) -> float:
    """Geometric mean of how much of the phrase was heard, and how much of what was heard it explains."""
    wanted = weighed.weights
    heard: dict[str, float] = {}
    explained: dict[int, float] = {}
    for word in wanted:
        for at, like in hearing.where.get(word, ()):
            if at in left:
                heard[word] = max(heard.get(word, 0.0), like)
                explained[at] = max(explained.get(at, 0.0), like * hearing.weights[at])
    total = sum(hearing.weights[at] for at in left)
    if not heard or not total:
        return 0.0
    if weighed.phrase.free and (wild := _wildcard(weighed, hearing, heard)):
        return wild
    covered = sum(wanted[word] * like for word, like in heard.items()) / weighed.total
    return math.pow(covered, COVERED_SHARE) * math.pow(sum(explained.values()) / total, 1 - COVERED_SHARE)


def _wildcard(weighed: Weighed, hearing: Hearing, heard: Mapping[str, float]) -> float:
    """A phrase with a free slot explains all that follows: strongly with a content word, else weakly."""
    if weighed.keys:
        return STRONG_WILDCARD * min(heard.get(word, 0.0) for word in weighed.keys)
    return WEAK_WILDCARD if weighed.phrase.free_words(hearing.said) else 0.0


_VALUE_KINDS = ("date", "weekday", "time", "number")


def _value_words(kind: str, said: Sequence[str]) -> frozenset[int]:
    return frozenset(at for found in find(kind, said) for at in range(found.start, found.end))


def _join(said: tuple[str, ...], vocabulary: Vocabulary) -> tuple[str, ...]:
    """What was heard, with words put together that were heard in two."""
    joins = vocabulary.joined(said)
    if not joins:
        return said
    made: list[str] = []
    at = 0
    while at < len(said):
        made.append(said[at] + said[at + 1] if at in joins else said[at])
        at += 2 if at in joins else 1
    return tuple(made)


def _knows(target: Target, likes: Mapping[str, float]) -> bool:
    return not target.share.keys().isdisjoint(likes)


def _ownership(targets: Sequence[Target]) -> dict[str, float]:
    """Stem -> the sum of its shares over the targets."""
    owned: Counter[str] = Counter()
    for target in targets:
        owned.update(target.share)
    return dict(owned)


def _belonging(target: Target, hearing: Hearing, content: Iterable[int], owned: Mapping[str, float]) -> float:
    """The weight of the content words heard, each by how far it belongs to this target and to no other."""
    belongs = 0.0
    for at in content:
        mine = (
            like * target.share.get(w, 0.0) / owned[w] for w, like in hearing.likes[at].items() if w in owned
        )
        belongs += hearing.weights[at] * max(mine, default=0.0)
    return belongs
