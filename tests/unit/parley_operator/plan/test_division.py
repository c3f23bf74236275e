"""A quota of several namespaces is divided among them: never more than the whole, whatever happens meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley_operator.plan.division import Part, divided, rooms


def parts(*used: int, given: tuple[int, ...] = (), wants: tuple[int, ...] = ()) -> list[Part]:
    return [
        Part(one, wants[at] if wants else 0, given[at] if given else None, given[at] if given else 0)
        for at, one in enumerate(used)
    ]


@pytest.mark.parametrize(
    ("whole", "of", "quotas"),
    [
        pytest.param(64, parts(0), [64], id="one namespace has all of it"),
        pytest.param(64, parts(0, 0), [32, 32], id="what is free is shared equally"),
        pytest.param(10, parts(0, 0, 0), [4, 3, 3], id="what can't be shared goes to the first"),
        pytest.param(64, parts(50, 4), [55, 9], id="each has what it uses, and half of what is free"),
        pytest.param(10, parts(8, 0, wants=(0, 2)), [8, 2], id="a rollout comes before equal parts"),
        pytest.param(
            10, parts(8, 1, wants=(1, 1)), [9, 1], id="the first rollout, where there is room for one"
        ),
        pytest.param(10, parts(8, 12), [4, 6], id="over it: each has less than it uses"),
        pytest.param(0, parts(0, 0), [0, 0], id="nothing is nothing"),
    ],
)
def test_it_is_divided(whole: int, of: list[Part], quotas: list[int]) -> None:
    assert divided(whole, of) == quotas


def test_a_division_that_leaves_each_half_of_its_room_stays() -> None:
    assert divided(64, parts(10, 0, given=(32, 32))) == [32, 32]
    assert divided(64, parts(21, 0, given=(32, 32))) == [32, 32]
    assert divided(64, parts(22, 0, given=(32, 32))) != [32, 32], "10 are left of 21"
    assert divided(4, parts(2, 0, given=(2, 2))) == [2, 1], "two pieces are shared"
    assert divided(2, parts(1, 0, given=(1, 1))) == [1, 1], "the last piece of another is not taken away"


def test_where_one_is_to_have_more_the_other_gives_first() -> None:
    before = parts(30, 0, given=(32, 32))
    first = divided(64, before)
    assert first == [32, 17]
    held = [Part(30, 0, 32, 32), Part(0, 0, 17, 32)]
    assert divided(64, held) == [32, 17], "Kubernetes still lets it use 32"
    followed = [Part(30, 0, 32, 32), Part(0, 0, 17, 17)]
    assert divided(64, followed) == [47, 17]


def test_a_further_namespace_gets_what_the_others_have_given_up() -> None:
    assert divided(64, [Part(0, 0, 64, 64), Part()]) == [32, 0]
    assert divided(64, [Part(0, 0, 32, 32), Part(0, 0, 0, 0)]) == [32, 32]


@dataclass
class Cluster:
    """Kubernetes lets each namespace use as much as it has heard of; it hears of a new quota a little later."""

    whole: int
    used: list[int]
    given: list[int | None] = field(default_factory=list)
    held: list[int] = field(default_factory=list)
    writes: int = 0

    def look(self) -> None:
        now = [
            Part(used, 0, given, max(held, given or 0))
            for used, given, held in zip(self.used, self.given, self.held, strict=True)
        ]
        wanted = divided(self.whole, now)
        self.writes += sum(one != other for one, other in zip(wanted, self.given, strict=True))
        self.given = list(wanted)

    def hear(self, at: int) -> None:
        self.held[at] = self.given[at] or 0

    def use(self, at: int, amount: int) -> None:
        self.used[at] = max(0, min(self.used[at] + amount, max(self.held[at], self.used[at])))

    def settle(self) -> None:
        for _ in range(20):
            before = list(self.given)
            for at in range(len(self.used)):
                self.hear(at)
            self.look()
            if self.given == before:
                return
        raise AssertionError(f"never at rest: {self}")


STEPS = st.lists(
    st.tuples(st.sampled_from(("look", "hear", "use")), st.integers(0, 3), st.integers(-20, 40)), max_size=60
)


@given(st.integers(0, 100), st.integers(1, 4), STEPS)
def test_no_order_of_events_lets_more_be_used_than_the_whole_and_it_comes_to_rest(
    whole: int, count: int, steps: list[tuple[str, int, int]]
) -> None:
    cluster = Cluster(whole, [0] * count, [None] * count, [0] * count)
    cluster.settle()
    assert sum(one or 0 for one in cluster.given) == whole
    for what, place, amount in steps:
        at = place % count
        match what:
            case "look":
                cluster.look()
            case "hear":
                cluster.hear(at)
            case _:
                cluster.use(at, amount)
        assert sum(cluster.used) <= whole, cluster
    cluster.settle()
    before = cluster.writes
    cluster.settle()
    assert cluster.writes == before
    assert sum(one or 0 for one in cluster.given) == whole


@given(st.integers(0, 100), st.lists(st.integers(0, 60), min_size=1, max_size=4))
def test_where_more_is_used_than_there_is_nobody_gets_anything_new(whole: int, used: list[int]) -> None:
    if sum(used) <= whole:
        return
    cluster = Cluster(whole, used, [None] * len(used), [0] * len(used))
    cluster.settle()
    assert sum(one or 0 for one in cluster.given) <= whole
    assert all(
        given is not None and given < max(1, used) for given, used in zip(cluster.given, used, strict=True)
    )


@given(
    st.integers(0, 200), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), min_size=1, max_size=4)
)
def test_all_that_is_free_is_room_for_somebody(whole: int, of: list[tuple[int, int]]) -> None:
    found = rooms(whole, [Part(used, wants) for used, wants in of])
    assert sum(found) == max(0, whole - sum(used for used, _ in of))


def test_a_hundred_pods_one_after_the_other_are_few_writes() -> None:
    cluster = Cluster(200, [0, 0], [None, None], [0, 0])
    cluster.settle()
    already = cluster.writes
    for _ in range(100):
        cluster.use(0, 1)
        cluster.settle()
    assert cluster.used == [100, 0]
    assert cluster.writes - already < 20
