"""Amounts are compared as Kubernetes compares them, and what is no amount is none."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from parley_api.quantities import amount


@pytest.mark.parametrize(
    ("less", "more"),
    [("999m", "1"), (1, "1500m"), ("1500Mi", "2Gi"), ("2G", "2Gi"), ("0.5Gi", "513Mi"), ("999Gi", "1Ti")],
)
def test_an_amount_is_less_than_another(less: Any, more: Any) -> None:
    one, other = amount(less), amount(more)
    assert one is not None
    assert other is not None
    assert one < other


@pytest.mark.parametrize(("one", "other"), [("1000m", 1), ("1Gi", "1024Mi"), ("1.5G", "1500M")])
def test_two_ways_of_writing_an_amount_are_equal(one: Any, other: Any) -> None:
    assert amount(one) == amount(other)


@pytest.mark.parametrize("text", ["", "much", "1Pi", "-1", "1e3", None, True, {}, "1" * 40])
def test_what_is_no_amount_is_none(text: Any) -> None:
    assert amount(text) is None


def test_it_is_exact() -> None:
    assert amount("0.001Gi") == Decimal(1024) ** 3 / 1000
