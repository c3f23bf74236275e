"""One round of each search against a real server, always the same one: nothing is found, noticed or left."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fuzz.live import SEARCHES
from tests.fuzz.siege import Siege

pytestmark = pytest.mark.calls

SEED = 4
"""Always the same: what fails is the change under test, not luck. `make fuzz` looks elsewhere each time."""


@pytest.fixture(scope="module")
def siege() -> Iterator[Siege]:
    with Siege() as siege:
        yield siege


@pytest.mark.parametrize("name", SEARCHES)
def test_one_round_finds_nothing(name: str, siege: Siege) -> None:
    SEARCHES[name](siege, 0.0, SEED)
