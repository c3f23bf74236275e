"""How an answer is cut into clauses."""

import pytest

from parley_dataplane.clauses import MAX_CHARS, ClauseSplitter

CASES = [
    ("sentences", "We open at eight. We close at six.", ["We open at eight.", "We close at six."]),
    (
        "an abbreviation ends nothing",
        "Ask for Dr. Smith at 9 a.m. please.",
        ["Ask for Dr. Smith at 9 a.m. please."],
    ),
    ("a number is not cut", "It costs 3.50 today.", ["It costs 3.50 today."]),
    (
        "the first clause ends at a comma",
        "You will find us at the corner, right beside the old town hall.",
        ["You will find us at the corner,", "right beside the old town hall."],
    ),
    ("a quote stays with its sentence", 'He said "yes." Then he left.', ['He said "yes."', "Then he left."]),
    ("lines end clauses", "One\nTwo", ["One", "Two"]),
    ("nothing", "  ", []),
]


@pytest.mark.parametrize(("_", "text", "clauses"), CASES, ids=[case[0] for case in CASES])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_text_becomes_its_clauses_however_it_comes(
    _: str, text: str, clauses: list[str], size: int
) -> None:
    splitter = ClauseSplitter()
    found = [
        clause for start in range(0, len(text), size) for clause in splitter.feed(text[start : start + size])
    ]
    assert found + splitter.flush() == clauses


def test_a_text_without_any_end_is_cut_at_a_word_and_loses_nothing() -> None:
    text = "word " * 500
    splitter = ClauseSplitter()
    clauses = splitter.feed(text) + splitter.flush()
    assert all(len(clause) <= MAX_CHARS for clause in clauses)
    assert " ".join(clauses) == text.strip()


def test_a_sentence_leaves_as_soon_as_it_is_complete() -> None:
    splitter = ClauseSplitter()
    assert splitter.feed("We open at eight.") == []
    assert splitter.feed(" We") == ["We open at eight."]


def test_a_long_text_in_one_piece_is_cut_as_one_that_comes_bit_by_bit() -> None:
    """Bug: an answer of 3,000 characters that ends in a full stop was one clause, which no voice takes (eSpeak: 2,000).
    Cause: the sentence's end was looked for first, however far away. Without the fix there is one clause of 2,995.
    """
    text = "word " * 598 + "end. And"
    splitter = ClauseSplitter()
    clauses = splitter.feed(text) + splitter.flush()
    assert max(map(len, clauses)) <= MAX_CHARS
    assert " ".join(clauses) == text
