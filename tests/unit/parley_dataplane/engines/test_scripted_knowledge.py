"""Knowledge: the right text is found, or none, and the answer is short enough to listen to."""

from __future__ import annotations

import pytest

from parley_api.knowledge import KnowledgeText
from parley_dataplane.engines.scripted.knowledge import LONGEST_ANSWER, Knowledge

LEAFLETS = Knowledge(
    [
        KnowledgeText("Masks", "Please wear a mask if you cough. There are masks at the entrance."),
        KnowledgeText(
            "The house",
            "# The house\n\nThe clinic was built in **1911** by a [sailor](https://example.com/sailor).\n\n"
            "The garden behind it has forty apple trees. In autumn everybody may pick the apples. Bring a basket.",
        ),
        KnowledgeText("Long", "Turtles " + "and also other slow animals " * 40 + "live here."),
    ]
)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (
            "do I have to wear a mask",
            "Please wear a mask if you cough. There are masks at the entrance.",
        ),
        ("when was the clinic built", "The clinic was built in 1911 by a sailor."),
        (
            "may I pick the apples",
            "In autumn everybody may pick the apples. Bring a basket.",
        ),
        ("may I pick the aples", "In autumn everybody may pick the apples. Bring a basket."),
    ],
)
def test_the_sentences_that_say_it_are_the_answer(asked: str, answer: str) -> None:
    assert LEAFLETS.find(asked) == answer


def test_a_word_misheard_between_two_of_a_text_does_not_hide_it() -> None:
    bakery = Knowledge(
        [
            KnowledgeText("Allergies", "Our gluten free rolls are baked in an oven of their own."),
            KnowledgeText("Bread", "We have rye bread, white bread and rolls with seeds."),
            KnowledgeText(
                "Three kings", "On the sixth of January we sell a cake with three coins. Order rolls too."
            ),
            KnowledgeText("Delivery", "Rolls and bread are brought to your door before seven."),
        ]
    )
    for asked in (
        "do you have gluten free rolls",
        "do you have gluten three rolls",
        "have you gluten tree rolls",
    ):
        assert bakery.find(asked) == "Our gluten free rolls are baked in an oven of their own."
    for asked in ("is there gluten in the wine", "who paints rolls in Boston"):
        assert bakery.find(asked) is None


@pytest.mark.parametrize(
    "asked", ["", "the of and", "what is the capital of France", "who sells apple pie in Boston"]
)
def test_nothing_is_answered_that_no_text_holds(asked: str) -> None:
    assert LEAFLETS.find(asked) is None


def test_a_long_text_is_cut_to_what_one_can_listen_to() -> None:
    answer = LEAFLETS.find("where do the turtles live")
    assert answer is not None
    assert len(answer.split()) <= LONGEST_ANSWER
    assert answer.endswith(".")


def test_one_word_is_a_question_if_it_is_what_a_text_is_about() -> None:
    assert LEAFLETS.find("masks?") is not None
    assert LEAFLETS.find("basket") is None


def test_without_texts_there_is_no_answer() -> None:
    assert Knowledge([]).find("anything at all") is None
