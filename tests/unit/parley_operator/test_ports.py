"""Which agent holds which port: nobody's twice, from the moment that it is planned."""

from __future__ import annotations

from parley_operator.ports import Ports
from parley_operator.queue import Key

A, B = Key("VoiceAgent", "tenant", "a"), Key("VoiceAgent", "tenant", "b")


def test_what_one_plan_takes_the_next_one_sees() -> None:
    ports = Ports()
    ports.hold(A, {"hostPort": 31000})
    assert ports.of_others(B) == {31000: "tenant/a"}
    assert ports.of_others(A) == {}


def test_a_port_is_free_again_when_its_agent_needs_it_no_longer_or_is_gone() -> None:
    ports = Ports()
    ports.hold(A, {"hostPort": 31000})
    ports.hold(A, {"replicas": 1})
    assert ports.of_others(B) == {}
    ports.hold(A, {"hostPort": 31001})
    ports.release(A)
    ports.release(B)
    assert ports.of_others(B) == {}
