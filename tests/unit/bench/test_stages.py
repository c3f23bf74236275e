"""The ladder ends where p95 breaks; a stage that is there is not run again."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bench import media
from tests.bench import run as runs
from tests.bench.figures import ANSWER, FAILED
from tests.bench.results import Code
from tests.bench.run import Bench
from tests.bench.stages import Server, Stage, is_full
from tests.bench.wire.call import Target


def answers(*milliseconds: float) -> list[dict[str, Any]]:
    return [{"figure": ANSWER, "milliseconds": ms} for ms in milliseconds]


@pytest.mark.parametrize(
    ("samples", "full"),
    [
        (answers(50, 249.9), False),
        (answers(50, 250.0), True),
        ([*answers(50), {"figure": FAILED, "call": 1, "why": "refused"}], True),
    ],
    ids=["just below 200 ms more", "200 ms more", "a call that could not be made"],
)
def test_a_core_is_full_where_p95_has_risen_by_200_ms(samples: list[dict[str, Any]], full: bool) -> None:
    assert is_full(answers(40, 50), samples) is full


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    @contextlib.contextmanager
    def served(_stage: Stage) -> Iterator[Server]:
        yield Server(Target("http://unused"), 1)

    monkeypatch.setattr(runs, "ROOT", tmp_path)
    monkeypatch.setattr(runs, "code_of", lambda _: Code("0123456789abcdef", ""))
    monkeypatch.setattr(runs, "served", served)
    return Bench("media", 1, {"seconds": 1.0}, fresh=False)


def test_a_stage_is_run_once(bench: Bench) -> None:
    seen: list[float] = []

    async def run(server: Server, chance: random.Random) -> list[dict[str, Any]]:
        seen.append(chance.random())
        return answers(40)

    media.run(bench, [Stage("once", run), Stage("once", run), Stage("other", run)], 1.0)
    assert len(seen) == 2
    assert seen[0] != seen[1]  # each stage has its own chance


def test_the_ladder_climbs_until_a_rung_breaks(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def rung(calls: int, seconds: float) -> Stage:
        async def run(server: Server, chance: random.Random) -> list[dict[str, Any]]:
            return answers(40.0 if calls < 100 else 300.0)

        return Stage(f"ladder-{calls}", run)

    monkeypatch.setattr(media, "rung", rung)
    media.run(bench, [stage for stage in media.all_stages(1.0) if stage.name == media.LADDER], 1.0)
    assert "80 calls hold it" in capsys.readouterr().out
    files = sorted(path.stem for path in bench.results.folder.iterdir())
    assert files == ["ladder-100", "ladder-3", "ladder-40", "ladder-60", "ladder-80"]
