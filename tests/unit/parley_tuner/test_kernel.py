"""Keys by name: which file each one is, and what is said of those that can't be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from parley_tuner.kernel import Kernel, Refused, Unusable, same
from tests.unit.parley_tuner.machine import Machine


def kernel(machine: Machine) -> Kernel:
    return Kernel(machine.proc_sys, machine.sys)


def test_values_that_differ_in_blanks_alone_are_the_same() -> None:
    assert same("4096\t87380\t6291456", "4096 87380  6291456 ")
    assert not same("1", "10")


def test_the_keys_of_governors_are_found_and_lead_back_to_their_files(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.add_cpus("powersave", "schedutil")
    assert kernel(machine).governors() == ["governor.cpu0", "governor.cpu1"]
    assert kernel(machine).read("governor.cpu1") == "schedutil"


def test_a_key_that_is_not_there_is_refused_when_it_is_written(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="1 was refused: ENOENT"):
        kernel(Machine(tmp_path)).write("vm.nothing", "1")


def test_the_real_kernel_is_read() -> None:
    real = Kernel(Path("/proc/sys"), Path("/sys"))
    assert real.read("vm.swappiness").isdigit()
    assert len(real.boot()) == 36
    with pytest.raises(Unusable, match="read-only"):
        real.read("net.ipv4.tcp_available_congestion_control")
    with pytest.raises(Unusable, match="no such key"):
        real.read("net.ipv4.tcp_is_perfect")
