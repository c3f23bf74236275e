"""How an answer is cut into clauses."""

import pytest

from parley_dataplane.clauses import MAX_CHARS, Clause, ClauseSplitter, all_clauses

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
    (
        "a span is not cut",
        "We have a large table in the hall for 10 – 12 people.",
        ["We have a large table in the hall for 10 – 12 people."],
    ),
    (
        "a date is not cut",
        "Your table is booked for Wednesday, March 4, 2026 at eight.",
        ["Your table is booked for Wednesday,", "March 4, 2026 at eight."],
    ),
    (
        "the number of an item stays with it",
        "1. Eggs\n2. Milk and\n10. bread",
        ["1. Eggs", "2. Milk and", "10. bread"],
    ),
    (
        "a month and a title end nothing",
        "On Jan. 5 ask Prof. Lee at 5 Oak Ave. please.",
        ["On Jan. 5 ask Prof. Lee at 5 Oak Ave. please."],
    ),
    ("emphasis stays with its sentence", "**Closed.** See you.", ["**Closed.**", "See you."]),
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
    assert [clause.text for clause in found + splitter.flush()] == clauses


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_a_clause_knows_whether_a_line_or_a_paragraph_ends_with_it(size: int) -> None:
    text = "Soup.\n\nFish, or\nmeat. Cake\n \n"
    splitter = ClauseSplitter()
    found = [
        clause for start in range(0, len(text), size) for clause in splitter.feed(text[start : start + size])
    ]
    assert found + splitter.flush() == [
        Clause("Soup.", "paragraph"),
        Clause("Fish, or", "line"),
        Clause("meat."),
        Clause("Cake"),
    ]


def test_a_text_without_any_end_is_cut_at_a_word_and_loses_nothing() -> None:
    text = "word " * 500
    splitter = ClauseSplitter()
    clauses = splitter.feed(text) + splitter.flush()
    assert all(len(clause.text) <= MAX_CHARS for clause in clauses)
    assert " ".join(clause.text for clause in clauses) == text.strip()


def test_a_sentence_leaves_as_soon_as_it_is_complete() -> None:
    splitter = ClauseSplitter()
    assert splitter.feed("We open at eight.") == []
    assert splitter.feed(" We") == [Clause("We open at eight.")]


def test_a_long_text_in_one_piece_is_cut_as_one_that_comes_bit_by_bit() -> None:
    """Bug: an answer of 3,000 characters that ends in a full stop was one clause, which no voice takes (eSpeak: 2,000).
    Cause: the sentence's end was looked for first, however far away. Without the fix there is one clause of 2,995.
    """
    text = "word " * 598 + "end. And"
    clauses = [clause.text for clause in all_clauses(text)]
    assert max(map(len, clauses)) <= MAX_CHARS
    assert " ".join(clauses) == text
