"""An agent's own language model and dictionary, from its texts alone."""

from __future__ import annotations

import math

import pytest

from parley_dataplane.engines.language_model import LanguageModel, dictionary_text, pronunciations, sentences


def test_sentences_are_lower_case_words_alone() -> None:
    assert sentences("We\u2019re open! At 8:30, Mon-Fri; 2 doctors.\n\n# 🙂") == [
        ["we're", "open"],
        ["at", "eight", "thirty", "monday", "to", "friday"],
        ["two", "doctors"],
    ]


def model() -> LanguageModel:
    return LanguageModel.of(["where can i park", "where is the park"], ["xylophone"])


@pytest.mark.parametrize(
    "history", [(), ("where",), ("<s>", "where"), ("never", "seen"), ("where", "xylophone")]
)
def test_probabilities_after_any_history_sum_to_one(history: tuple[str, ...]) -> None:
    lm = model()
    total = math.fsum(lm.probability(history, word) for word in [*lm.words, "</s>"])
    assert total == pytest.approx(1)


def test_what_the_agent_expects_is_likelier_than_what_anyone_says_and_that_than_the_rest() -> None:
    lm = model()
    agent, generic, rest = (lm.probability(("<s>",), word) for word in ("where", "goodbye", "xylophone"))
    assert agent > generic > rest > 0


def test_the_arpa_file_counts_what_it_lists_and_backs_off_to_the_same_probabilities() -> None:
    lm = model()
    lines = lm.arpa().splitlines()
    declared = [int(line.split("=")[1]) for line in lines if line.startswith("ngram ")]
    listed = [
        sum(len(line.split()) - (line.count(" -") > 0) >= 0 for line in _section(lines, n)) for n in (1, 2, 3)
    ]
    assert declared == listed
    bigram = next(line.split() for line in _section(lines, 2) if line.split()[1:3] == ["where", "can"])
    assert 10 ** float(bigram[0]) == pytest.approx(lm.probability(("where",), "can"), rel=1e-3)


def _section(lines: list[str], order: int) -> list[str]:
    start = lines.index(f"\\{order}-grams:") + 1
    return lines[start : lines.index("", start)]


def test_the_same_texts_give_the_same_bytes() -> None:
    assert model().arpa() == model().arpa()


def test_a_word_that_nobody_can_pronounce_is_nowhere_in_the_model() -> None:
    lm = model()
    restricted = lm.restricted_to(lm.words - {"park"})
    assert "park" not in restricted.arpa()
    assert "where" in restricted.words


def test_the_dictionary_holds_every_way_to_say_just_the_words_asked_for() -> None:
    lines = ["tomato T AH M EY T OW", "tomato(2) T AH M AA T OW", "other AH DH ER"]
    found = pronunciations(lines, frozenset({"tomato", "missing"}))
    assert dictionary_text(found) == "tomato T AH M EY T OW\ntomato(2) T AH M AA T OW\n"
