"""An agent's own language model: its texts to a trigram in ARPA format, and a dictionary of just its words.

    texts, generic phrases -> words -> weighted counts -> interpolated Witten-Bell -> ARPA
    words -> the big dictionary's entries, or what eSpeak's phonemes give -> pruned dictionary

Rules: pure; the same texts give the same bytes. Generic phrases count GENERIC_WEIGHT, and a tenth of the
unigram's mass is shared out evenly over common words, so that what the agent's author did not think of
can be heard at all (both measured, with this smoothing, as the best of those tried).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log10

from parley_dataplane.engines.common_words import COMMON_WORDS
from parley_dataplane.engines.generic_phrases import GENERIC_PHRASES
from parley_dataplane.engines.numerals import cardinal
from parley_dataplane.engines.spoken import spoken

GENERIC_WEIGHT = 0.3
KNOWLEDGE_WEIGHT = 0.2
"""Of a sentence of the agent's knowledge: nobody asks in its words, but with some of them, one after the other."""

COMMON_SHARE = 0.1

MAX_WORDS = 5_000
"""Words of one agent; the search slows down with them."""

_START, _END = "<s>", "</s>"
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*'?|\d+")
_SENTENCE = re.compile(r"[.!?;:](?:\s+|$)|\n+")

Ngram = tuple[str, ...]


def sentences(text: str) -> list[list[str]]:
    """The words of each sentence, lower case, numbers and times spelled out; what is no word is left out."""
    found = []
    for sentence in _SENTENCE.split(text):
        said = spoken(sentence.replace("\u2019", "'")).text
        words = [_spell(word) for word in _WORD.findall(said.lower())]
        if words:
            found.append(" ".join(words).split())
    return found


def _spell(word: str) -> str:
    return cardinal(int(word)) if word.isdigit() else word


