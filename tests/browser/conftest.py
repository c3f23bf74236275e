"""Servers that the tests of one module share, and `--screenshots`, which remakes the pictures of the docs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.server import ROOT, ParleyServer

IMAGES = ROOT / "docs" / "images"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", action="store_true", help="remake the pictures in docs/images")


@pytest.fixture
def pictures(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The folder for pictures: the docs' own when asked, else one that goes away, so that the tree is unchanged."""
    if not request.config.getoption("--screenshots"):
        return tmp_path
    IMAGES.mkdir(parents=True, exist_ok=True)
    return IMAGES


@pytest.fixture(scope="module")
def reception() -> Iterator[ParleyServer]:
    """The clinic's reception, with the embedded engines."""
    with ParleyServer("examples/reception.yaml") as server:
        yield server


@pytest.fixture(scope="module")
def bench() -> Iterator[ParleyServer]:
    """Engines that answer at once, with a tone of 20 s."""
    with ParleyServer("examples/bench.yaml", {"BENCH_TONE_SECS": "20"}) as server:
        yield server


@pytest.fixture(scope="session")
def answers() -> dict[str, str]:
    """What the reception's file says: intent -> its (first) answer, on one line."""
    spec = yaml.safe_load((ROOT / "examples" / "reception.yaml").read_text())["spec"]
    intents = {
        intent["name"]: " ".join((intent.get("answer") or intent["answers"][0]).split())
        for intent in spec["conversation"]["intents"]
    }
    return {**intents, "greeting": " ".join(spec["conversation"]["greeting"].split())}
