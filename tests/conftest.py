"""Servers that the tests of one module share; each is ended and looked over when the module is done."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server import ParleyServer


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