@dataclass(frozen=True)
class LanguageModel:
    """`phrases` are sentences and what each counts, `words` all that can be heard."""

    phrases: tuple[tuple[tuple[str, ...], float], ...]
    words: frozenset[str]

    @classmethod
    def of(cls, texts: Iterable[str], knowledge: Iterable[str] = ()) -> LanguageModel:
        """`texts` are what people are expected to say, `knowledge` what they may ask about."""
        weighted = [(tuple(sentence), 1.0) for text in texts for sentence in sentences(text)]
        weighted += [(tuple(phrase.split()), GENERIC_WEIGHT) for phrase in GENERIC_PHRASES]
        weighted += [
            (tuple(sentence), KNOWLEDGE_WEIGHT) for text in knowledge for sentence in sentences(text)
        ]
        vocabulary: dict[str, None] = {}
        for sentence, weight in weighted:
            if weight != KNOWLEDGE_WEIGHT:
                vocabulary |= dict.fromkeys(sentence)
        vocabulary |= dict.fromkeys(COMMON_WORDS)
        for sentence, _ in weighted:
            vocabulary |= dict.fromkeys(sentence)
        kept = list(vocabulary)[:MAX_WORDS]
        return cls(tuple(weighted), frozenset(kept)).restricted_to(kept)

    def restricted_to(self, words: Iterable[str]) -> LanguageModel:
        """Only `words`: a phrase falls into two where another one stands in it."""
        known = self.words & frozenset(words)
        phrases = tuple((part, weight) for phrase, weight in self.phrases for part in _parts(phrase, known))
        return LanguageModel(phrases, known)

    def arpa(self) -> str:
        """Doug Paul's ARPA format, base 10 logarithms."""
        unigrams = {word: self.probability((), word) for word in [*self.words, _END]} | {_START: 0.0}
        bigrams = {ngram: self.probability(ngram[:-1], ngram[-1]) for ngram in self._ngrams(2)}
        trigrams = {ngram: self.probability(ngram[:-1], ngram[-1]) for ngram in self._ngrams(3)}
        lines = [
            "\\data\\",
            f"ngram 1={len(unigrams)}",
            f"ngram 2={len(bigrams)}",
            f"ngram 3={len(trigrams)}",
        ]
        lines += ["", "\\1-grams:", *(self._line((word,), unigrams[word]) for word in sorted(unigrams))]
        lines += ["", "\\2-grams:", *(self._line(ngram, bigrams[ngram]) for ngram in sorted(bigrams))]
        lines += ["", "\\3-grams:", *(self._line(ngram, trigrams[ngram]) for ngram in sorted(trigrams))]
        return "\n".join([*lines, "", "\\end\\", ""])

    def probability(self, history: Ngram, word: str) -> float:
        """p(word | at most two words before it): Witten and Bell 1991, method C, interpolated."""
        if not history:
            return self._unigram(word)
        back_off = self._back_off(history)
        seen = self._counts.get((*history, word), 0.0)
        total = self._totals.get(history, 0.0)
        own = (1 - back_off) * seen / total if total else 0.0
        return own + back_off * self.probability(history[1:], word)

    def _unigram(self, word: str) -> float:
        seen, total = self._counts.get((word,), 0.0), self._totals.get((), 0.0)
        types = self._types.get((), 0)
        flat = 1 / (len(self.words) + 1)
        text = (seen + types * flat) / (total + types) if total else flat
        common = self._common_share if word in self._common else 0.0
        return (1 - COMMON_SHARE) * text + COMMON_SHARE * common if self._common else text

    def _back_off(self, history: Ngram) -> float:
        total, types = self._totals.get(history, 0.0), self._types.get(history, 0)
        return types / (total + types) if total else 1.0

    def _line(self, ngram: Ngram, probability: float) -> str:
        text = f"{log10(probability) if probability > 0 else -99:.4f} {' '.join(ngram)}"
        return (
            f"{text} {log10(self._back_off(ngram)):.4f}" if ngram in self._totals and len(ngram) < 3 else text
        )

    def _ngrams(self, order: int) -> list[Ngram]:
        return [ngram for ngram in self._counts if len(ngram) == order]

    @cached_property
    def _common(self) -> frozenset[str]:
        return self.words & frozenset(COMMON_WORDS)

    @cached_property
    def _common_share(self) -> float:
        return 1 / len(self._common)

    @cached_property
    def _counts(self) -> Mapping[Ngram, float]:
        counts: dict[Ngram, float] = defaultdict(float)
        for phrase, weight in self.phrases:
            line = (_START, *phrase, _END)
            for end in range(1, len(line)):
                for order in (1, 2, 3):
                    if end - order + 1 >= 0:
                        counts[line[end - order + 1 : end + 1]] += weight
        return dict(counts)

    @cached_property
    def _totals(self) -> Mapping[Ngram, float]:
        totals: dict[Ngram, float] = defaultdict(float)
        for ngram, count in self._counts.items():
            totals[ngram[:-1]] += count
        return dict(totals)

    @cached_property
    def _types(self) -> Mapping[Ngram, int]:
        types: dict[Ngram, int] = defaultdict(int)
        for ngram in self._counts:
            types[ngram[:-1]] += 1
        return dict(types)


def _parts(phrase: Sequence[str], known: frozenset[str]) -> list[tuple[str, ...]]:
    parts: list[list[str]] = [[]]
    for word in phrase:
        if word in known:
            parts[-1].append(word)
        else:
            parts.append([])
    return [tuple(part) for part in parts if part]


def pronunciations(dictionary: Iterable[str], words: frozenset[str]) -> dict[str, list[str]]:
    """Word -> its ways to say it, from lines of a CMU dictionary ("tomato(2) T AH M AA T OW")."""
    found: dict[str, list[str]] = {}
    for line in dictionary:
        entry, _, phones = line.strip().partition(" ")
        word = entry.partition("(")[0]
        if word in words:
            found.setdefault(word, []).append(phones)
    return found


def dictionary_text(pronounced: Mapping[str, Sequence[str]]) -> str:
    """The dictionary file that PocketSphinx reads."""
    lines = []
    for word in sorted(pronounced):
        for number, phones in enumerate(pronounced[word], start=1):
            lines.append(f"{word}{f'({number})' if number > 1 else ''} {phones}")
    return "\n".join(lines) + "\n"
