"""Whom a change wakes: who names it at once, who goes by any of its kind a moment later, and nobody else."""

from __future__ import annotations

from parley_operator.plan.plan import Ref
from parley_operator.queue import Key
from parley_operator.wakes import GATHER_SECONDS, Wakes, any_of

A, B = Key("VoiceAgent", "tenant", "a"), Key("VoiceAgent", "tenant", "b")
TENANT = Key("VoiceTenant", "", "t")
MODEL = Ref("ModelServer", "tenant", "m")


def woken(wakes: Wakes, kind: str, namespace: str, name: str) -> list[tuple[Key, float, bool]]:
    return [tuple(wake) for wake in wakes.of(Ref(kind, namespace, name))]  # type: ignore[misc]


def test_who_names_it_is_woken_at_once_before_what_is_a_matter_of_routine() -> None:
    wakes = Wakes()
    wakes.refer(A, [MODEL])
    wakes.refer(B, [MODEL, MODEL])
    assert woken(wakes, *MODEL) == [(A, 0.0, False), (B, 0.0, False)]
    assert woken(wakes, "ModelServer", "tenant", "other") == []
    assert woken(wakes, "ModelServer", "other", "m") == []


def test_who_goes_by_any_of_a_kind_is_woken_a_moment_later_so_that_a_crowd_is_one_look() -> None:
    wakes = Wakes()
    wakes.refer(TENANT, [any_of("VoiceAgent", "tenant"), any_of("Pod")])
    assert woken(wakes, *A) == [(TENANT, GATHER_SECONDS, False)]
    assert woken(wakes, "VoiceAgent", "other", "a") == []
    assert woken(wakes, "Pod", "anywhere", "p") == [(TENANT, GATHER_SECONDS, False)]


def test_what_is_of_the_whole_cluster_may_wake_very_many_which_wait_behind_what_people_changed() -> None:
    wakes = Wakes()
    wakes.refer(A, [Ref("Namespace", "", "tenant"), any_of("Node")])
    assert woken(wakes, "Namespace", "", "tenant") == [(A, 0.0, True)]
    assert woken(wakes, "Node", "", "n1") == [(A, GATHER_SECONDS, True)]


def test_what_it_no_longer_goes_by_wakes_it_no_more_and_leaves_nothing_behind() -> None:
    wakes = Wakes()
    wakes.refer(A, [MODEL])
    wakes.refer(A, [Ref("ModelServer", "tenant", "next")])
    assert woken(wakes, *MODEL) == []
    wakes.refer(A, [])
    assert not wakes._by_ref
    assert not wakes._refers


def test_nobody_wakes_itself() -> None:
    wakes = Wakes()
    wakes.refer(A, [any_of("VoiceAgent", "tenant")])
    assert woken(wakes, *A) == []
    assert woken(wakes, *B) == [(A, GATHER_SECONDS, False)]


def test_what_one_begins_to_name_and_what_it_ceases_to_is_known_and_who_names_it() -> None:
    wakes = Wakes()
    other = Ref("ModelServer", "tenant", "next")
    assert wakes.refer(A, [MODEL]) == {MODEL}
    assert wakes.refer(B, [MODEL]) == {MODEL}
    assert wakes.refer(A, [MODEL]) == set()
    assert wakes.who_name(MODEL) == [A, B]
    assert wakes.refer(A, [other]) == {MODEL, other}
    assert (wakes.who_name(MODEL), wakes.who_name(other)) == ([B], [A])
    assert wakes.refer(B, []) == {MODEL}
    assert wakes.who_name(MODEL) == []
