"""Whose turn it is to roll for an upgrade of the operator: a few at a time, idle before busy, old before new."""

from __future__ import annotations

from parley_operator.queue import Key
from parley_operator.rolls import Order, Rolls, given_up, is_rolling, rolled_out


def key(name: str) -> Key:
    return Key("VoiceAgent", "tenant", name)


def names(keys: list[Key]) -> str:
    return "".join(one.name for one in keys)


def test_idle_ones_go_before_busy_ones_and_older_before_newer() -> None:
    rolls = Rolls(at_once=4)
    for name, busy, created in (("a", True, "1"), ("b", False, "3"), ("c", False, "2"), ("d", True, "0")):
        rolls.wait(key(name), Order(False, busy, created))
    assert names(rolls.grant()) == "cbda"


def test_no_more_than_so_many_roll_at_once_and_one_that_is_done_makes_room() -> None:
    rolls = Rolls(at_once=2)
    for name in "abcde":
        rolls.wait(key(name), Order(False, False, name))
    assert names(rolls.grant()) == "ab"
    assert names(rolls.grant()) == ""
    assert (rolls.may(key("a")), rolls.may(key("c"))) == (True, False)
    rolls.finish(key("a"))
    assert names(rolls.grant()) == "c"
    assert (rolls.rolling, rolls.waiting) == (2, 2)


def test_a_bad_upgrade_stops_by_itself() -> None:
    """Those whose pods never become available keep their turns."""
    rolls = Rolls(at_once=3)
    for number in range(100):
        rolls.wait(key(f"{number:02}"), Order(False, False, ""))
    rolled = []
    for _ in range(50):
        rolled += rolls.grant()
    assert len(rolled) == 3


def test_those_that_were_broken_before_come_last_and_keep_no_turn() -> None:
    rolls = Rolls(at_once=1)
    rolls.wait(key("a"), Order(True, False, "1"))
    rolls.wait(key("b"), Order(False, True, "2"))
    assert names(rolls.grant()) == "b"
    assert not rolls.found(key("b"))
    rolls.finish(key("b"))
    assert names(rolls.grant()) == "a"
    assert rolls.found(key("a")), "where Kubernetes gives up on it, its turn is over"


def test_one_that_only_lost_pods_is_not_rolling() -> None:
    def deployment(**status: int) -> dict[str, object]:
        return {"metadata": {"generation": 2}, "spec": {"replicas": 2}, "status": status}

    assert is_rolling(deployment(observedGeneration=1, replicas=2, updatedReplicas=2))
    assert is_rolling(deployment(observedGeneration=2, replicas=3, updatedReplicas=1))
    assert not is_rolling(
        deployment(observedGeneration=2, replicas=2, updatedReplicas=2, availableReplicas=0)
    )


def test_one_that_waits_and_goes_leaves_no_trace() -> None:
    rolls = Rolls(at_once=1)
    rolls.wait(key("a"), Order(False, False, ""))
    rolls.finish(key("a"))
    assert names(rolls.grant()) == ""


def test_one_found_in_the_middle_of_a_rollout_counts() -> None:
    rolls = Rolls(at_once=1)
    rolls.resume(key("a"))
    rolls.wait(key("b"), Order(False, False, ""))
    assert names(rolls.grant()) == ""
    rolls.finish(key("a"))
    assert names(rolls.grant()) == "b"


def test_a_turn_that_was_given_here_is_known_from_one_that_was_found() -> None:
    rolls = Rolls(at_once=2)
    rolls.resume(key("a"))
    rolls.wait(key("b"), Order(False, False, ""))
    rolls.grant()
    assert (rolls.found(key("a")), rolls.found(key("b"))) == (True, False)


def deployment(**status: int) -> dict[str, object]:
    full = {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3, **status}
    return {"metadata": {"generation": 2}, "spec": {"replicas": 3}, "status": full}


def test_a_deployment_has_rolled_out_when_all_its_pods_are_new_and_available() -> None:
    assert rolled_out(deployment())
    assert not rolled_out(deployment(observedGeneration=1))
    assert not rolled_out(deployment(updatedReplicas=2))
    assert not rolled_out(deployment(availableReplicas=2))
    assert not rolled_out(deployment(replicas=4))
    assert not rolled_out({"metadata": {"generation": 1}, "spec": {"replicas": 3}})


def test_one_that_is_scaled_to_zero_has_rolled_out() -> None:
    assert rolled_out(
        {"metadata": {"generation": 1}, "spec": {"replicas": 0}, "status": {"observedGeneration": 1}}
    )


def test_kubernetes_gives_up_on_a_rollout_by_a_condition() -> None:
    assert given_up({"status": {"conditions": [{"type": "Progressing", "status": "False"}]}})
    assert not given_up({"status": {"conditions": [{"type": "Progressing", "status": "True"}]}})
