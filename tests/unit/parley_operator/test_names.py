"""Names of an agent's objects: what Kubernetes takes, and no two agents' the same."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley_operator import names

agent_names = st.from_regex(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)

SERVICE = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
"""RFC 1035: what a Service's name has to be before Kubernetes 1.34 relaxed it."""


@given(agent_names)
def test_every_child_has_a_name_that_a_service_may_have(name: str) -> None:
    assert SERVICE.fullmatch(names.child(name))
    assert names.child(name) == names.child(name)


@given(st.lists(agent_names, min_size=2, max_size=8, unique=True))
def test_no_two_agents_share_a_child(several: list[str]) -> None:
    assert len({names.child(name) for name in several}) == len(several)


def test_an_agent_that_is_called_like_another_ones_child_shares_nothing_with_it() -> None:
    long = "a" * 63
    assert names.child(names.child(long)) != names.child(long)


@pytest.mark.parametrize(
    ("agent", "child"),
    [
        ("reception", "reception-agent"),
        ("a" * 57, "a" * 57 + "-agent"),
        ("a" * 58, "a" * 52 + "-2xadtn2ivj"),
        ("a" * 63, "a" * 52 + "-pu7hjic5pw"),
        ("a" * 51 + "-" + "b" * 11, "a" * 51 + "-mnlxpyj7ds"),
    ],
)
def test_a_name_is_plain_where_it_can_be(agent: str, child: str) -> None:
    assert names.child(agent) == child
    assert len(child) <= names.LONGEST


@given(agent_names)
def test_the_selector_finds_what_the_labels_say(name: str) -> None:
    assert names.selector(name).items() <= names.labels(name).items()
    assert names.selector_text(name) == "=".join(*names.selector(name).items())


def test_another_content_is_another_name() -> None:
    first, second = names.by_content("shop", "0" * 64), names.by_content("shop", "1" * 64)
    assert first != second
    assert {first.rpartition("-")[0], second.rpartition("-")[0]} == {names.child("shop")}
