"""Answers found in texts: BM25 over paragraphs, then the sentences of the best one that say it.

Rules: pure once built; an answer is a sentence, or two that are short or hold together what was asked: what one can
listen to. What follows in the text is told when more is asked for. A paragraph counts only if it covers enough of what
was asked (ENOUGH): one shared word is no answer. BM25:
Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009, with the usual k1 = 1.2 and b = 0.75.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from parley_api.knowledge import KnowledgeText
from parley_dataplane.engines.scripted.words import Vocabulary, is_content, stem, words, written_words

K1 = 1.2
B = 0.75
ENOUGH = 0.6
"""The share of a question, by weight of its words, that a paragraph has to hold."""

MISHEARD = 0.25
"""What is left of the weight of a word that the paragraph lacks, if its neighbours there are those of the question."""

LISTENED = 22
"""Words that one listens to without asking for them: 8 s."""

LONGEST_SENTENCE = 30
LONGEST_ANSWER = 45
MOST_REST = 12
"""Parts of a text that are kept for "tell me more"."""

MOST_PASSAGES = 400
"""Sentences whose meaning is looked at, the first: each costs 20 ms of a core when the server starts."""

MOST_ASKED = 12
"""Words of a question that are looked for, the rarest: a longer one is no question."""

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[\"'A-Z0-9])")
_MARKDOWN = ((re.compile(r"!?\[([^\]]*)\]\([^)]*\)"), r"\1"), (re.compile(r"[*_`#>|]+"), " "))


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, and the parts of its text that may follow it, in their order."""

    answer: str
    rest: tuple[str, ...] = ()


@dataclass(frozen=True)
class Paragraph:
    entry: int
    """Which text it is of."""
    title: frozenset[str]
    """Its content stems."""
    sentences: tuple[str, ...]
    counts: Counter[str]
    """Content stems of title and text."""
    around: frozenset[tuple[str, str]]
    """The content stems that stand around one other: ("gluten", "roll") of "gluten free rolls"."""

    @property
    def length(self) -> int:
        return sum(self.counts.values())


