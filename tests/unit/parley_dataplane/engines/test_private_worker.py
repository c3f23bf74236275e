"""What a worker reads from a private folder is there while it runs, and gone with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from parley_dataplane.engines.private_worker import PrivateWorker
from parley_dataplane.errors import EngineUnavailable
from tests.unit.parley_dataplane.engines.contract import run

ECHO = "tests.unit.parley_dataplane.engines.echo_worker"


@pytest.fixture(autouse=True)
def _folders_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_the_folder_is_private_and_goes_with_the_worker(tmp_path: Path) -> None:
    modes: list[int] = []

    def write(folder: Path) -> Any:
        modes.append(folder.stat().st_mode & 0o777)
        (folder / "expected").write_text("words")
        return {}

    async def test() -> None:
        private = PrivateWorker("echo", ECHO)
        await private.start(write)
        assert private.is_started
        assert len(list(tmp_path.rglob("expected"))) == 1
        await private.close()
        await private.close()

    run(test())
    assert modes == [0o700]
    assert list(tmp_path.iterdir()) == []


def test_nothing_stays_of_a_start_that_failed(tmp_path: Path) -> None:
    def write(folder: Path) -> Any:
        (folder / "expected").write_text("words")
        raise OSError("the disk is full")

    async def test() -> None:
        private = PrivateWorker("echo", ECHO)
        with pytest.raises(OSError, match="full"):
            await private.start(write)
        with pytest.raises(EngineUnavailable, match="echo is not started"):
            _ = private.worker

    run(test())
    assert list(tmp_path.iterdir()) == []
