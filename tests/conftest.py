"""What all tests share: their categories, and the servers of a module, each ended and looked over when it is done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import agent_file
from tests.categories import categories_of
from tests.server import ParleyServer

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """Here, since only this file is read before the arguments are, wherever the tests that are run lie."""
    parser.addoption("--screenshots", action="store_true", help="remake the pictures in docs/images")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for category in categories_of(item.path.relative_to(HERE).as_posix()):
            item.add_marker(category)


@pytest.fixture(scope="module")
def reception() -> Iterator[ParleyServer]:
    """The clinic's reception, with the embedded engines."""
    with ParleyServer("examples/reception.yaml") as server:
        yield server


@pytest.fixture(scope="module")
def reception_without_fillers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParleyServer]:
    """The same, where the first sound after a question is the answer's."""
    with ParleyServer(agent_file.without_fillers(tmp_path_factory.mktemp("agent"))) as server:
        yield server


@pytest.fixture(scope="module")
def bench() -> Iterator[ParleyServer]:
    """Engines that answer at once, with a tone of 20 s."""
    with ParleyServer("examples/bench.yaml", {"BENCH_TONE_SECS": "20"}) as server:
        yield server
