"""A tuner is killed (SIGKILL) at each step of a look, and another one is started: nothing is lost.

A step is what lies before and after each system call that changes the disk or the kernel. What is killed is a process
of its own, forked where it would begin; a look that ended by itself shows that every step was tried.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from parley_tuner.__main__ import dying_at
from parley_tuner.journal import Journal
from parley_tuner.kernel import Kernel
from parley_tuner.profile import Profile
from parley_tuner.tune import Tuner
from tests.unit.parley_tuner.machine import BEFORE, WANTED, Machine, states, wanting

OTHER = {**WANTED, "vm.swappiness": "10", "net.core.rmem_max": "8388608"}
FEWER = {"vm.swappiness": "1"}


def killed_at(machine: Machine, profile: Profile, step: int) -> bool:
    """Whether a look had so many steps."""
    child = os.fork()
    if child == 0:
        try:
            count = dying_at(step)
            kernel = Kernel(machine.proc_sys, machine.sys, count)
            Tuner(kernel, Journal(machine.journals, kernel.boot(), count)).look(profile, 0.0)
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL), "it was killed, or came to its end without an error"
    return status == signal.SIGKILL


def each_step(folder: Path, first: Profile | None, then: Profile) -> Iterator[Machine]:
    """A new machine each time, on which `first` was applied and a tuner was killed on its way to `then`."""
    for step in range(1, 1000):
        machine = Machine(folder / str(step))
        machine.add_cpus("powersave", "schedutil")
        if first is not None:
            machine.look(first)
        if not killed_at(machine, then, step):
            assert step > 8, "there are steps"
            return
        yield machine


def wants(sysctls: dict[str, str]) -> Profile:
    return wanting(sysctls, governor="performance")


def is_as_before(machine: Machine) -> bool:
    governors = [machine.governor(cpu).read_text().strip() for cpu in range(2)]
    return machine.values() == BEFORE and governors == ["powersave", "schedutil"]


PROFILES = [
    pytest.param(None, wants(WANTED), id="applying"),
    pytest.param(wants(WANTED), wants(OTHER), id="changing values"),
    pytest.param(wants(WANTED), wants(FEWER), id="letting keys go"),
    pytest.param(wants(FEWER), wants(OTHER), id="adding keys"),
    pytest.param(wants(WANTED), wanting(), id="restoring"),
]


@pytest.mark.parametrize(("first", "then"), PROFILES)
def test_the_next_start_converges_and_knows_every_old_value(
    tmp_path: Path, first: Profile | None, then: Profile
) -> None:
    for machine in each_step(tmp_path, first, then):
        rows = machine.look(then)
        assert set(states(rows).values()) <= {"Applied", "Restored"}
        assert {key: row.before for key, row in rows.items() if key in BEFORE}.items() <= BEFORE.items()
        assert all(machine.at(key).split() == value.split() for key, value in then.sysctls.items())
        machine.look(wanting())
        assert is_as_before(machine)


@pytest.mark.parametrize(("first", "then"), PROFILES)
def test_if_all_is_to_be_restored_by_then_it_is(tmp_path: Path, first: Profile | None, then: Profile) -> None:
    for machine in each_step(tmp_path, first, then):
        assert set(states(machine.look(wanting())).values()) <= {"Restored"}
        assert is_as_before(machine)
        assert Journal(machine.journals, "first").owners() == []


def test_even_when_the_next_ones_are_killed_too(tmp_path: Path) -> None:
    """At each step, going by turns to one profile and another, and home."""
    machine = Machine(tmp_path)
    machine.add_cpus("powersave", "schedutil")
    ways = (wants(WANTED), wants(OTHER), wants(FEWER), wanting())
    for step in range(1, 60):
        killed_at(machine, ways[step % len(ways)], step % 17 + 1)
    machine.look(wanting())
    assert is_as_before(machine)


def test_somebody_elses_value_is_not_taken_for_ours_after_a_kill(tmp_path: Path) -> None:
    for machine in each_step(tmp_path, wants(WANTED), wanting()):
        machine.set("vm.swappiness", "33")
        machine.look(wanting())
        assert machine.at("vm.swappiness") == "33"
