"""Knowledge: the right text is found, or none, and the answer is short enough to listen to."""

from __future__ import annotations

import pytest

from parley_api.knowledge import KnowledgeText
from parley_dataplane.engines.scripted.knowledge import LONGEST_SENTENCE, Knowledge, Told, tell

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


HOUSE = Knowledge(
    [
        KnowledgeText(
            "The house",
            "A sailor built the house in 1911. He had come home from a long voyage, with more gold than he could carry,"
            " and with a parrot that nobody liked. He lived here for forty years.\n\nThe garden has apple trees.",
        ),
        KnowledgeText("The street", "The street is named after a horse."),
    ]
)


def answer_to(knowledge: Knowledge, asked: str) -> str | None:
    told = knowledge.find(asked)
    return told and told.answer


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
    assert answer_to(LEAFLETS, asked) == answer


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
        assert answer_to(bakery, asked) == "Our gluten free rolls are baked in an oven of their own."
    for asked in ("is there gluten in the wine", "who paints rolls in Boston"):
        assert bakery.find(asked) is None


@pytest.mark.parametrize(
    "asked", ["", "the of and", "what is the capital of France", "who sells apple pie in Boston"]
)
def test_nothing_is_answered_that_no_text_holds(asked: str) -> None:
    assert LEAFLETS.find(asked) is None


def test_a_long_text_is_cut_to_what_one_can_listen_to() -> None:
    answer = answer_to(LEAFLETS, "where do the turtles live")
    assert answer is not None
    assert len(answer.split()) <= LONGEST_SENTENCE
    assert answer.endswith(".")


def test_one_word_is_a_question_if_it_is_what_a_text_is_about() -> None:
    assert LEAFLETS.find("masks?") is not None
    assert LEAFLETS.find("basket") is None


def test_without_texts_there_is_no_answer() -> None:
    assert Knowledge([]).find("anything at all") is None


def test_the_rest_of_a_text_is_kept_for_who_wants_to_hear_more() -> None:
    told = HOUSE.find("who built the house")
    assert told == Told(
        "A sailor built the house in 1911.",
        (
            "He had come home from a long voyage, with more gold than he could carry, and with a parrot that nobody"
            " liked.",
            "He lived here for forty years.",
            "The garden has apple trees.",
        ),
    ), "the sentence after it is too long to be said unasked, and the next text is another"
    more = tell(told.rest)
    assert more.answer.endswith("nobody liked.")
    assert tell(more.rest).answer == "He lived here for forty years. The garden has apple trees."


def test_two_sentences_that_hold_the_question_together_are_one_answer() -> None:
    told = HOUSE.find("did the sailor who built the house have a parrot")
    assert told is not None
    assert told.answer.endswith("with a parrot that nobody liked.")
    assert told.answer.startswith("A sailor built")
