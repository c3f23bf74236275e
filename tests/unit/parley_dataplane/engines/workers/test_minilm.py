"""The network of meanings: its weights are those that were published, and what means the same lies near."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from parley_dataplane.engines.scripted.meaning import model_folder
from parley_dataplane.engines.workers.minilm import MiniLm

PUBLISHED = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of model.safetensors of sentence-transformers/all-MiniLM-L6-v2."""


@pytest.fixture(scope="module")
def network() -> MiniLm:
    return MiniLm(model_folder())


def test_the_weights_are_the_published_ones() -> None:
    assert hashlib.sha256((model_folder() / "model.safetensors").read_bytes()).hexdigest() == PUBLISHED


def test_what_means_the_same_in_other_words_is_nearer_than_what_shares_words(network: MiniLm) -> None:
    asked, same, other = network.embed(
        ["Is there a garage nearby?", "Where can I leave my car?", "Is there a fever going around?"]
    )
    assert asked @ same > 0.4 > asked @ other


def test_the_cosines_of_the_models_own_card(network: MiniLm) -> None:
    """Those that the published model gives for its own examples."""
    weather, sunny, stadium = network.embed(
        ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
    )
    assert weather @ sunny == pytest.approx(0.6660, abs=1e-3)
    assert weather @ stadium == pytest.approx(0.1046, abs=1e-3)
    assert sunny @ stadium == pytest.approx(0.1411, abs=1e-3)


def test_a_text_has_the_same_vector_in_any_company_and_length_one(network: MiniLm) -> None:
    texts = ["short", "a much longer question about opening hours and prices on Sunday", "Köln, café?"]
    together = network.embed(texts)
    alone = np.concatenate([network.embed([text]) for text in texts])
    assert np.abs(together - alone).max() < 1e-5
    assert np.linalg.norm(together, axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("text", ["", " ", "?", "\U0001f600", "x" * 5_000, "word " * 2_000, "日本語"])
def test_any_text_has_a_vector(network: MiniLm, text: str) -> None:
    assert np.isfinite(network.embed([text])).all()


def test_no_text_has_none(network: MiniLm) -> None:
    with pytest.raises(ValueError, match="at least one text"):
        network.embed([])


def test_a_folder_without_the_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        MiniLm(tmp_path)
    save_file({"one": np.zeros(1, np.float32)}, tmp_path / "model.safetensors")
    (tmp_path / "vocab.txt").write_text("[CLS]\n[SEP]\n")
    with pytest.raises(KeyError, match="UNK"):
        MiniLm(tmp_path)
