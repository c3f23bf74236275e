"""Numbers of calls, rounded so that they change seldom."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley_operator.plan.buckets import bucket

BUCKETS = {0, *(step * 10**power for step in (1, 2, 5) for power in range(9))}


@given(st.integers(0, 10**8))
def test_it_is_the_largest_bucket_that_is_not_over(calls: int) -> None:
    assert bucket(calls) == max(one for one in BUCKETS if one <= calls)


@pytest.mark.parametrize(
    ("calls", "told"), [(0, 0), (1, 1), (4, 2), (5, 5), (19, 10), (20, 20), (99, 50), (100, 100)]
)
def test_some_of_them(calls: int, told: int) -> None:
    assert bucket(calls) == told
