"""What is near to a phrase, but nearer to what people ask of anybody, is put elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from parley_dataplane.engines.scripted import elsewhere
from parley_dataplane.engines.scripted.classifier import Classifier, Floats


def unit(*rows: list[float]) -> Floats:
    vectors = np.array(rows, np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


EAST, NORTH, UP = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]
PHRASES = unit(EAST, [0.9, 0.1, 0.1], NORTH, [0.1, 0.9, 0.1])
OTHERS = unit(UP, [0.1, 0.1, 0.9])


def test_each_phrase_belongs_to_its_own_intent_and_the_others_to_none() -> None:
    learnt = Classifier(PHRASES, [0, 0, 1, 1], OTHERS)
    chances = learnt.probabilities(PHRASES)
    assert chances.shape == (4, 2)
    assert chances.argmax(1).tolist() == [0, 0, 1, 1]
    assert chances.max(1).min() > 0.8
    assert learnt.probabilities(OTHERS).max() < 0.2


def test_probabilities_and_what_is_elsewhere_make_one() -> None:
    chances = Classifier(PHRASES, [0, 0, 1, 1], OTHERS).probabilities(unit(EAST, UP, [1.0, 1.0, 1.0]))
    assert chances.min() > 0
    elsewhere_left = 1 - chances.sum(1)
    assert elsewhere_left.argmax() == 1, "UP is nobody's phrase"
    assert elsewhere_left.min() > 0


def test_what_the_agents_own_phrases_say_is_not_elsewhere() -> None:
    own = unit([0.98, 0.02, 0.0])
    learnt = Classifier(PHRASES, [0, 0, 1, 1], np.concatenate((OTHERS, own)))
    assert learnt.probabilities(own)[0, 0] > 0.8


def test_an_intent_of_one_phrase_counts_as_much_as_one_of_many() -> None:
    many = unit(*([1.0, 0.02 * at, 0.0] for at in range(-10, 11)), NORTH)
    learnt = Classifier(many, [0] * 21 + [1], OTHERS)
    between = learnt.probabilities(unit([1.0, 1.0, 0.0]))[0]
    assert between[1] == pytest.approx(between[0], rel=0.35)


def test_the_same_phrases_teach_the_same() -> None:
    one, other = (Classifier(PHRASES, [0, 0, 1, 1], OTHERS).probabilities(PHRASES) for _ in range(2))
    assert np.array_equal(one, other)


def test_where_all_that_people_ask_of_anybody_is_the_agents_own_its_intents_are_still_told_apart() -> None:
    learnt = Classifier(PHRASES, [0, 0, 1, 1], PHRASES)
    assert learnt.probabilities(PHRASES).argmax(1).tolist() == [0, 0, 1, 1]


def test_the_file_of_vectors_is_what_the_network_makes_of_the_lines() -> None:
    kept = elsewhere.elsewhere()
    assert kept is not None
    lines = elsewhere.ELSEWHERE
    assert (kept.shape, len(set(lines))) == ((len(lines), 384), len(lines))
    made = elsewhere.vectors()
    assert np.abs(kept - made).max() < 0.001


def test_without_the_file_there_is_no_such_class_and_the_log_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(elsewhere, "_FILE", tmp_path / "none.npy")
    assert elsewhere.elsewhere.__wrapped__() is None
    assert "none.npy" in caplog.text
