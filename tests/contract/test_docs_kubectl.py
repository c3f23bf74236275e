"""docs/kubectl.md is what kubectl prints."""

from __future__ import annotations

from pathlib import Path

from tests.contract.transcript import PAGE, alike, commands, remade, typist

KUBECTL = ("explain", "get", "describe", "--dry-run=server", "diff", "scale", "wait --for=condition=Ready")


def test_the_page_has_each_command_that_people_use_for_any_kind() -> None:
    typed = " ".join(commands(PAGE.read_text()))
    assert [word for word in KUBECTL if word not in typed] == []


def test_a_time_is_no_difference_and_a_word_is_one() -> None:
    one, other = "reception   True    3   2s\n", "reception   True    3   14s\n"
    assert alike(one) == alike(other)
    assert alike(one) != alike(one.replace("True", "False"))


def test_each_command_prints_what_the_page_says(tmp_path: Path) -> None:
    page = PAGE.read_text()
    with typist(tmp_path) as typed:
        assert alike(remade(page, typed)) == alike(page)
