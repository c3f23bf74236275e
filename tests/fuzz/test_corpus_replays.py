"""Every kept input of every target again: what was found stays fixed, on machines without a fuzzer too."""

from __future__ import annotations

import pytest

from tests.fuzz import corpus
from tests.fuzz.targets import LONGEST_INPUT, TARGETS, Target, run_once

BY_NAME = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)


@BY_NAME
def test_every_kept_input_is_read_or_refused_as_it_should(target: Target) -> None:
    for path in sorted(corpus.kept(target).iterdir()):
        try:
            run_once(target, path.read_bytes())
        except Exception as error:
            error.add_note(
                f"replay: python -m tests.fuzz {target.name} --replay {path.relative_to(corpus.ROOT)}"
            )
            raise


@BY_NAME
def test_the_kept_corpus_stays_small(target: Target) -> None:
    sizes = [path.stat().st_size for path in corpus.kept(target).iterdir()]
    assert 1 <= len(sizes) <= corpus.MOST_KEPT
    assert max(sizes) <= LONGEST_INPUT


@BY_NAME
def test_every_seed_is_read_or_refused_as_it_should(target: Target) -> None:
    for seed in target.seeds():
        assert len(seed) <= LONGEST_INPUT
        run_once(target, seed)
