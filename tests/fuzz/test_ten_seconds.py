"""Ten seconds of search for each target, two side by side; on a machine without atheris nothing is searched."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.fuzz import search
from tests.fuzz.targets import TARGETS

SECONDS = 10
SEED = 4
"""Always the same: what fails is the change under test, not luck. `make fuzz` looks elsewhere each time."""


@pytest.fixture(scope="module")
def searches() -> Iterator[dict[str, Future[search.Result]]]:
    if not search.CAN_SEARCH:  # else these tests would pass without a word, and look like a search
        warnings.warn(search.NOT_SEARCHED, stacklevel=1)
    with ThreadPoolExecutor(2) as pool:
        yield search.start(TARGETS, SECONDS, pool, SEED)


@pytest.mark.parametrize("name", TARGETS)
def test_ten_seconds_find_nothing(name: str, searches: dict[str, Future[search.Result]]) -> None:
    result = searches[name].result()
    assert result.clean, result.report
