"""Quantities as Kubernetes writes them, as whole numbers and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley_operator import amounts
from parley_operator.amounts import amount, text


@pytest.mark.parametrize(
    ("resource", "said", "value"),
    [
        (amounts.CPU, "64", 64_000),
        (amounts.CPU, "1500m", 1_500),
        (amounts.CPU, "0.1", 100),
        (amounts.CPU, "1u", 1),  # rounded up: what is used is never less than it is
        (amounts.CPU, "2k", 2_000_000),
        (amounts.MEMORY, "128Gi", 128 * 1024**3),
        (amounts.MEMORY, "1536Mi", 1536 * 1024**2),
        (amounts.MEMORY, "129e6", 129_000_000),
        (amounts.MEMORY, "1G", 1_000_000_000),
        (amounts.MEMORY, "100m", 1),
        (amounts.MEMORY, "1Ei", 1024**6),
        (amounts.PODS, "12", 12),
        (amounts.PODS, 12, 12),
        (amounts.PODS, "twelve", 0),
        (amounts.PODS, "", 0),
    ],
)
def test_it_is_read(resource: str, said: object, value: int) -> None:
    assert amount(resource, said) == value


@pytest.mark.parametrize(
    ("resource", "value", "said"),
    [
        (amounts.CPU, 1_500, "1500m"),
        (amounts.CPU, 64_000, "64"),
        (amounts.CPU, 0, "0"),
        (amounts.MEMORY, 128 * 1024**3, "128Gi"),
        (amounts.MEMORY, 1536 * 1024**2, "1536Mi"),
        (amounts.MEMORY, 1025, "1025"),
        (amounts.MEMORY, 0, "0"),
        (amounts.SESSIONS, 10_000, "10000"),
    ],
)
def test_it_is_written_as_short_as_is_exact(resource: str, value: int, said: str) -> None:
    assert text(resource, value) == said


@given(st.sampled_from((amounts.CPU, amounts.MEMORY, amounts.PODS)), st.integers(0, 2**60))
def test_what_is_written_is_read_as_the_same(resource: str, value: int) -> None:
    assert amount(resource, text(resource, value)) == value
