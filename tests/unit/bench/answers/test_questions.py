"""The questions of `make bench-answers`: ten and ten to each example, in words that its file has not."""

from __future__ import annotations

import re

import pytest

from parley_api import load
from parley_api.knowledge import knowledge_texts
from parley_dataplane.engines.expected import expected
from tests.bench.answers.questions import EXAMPLES, FOREIGN, OTHER, OWN, PHRASINGS, posed, read_set, sets
from tests.server import ROOT

SAME_WORDS = 4
"""So many in a row that the file has too, and it is no paraphrase."""

ASKED = [(name, example) for name in sets() for example in EXAMPLES]


def runs(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z']+", text.lower())
    return {tuple(words[at : at + SAME_WORDS]) for at in range(len(words) - SAME_WORDS + 1)}


@pytest.mark.parametrize(("name", "example"), ASKED)
def test_a_set_has_ten_questions_of_each_kind_in_other_words_than_the_file(name: str, example: str) -> None:
    file = ROOT / "examples" / f"{example}.yaml"
    agent = load(str(file))
    texts = [*expected(agent.spec.conversation), *(test.say for test in agent.spec.tests)]
    texts += [f"{one.title}. {one.text}" for one in knowledge_texts(agent, file.parent)]
    known = {run for text in texts for run in runs(text)}
    asked = posed(agent, read_set(name)[example], seed=1)
    assert [sum(one.part == part for one in asked) for part in (OWN, OTHER, FOREIGN)] == [PHRASINGS, 10, 10]
    shared = {one.question.say: runs(one.question.say) & known for one in asked if one.part == OTHER}
    assert not any(shared.values()), shared


@pytest.mark.parametrize(("name", "example"), ASKED)
def test_what_can_be_answered_says_by_what(name: str, example: str) -> None:
    agent = load(str(ROOT / "examples" / f"{example}.yaml"))
    intents = {intent.name for intent in agent.spec.conversation.intents}
    for one in posed(agent, read_set(name)[example], seed=1):
        intent, answer = one.question.intent, one.question.answer
        assert (intent is None and answer is None) == (one.part == FOREIGN), one
        assert intent is None or intent in intents, one


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_phrasings_are_one_each_of_intents_that_may_begin_a_call(example: str) -> None:
    agent = load(str(ROOT / "examples" / f"{example}.yaml"))
    said = expected(agent.spec.conversation)
    own = [one.question for one in posed(agent, read_set(sets()[0])[example], seed=1) if one.part == OWN]
    needs = {intent.name: intent.requires for intent in agent.spec.conversation.intents}
    assert len({question.intent for question in own}) == PHRASINGS
    assert all(question.intent and needs[question.intent] is None for question in own)
    assert all(question.say in said for question in own)


def test_the_seed_alone_decides_which_phrasings_are_asked() -> None:
    agent = load(str(ROOT / "examples/reception.yaml"))
    written = read_set(sets()[0])["reception"]
    assert posed(agent, written, 5) == posed(agent, written, 5) != posed(agent, written, 6)
