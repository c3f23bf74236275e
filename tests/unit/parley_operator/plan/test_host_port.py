"""Ports of the nodes: each agent its own, kept as long as it can be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parley_operator.plan.host_port import allotted
from parley_operator.settings import Settings

FEW = Settings(host_port_first=20_000, host_port_last=20_009)
RANGE = range(FEW.host_port_first, FEW.host_port_last + 1)

agents = st.lists(st.from_regex(r"[a-z]{1,4}/[a-z]{1,4}", fullmatch=True), max_size=10, unique=True)


@given(agents)
def test_no_two_agents_get_the_same_and_each_keeps_its_own(several: list[str]) -> None:
    held: dict[str, int] = {}
    for agent in several:
        held[agent] = allotted(agent, 0, 0, {port: other for other, port in held.items()}, FEW)
    assert set(held.values()) <= set(RANGE)
    assert len(set(held.values())) == len(several)
    for agent, port in held.items():
        others = {number: other for other, number in held.items() if other != agent}
        assert allotted(agent, port, port, others, FEW) == port


def test_there_is_none_once_all_are_taken() -> None:
    assert allotted("a/late", 0, 0, {port: f"a/{port}" for port in RANGE}, FEW) == 0


@given(st.sampled_from(RANGE))
def test_the_last_free_one_is_found(free: int) -> None:
    assert allotted("a/late", 0, 0, {port: "a/other" for port in RANGE if port != free}, FEW) == free


def test_of_two_with_the_same_one_the_first_by_name_keeps_it() -> None:
    """After a restored backup, say: were both to let go, both would roll."""
    assert allotted("a/first", 20_003, 20_003, {20_003: "a/second"}, FEW) == 20_003
    assert allotted("a/second", 20_003, 20_003, {20_003: "a/first"}, FEW) not in (0, 20_003)


def test_one_outside_a_range_that_was_changed_stays_its_own() -> None:
    assert allotted("a/old", 31_000, 31_000, {}, FEW) == 31_000


def test_what_a_tenant_wrote_into_a_deployment_takes_no_port_from_another_agent() -> None:
    assert allotted("a/thief", 0, 20_003, {20_003: "z/victim"}, FEW) != 20_003
    assert allotted("z/victim", 20_003, 20_003, {}, FEW) == 20_003
    assert allotted("a/thief", 0, 443, {}, FEW) in RANGE
    assert allotted("a/restored", 0, 20_002, {}, FEW) == 20_002
