"""Tables for terminals of 80 columns."""

from __future__ import annotations

from parley_cli.cluster.table import WIDTH, Row, table, wrapped

HEADS = ("AGENT", "READY", "SINCE")


def test_columns_are_as_wide_as_what_is_in_them() -> None:
    assert table(HEADS, [Row(("a", "yes", "4d")), Row(("reception", "no", "12m"))]).splitlines() == [
        "AGENT      READY  SINCE",
        "a          yes    4d",
        "reception  no     12m",
    ]


def test_a_name_that_leaves_no_room_stands_above_its_row_in_full() -> None:
    long = "n" * 75
    lines = table(HEADS, [Row(("a", "yes", "4d")), Row((long, "no", "12m"))]).splitlines()
    assert lines[2:] == [long, "       no     12m"]
    assert max(map(len, lines)) <= WIDTH


def test_a_note_stands_indented_below_its_row_and_is_wrapped() -> None:
    lines = table(HEADS, [Row(("a", "no", "4d"), ("word " * 30, "x" * 200))]).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert all(line.startswith("    ") for line in lines[2:])
    assert "".join(lines[2:]).replace(" ", "") == "word" * 30 + "x" * 200


def test_an_empty_table_is_its_head() -> None:
    assert table(HEADS, []) == "AGENT  READY  SINCE"


def test_a_paragraph_of_no_words_has_no_lines() -> None:
    assert wrapped("") == []