class Knowledge:
    """All entries, ready to be asked."""

    def __init__(self, entries: Iterable[KnowledgeText]) -> None:
        self.paragraphs = [p for at, entry in enumerate(entries) for p in _paragraphs(at, entry)]
        self._holders: dict[str, list[int]] = {}
        for at, paragraph in enumerate(self.paragraphs):
            for word in paragraph.counts:
                self._holders.setdefault(word, []).append(at)
        self._mean = sum(p.length for p in self.paragraphs) / max(len(self.paragraphs), 1)
        self._vocabulary = Vocabulary(self._holders)

    @cached_property
    def passages(self) -> list[str]:
        """Its sentences, as far as they are compared by meaning."""
        return [paragraph.sentences[at] for paragraph, at in self._places]

    def passage(self, number: int) -> Told:
        """What is told from that one of `passages` on."""
        paragraph, at = self._places[number]
        return self._told_from(paragraph, at, LISTENED)

    @cached_property
    def _places(self) -> list[tuple[Paragraph, int]]:
        places = ((p, at) for p in self.paragraphs for at in range(len(p.sentences)))
        return list(islice(places, MOST_PASSAGES))

    def find(self, text: str) -> Told | None:
        """An answer to listen to, or None if no paragraph covers enough of the question."""
        meant = self._meant(text)
        asked = self._rarest(meant)
        best = self._best(asked, meant)
        if best is None or self._coverage(asked, best, _misheard(meant, best)) < ENOUGH:
            return None
        # One word may have been misheard; if it is what the text is about, it is a question.
        return self._told(asked, best) if len(asked) > 1 or asked[0] in best.title else None

    def holds_all(self, text: str) -> bool:
        """True if one paragraph holds every word of a question that has at least two, or its title the only one."""
        meant = self._meant(text)
        asked = self._rarest(meant)
        best = self._best(asked, meant)
        if best is None or not all(word in best.counts for word in asked):
            return False
        return len(asked) >= 2 or asked[0] in best.title

    def _best(self, asked: Sequence[str], meant: Sequence[str]) -> Paragraph | None:
        holders = sorted({at for word in asked for at in self._holders.get(word, ())})
        found = [self.paragraphs[at] for at in holders]
        return max(found, key=lambda one: self._relevance(asked, one, _misheard(meant, one)), default=None)

    def _rarest(self, meant: Sequence[str]) -> tuple[str, ...]:
        """What is looked for, the rarest first."""
        return tuple(sorted(meant, key=self._rarity, reverse=True)[:MOST_ASKED])

    def _meant(self, text: str) -> list[str]:
        """The content stems of a question in their order; a misheard word stands for the one it is like."""
        content = dict.fromkeys(word for word in words(text) if is_content(word))
        meant = (
            max(likes, key=likes.__getitem__) if (likes := self._vocabulary.likes(w)) else stem(w)
            for w in content
        )
        return list(dict.fromkeys(meant))

    def _rarity(self, word: str) -> float:
        """A word that no text holds counts as much as one that a single paragraph holds."""
        spread = max(1, len(self._holders.get(word, ())))
        return math.log(1 + (len(self.paragraphs) - spread + 0.5) / (spread + 0.5))

    def _relevance(self, asked: Sequence[str], paragraph: Paragraph, misheard: frozenset[str]) -> float:
        longer = 1 - B + B * paragraph.length / self._mean
        counts = ((word, paragraph.counts[word] or (word in misheard)) for word in asked)
        return sum(self._rarity(word) * n * (K1 + 1) / (n + K1 * longer) for word, n in counts if n)

    def _coverage(self, asked: Sequence[str], paragraph: Paragraph, misheard: frozenset[str]) -> float:
        missing = [word for word in asked if word not in paragraph.counts]
        held = sum(self._rarity(word) for word in asked if word in paragraph.counts)
        lacks = sum(self._rarity(word) * (MISHEARD if word in misheard else 1.0) for word in missing)
        return held / (held + lacks)

    def _told(self, asked: Sequence[str], paragraph: Paragraph) -> Told:
        """Begins with the sentence that holds most of what was asked."""
        held = [{word for word in asked if word in _content(one)} for one in paragraph.sentences]
        start = max(range(len(held)), key=lambda at: sum(map(self._rarity, held[at])))
        holds_more = bool(frozenset().union(*held[start + 1 : start + 2]) - held[start])
        return self._told_from(paragraph, start, LONGEST_ANSWER if holds_more else LISTENED)

    def _told_from(self, paragraph: Paragraph, start: int, longest: int) -> Told:
        told = tell(paragraph.sentences[start:], longest)
        at = self.paragraphs.index(paragraph) + 1
        following = [p for p in self.paragraphs[at : at + MOST_REST] if p.entry == paragraph.entry]
        rest = (*told.rest, *(part for p in following for one in p.sentences for part in _parts(one)))
        return Told(told.answer, rest[:MOST_REST])


def tell(sentences: Sequence[str], longest: int = LISTENED) -> Told:
    """The first of `sentences`, and the second if both are at most `longest` words; a long one is told in parts."""
    parts = [part for one in sentences for part in _parts(one)]
    many = 2 if len(" ".join(parts[:2]).split()) <= longest else 1
    return Told(" ".join(parts[:many]), tuple(parts[many:]))


def _misheard(meant: Sequence[str], paragraph: Paragraph) -> frozenset[str]:
    """The words that were said between two of the paragraph's that stand around one other word there."""
    triples = zip(meant, meant[1:], meant[2:], strict=False)
    return frozenset(said for before, said, after in triples if (before, after) in paragraph.around)


def _parts(sentence: str) -> Iterable[str]:
    """A sentence; a long one in parts, each ended at a comma where there is one."""
    said = sentence.split()
    while len(said) > LONGEST_SENTENCE:
        commas = [at for at in range(10, LONGEST_SENTENCE + 1) if said[at - 1].endswith(",")]
        end = commas[-1] if commas else LONGEST_SENTENCE
        yield " ".join(said[:end]).rstrip(" ,;:") + "."
        said = said[end:]
    yield " ".join(said)


def _paragraphs(at: int, entry: KnowledgeText) -> Iterable[Paragraph]:
    title = _content(entry.title)
    for block in re.split(r"\n\s*\n", entry.text):
        plain = block
        for pattern, made in _MARKDOWN:
            plain = pattern.sub(made, plain)
        plain = " ".join(plain.split())
        if not block.lstrip().startswith("#") and plain:
            sentences = tuple(_SENTENCE_END.split(plain))
            contents = [title, *(_content(s) for s in sentences)]
            counts = Counter(word for content in contents for word in content)
            around = frozenset(
                pair for content in contents for pair in zip(content, content[2:], strict=False)
            )
            yield Paragraph(at, frozenset(title), sentences, counts, around)


def _content(text: str) -> list[str]:
    return [stem(word) for word in written_words(text) if is_content(word)]
