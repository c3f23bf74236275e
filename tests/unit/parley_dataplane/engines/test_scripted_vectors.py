"""Vectors are kept from one start to the next; a file that can't be used costs time alone."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from parley_dataplane.engines.scripted import vectors
from parley_dataplane.engines.scripted.classifier import Floats
from parley_dataplane.engines.scripted.vectors import Vectors, vectors_file


def of(number: int) -> Floats:
    return np.full(384, number, np.float32)


def test_what_was_written_is_read_by_the_next_server_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "a" / "vectors.sqlite"
    Vectors(file).write({"one": of(1), "two": of(2)})
    found = Vectors(file).read(["two", "three"])
    assert list(found) == ["two"]
    assert np.array_equal(found["two"], of(2))


def test_no_text_stands_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "vectors.sqlite"
    Vectors(file).write({"where can I park my car": of(1)})
    assert b"park" not in file.read_bytes()


def test_another_version_s_vectors_are_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "vectors.sqlite"
    Vectors(file).write({"one": of(1)})
    monkeypatch.setattr(vectors, "__version__", "99")
    assert Vectors(file).read(["one"]) == {}


def test_the_oldest_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "_MOST", 3)
    kept = Vectors(tmp_path / "vectors.sqlite")
    for number in range(5):
        kept.write({str(number): of(number)})
    assert list(kept.read(list("01234"))) == ["2", "3", "4"]


@pytest.mark.parametrize("held", [b"", b"no database", b"SQLite format 3\0" + bytes(4_096)])
def test_a_broken_file_knows_nothing_and_stops_nobody(
    tmp_path: Path, held: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    file = tmp_path / "vectors.sqlite"
    file.write_bytes(held)
    assert Vectors(file).read(["one"]) == {}
    Vectors(file).write({"one": of(1)})
    assert "vectors are not kept" in caplog.text
    assert str(tmp_path) not in caplog.text


def test_a_folder_that_can_t_be_made_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept = Vectors(tmp_path / "file" / "parley" / "vectors.sqlite")
    kept.write({"one": of(1)})
    assert kept.read(["one"]) == {}


def test_the_file_lies_in_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert vectors_file() == tmp_path / ".cache" / "parley" / "vectors.sqlite"
