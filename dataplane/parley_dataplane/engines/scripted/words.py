"""Words as they are compared: normalised, stemmed, weighed, and how alike two of them sound.

Rules: pure and deterministic; text is cut to MAX_CHARS and MAX_WORDS, so time is bounded whatever is said or
typed. A recogniser errs by sound ("our" for "hour", "pre scriptions"), a typist by letters ("appointmnet"):
both are forgiven, but never more than one word at a time, because a sentence of near misses is no evidence.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType

MAX_CHARS = 2_000
MAX_WORDS = 60

STOP_WEIGHT = 0.15
QUESTION_WEIGHT = 0.3
FOREIGN_WEIGHT = 0.75
"""Of a word that no phrase holds: high, so that questions about something else are told apart."""

NEAR_MISS = 0.85
"""What a word that was not said so is worth, of its likeness."""

SYNONYM = 0.75
"""What a word is worth as evidence of another that means nearly the same."""

HOMOPHONE = 0.4
"""What a known word is worth as evidence of another that sounds the same."""

ALIKE = 0.72
"""Below this, two words are different ones."""

SOUNDED = 0.76
"""Likeness of words that sound alike, if half of their letters agree as well."""


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


STOP = _set(
    "a about actually again all also am an and any anything are as at be because been but by can could "
    "did do does doing for from get give go going got had has have he her here him his i if in into is "
    "it its just know later like make may maybe me might mine more much must my need no not now of off oh ok "
    "okay on one or our out over please really say see she should so some something sorry take tell "
    "than that the their them then there these they thing this those to too uh until up us very want "
    "was we well were will with would yes yeah you your"
)
QUESTIONS = _set("how what when where which who whom whose why")
FILLERS = _set("er erm hm hmm mm mhm uh uhm um unk noise sil")
WHOLE = _set("evening everything king morning something spring string thing wedding")
"""Words that end like an inflection and are none."""

_CONTRACTIONS = (
    (re.compile(r"\bo'?clock\b"), "oclock"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"\b(can|don|doesn|didn|isn|aren|wasn|couldn|wouldn|shouldn|haven|hasn)'?t\b"), r"\1 not"),
    (re.compile(r"\b(?:don|doesn|didn) not\b"), "do not"),
    (re.compile(r"\blet'?s\b"), "let us"),
    (re.compile(r"\b(it|that|there|here|she|he|what|where|when|who|how|why)'s\b"), r"\1 is"),
    (re.compile(r"\b(what|where|that|who|how)s\b"), r"\1 is"),
    (re.compile(r"\bi'?m\b"), "i am"),
    (re.compile(r"'re\b"), " are"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"'ve\b"), " have"),
    (re.compile(r"'d\b"), " would"),
    (re.compile(r"'s\b"), ""),
    (re.compile(r"\b([ap])(?:\.\s?|\s)m\b\.?"), r"\1m"),
    (re.compile(r"(?<![\d.,])(\d{1,3}),(\d{3})(?:,(\d{3}))?(?:,(\d{3}))?(?![\d,])"), r"\1\2\3\4"),
    (re.compile(r"(?<!\S)[-\N{MINUS SIGN}](?=\d)"), "minus "),
    (re.compile(r"(\d)[.h](\d\d)\b"), r"\1:\2"),
)
_WORD = re.compile(r"\d{1,2}:\d\d|\d+\.\d+|\d+(?:st|nd|rd|th)\b|\d+|[^\W\d_]+")


def words(text: str) -> tuple[str, ...]:
    """The words of what a person said, lower case, without fillers; contractions are opened (what's -> what is)."""
    return written_words(text[:MAX_CHARS])[:MAX_WORDS]


def written_words(text: str) -> tuple[str, ...]:
    """The same for a text of the agent's author, which has its own bounds: nothing is cut but endless words."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = plain.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    for pattern, opened in _CONTRACTIONS:
        plain = pattern.sub(opened, plain)
    found = (match.group() for match in _WORD.finditer(plain))
    return tuple(word[:40] for word in found if word not in FILLERS)


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """The part that inflection leaves alone: stories, story -> stori; cancelled, cancelling -> cancel."""
    if len(word) <= 3 or not word.isalpha() or word in WHOLE or word in STOP:
        return word
    base = word
    if base.endswith("s") and not base.endswith(("ss", "us", "is")):
        base = base[:-1]
    for suffix in ("ing", "ed"):
        rest = base.removesuffix(suffix)
        if rest != base and len(rest) >= 3 and re.search(r"[aeiouy]", rest):
            base = rest
            break
    base = base.removesuffix("e") if len(base) > 3 else base
    if len(base) > 4 and base[-1] == base[-2]:
        base = base[:-1]
    return base[:-1] + "i" if base.endswith("y") and len(base) > 3 else base


def is_content(word: str) -> bool:
    """True if the word (or stem) says what is meant, and not just how it is asked."""
    return word not in STOP and word not in QUESTIONS


# Sound

_SOUNDS = (
    ("^hour", "our"), ("^kn", "n"), ("^wr", "r"), ("^ps", "s"), ("^wh", "w"), ("tion", "Xn"), ("sion", "Xn"),
    ("ph", "f"), ("tch", "X"), ("sch", "sk"), ("ch", "X"), ("sh", "X"), ("th", "0"), ("dge", "X"),
    ("ght", "t"), ("gh", ""), ("ck", "k"), ("c(?=[eiy])", "s"), ("c", "k"), ("q", "k"), ("x", "ks"),
    ("g(?=[eiy])", "X"), ("[gk]", "k"), ("[zs]", "s"), ("[vf]", "f"), ("[dt]", "t"), ("[bp]", "p"), ("j", "X"),
)  # fmt: skip
_SOUND_RULES = tuple((re.compile(pattern), sound) for pattern, sound in _SOUNDS)


@lru_cache(maxsize=8192)
def sound(word: str) -> str:
    """A key that words share when they sound alike: consonants, voiced and unvoiced as one, a first vowel."""
    key = word
    for pattern, made in _SOUND_RULES:
        key = pattern.sub(made, key)
    key = key[:1] + re.sub(r"[aeiouyhw]", "", key[1:])
    key = re.sub(r"^[aeiouy]", "A", key)
    return re.sub(r"(.)\1+", r"\1", key)


def distance(a: str, b: str, most: int) -> int:
    """Edits (insert, delete, replace, swap neighbours) from a to b; anything over `most` is `most` + 1."""
    if abs(len(a) - len(b)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        older, before, row = before, row, [i]
        for j, other in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]


@lru_cache(maxsize=65_536)
def alikeness(a: str, b: str) -> float:
    """0 to 1: how likely b was meant when a was heard or typed."""
    if a == b:
        return 1.0
    shorter, longer = sorted((len(a), len(b)))
    if shorter < 3 or longer < 4 or longer - shorter > 3:
        return 0.0
    edits = distance(a, b, most=longer // 2)
    if edits > longer // 2:
        return 0.0
    spelled = 1.0 - edits / longer if edits <= 2 and shorter >= 4 else 0.0
    return max(spelled, SOUNDED if sound(a) == sound(b) else 0.0)


class Vocabulary:
    """The stems that an agent knows, and for a heard word those that may have been meant."""

    def __init__(
        self, known: Iterable[str], synonyms: Mapping[str, frozenset[str]] = MappingProxyType({})
    ) -> None:
        """`synonyms`: stem -> stems that it may stand for."""
        self.known = frozenset(known)
        self._synonyms = synonyms
        self._by_sound: dict[str, list[str]] = {}
        self._by_start: dict[tuple[str, int], list[str]] = {}
        for word in sorted(self.known):
            if is_content(word) and len(word) >= 3:
                key = sound(word)
                self._by_sound.setdefault(key, []).append(word)
                self._by_start.setdefault((key[:1], len(word)), []).append(word)
        # A search among thousands of words takes a millisecond, and people say the same words again and again.
        self.likes = lru_cache(maxsize=4096)(self._likes)

    def _likes(self, word: str) -> Mapping[str, float]:
        """Stem -> likeness. A word stands for its synonyms; a known one for itself, and a little for what sounds the
        same."""
        base = stem(word)
        alike = dict.fromkeys(self._synonyms.get(base, frozenset()) & self.known, SYNONYM)
        if base in self.known:
            return dict.fromkeys(self._by_sound.get(sound(base), ()), HOMOPHONE) | alike | {base: 1.0}
        if alike:
            return alike
        near = {other: alikeness(base, other) for other in self._near(base)}
        best = max(near.values(), default=0.0)
        return {other: NEAR_MISS * like for other, like in near.items() if like >= ALIKE and like == best}

    def joined(self, heard: Sequence[str]) -> dict[int, str]:
        """Where two words heard are one known word ("pre scriptions"): index of the first -> that stem."""
        pairs = ((i, stem(a + b)) for i, (a, b) in enumerate(pairwise(heard)))
        return {i: pair for i, pair in pairs if len(pair) >= 6 and pair in self.known}

    def _near(self, base: str) -> Iterator[str]:
        """Known stems that begin alike and are about as long."""
        if len(base) >= 3:
            for size in range(len(base) - 2, len(base) + 3):
                yield from self._by_start.get((sound(base)[:1], size), ())
