"""The kernel's own keys: sysctls under /proc/sys and the CPUs' governors under /sys, by name.

Rules: one system call writes a value whole. Two values are the same when they differ in blanks alone: the kernel
separates by tabs what people separate by spaces. A key whose old value could not be put back, or that would not reach
the node, is Unusable before anything is written. A governor's key is "governor." and the name of its policy: CPUs that
share one have one key, else the first one's new value would be taken for the second one's old one.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

GOVERNOR = "governor"
NO_CPUFREQ = "no cpufreq: this machine, or what runs it, sets the CPUs' frequency by itself"

_ONE_WAY = "the kernel does not take its old value back"
_OF_THE_POD = "it belongs to a pod's own {} namespace, and would not reach the node"
_NEVER = (
    ("kernel.modules_disabled", _ONE_WAY),
    ("kernel.kexec_load_disabled", _ONE_WAY),
    ("kernel.unprivileged_bpf_disabled", _ONE_WAY),
    ("kernel.yama.ptrace_scope", _ONE_WAY),
    ("vm.dirty_bytes", f"{_ONE_WAY}: use vm.dirty_ratio"),
    ("vm.dirty_background_bytes", f"{_ONE_WAY}: use vm.dirty_background_ratio"),
    ("kernel.pid_max", _OF_THE_POD.format("PID")),
    ("kernel.ns_last_pid", _OF_THE_POD.format("PID")),
    ("kernel.msg", _OF_THE_POD.format("IPC")),
    ("kernel.sem", _OF_THE_POD.format("IPC")),
    ("kernel.shm", _OF_THE_POD.format("IPC")),
    ("fs.mqueue.", _OF_THE_POD.format("IPC")),
)
"""How a key begins, and why it is left alone."""

_INSTEAD = {
    "vm.dirty_ratio": "vm.dirty_bytes",
    "vm.dirty_background_ratio": "vm.dirty_background_bytes",
}
"""Of each two one is in force, and to write the one sets the other to 0."""


class Unusable(Exception):
    """Nothing can be done about this key here: why."""


class Absent(Unusable):
    """There is no such key."""


class Refused(Exception):
    """The kernel did not take a value: why, with the value."""


def same(one: str, other: str) -> bool:
    return one.split() == other.split()


class Kernel:
    """Of this machine, or what lies under other roots. `step` is called before and after each write."""

    def __init__(self, proc_sys: Path, sys: Path, step: Callable[[], None] = lambda: None) -> None:
        self._proc_sys = proc_sys
        self._cpus = sys / "devices/system/cpu"
        self._step = step

    def boot(self) -> str:
        """Another one after each start of the machine; "" where it is not told."""
        try:
            return (self._proc_sys / "kernel/random/boot_id").read_text().strip()
        except OSError:
            return ""

    def governors(self) -> list[str]:
        """The keys of all CPUs' governors."""
        files = [file.resolve().parent for file in self._cpus.glob("cpu[0-9]*/cpufreq/scaling_governor")]
        names = {folder.parent.name if folder.name == "cpufreq" else folder.name for folder in files}
        return [f"{GOVERNOR}.{name}" for name in sorted(names)]

    def read(self, key: str) -> str:
        """Raises Unusable."""
        for start, why in _NEVER:
            if key.startswith(start):
                raise Unusable(why)
        file = self._file(key)
        try:
            text = file.read_text(errors="replace").rstrip("\n")
            writable = file.stat().st_mode & 0o222
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise Absent("no such key in this kernel, or in the node's network namespace") from None
        except OSError as error:
            raise Unusable(f"it can't be read: {_name(error)}") from error
        if not writable:
            raise Unusable("read-only")
        return text

    def hindrance(self, key: str) -> str:
        """Why a key that is not held yet is left alone though it can be written: another one is in force in its place,
        whose value would be lost. "" where there is none.
        """
        instead = _INSTEAD.get(key)
        if instead is None:
            return ""
        try:
            present = self._file(instead).read_text().strip()
        except OSError:
            return ""
        return (
            "" if present in ("", "0") else f"{instead} is in force here, and its value would not come back"
        )

    def write(self, key: str, value: str) -> None:
        """Raises Refused."""
        self._step()
        try:
            opened = os.open(self._file(key), os.O_WRONLY | os.O_TRUNC)
            try:
                os.write(opened, f"{value}\n".encode())
            finally:
                os.close(opened)
        except OSError as error:
            raise Refused(f"{value[:80]} was refused: {_name(error)}") from error
        self._step()

    def _file(self, key: str) -> Path:
        first, *rest = key.split(".")
        if first == GOVERNOR:
            (name,) = rest
            folder = f"cpufreq/{name}" if name.startswith("policy") else f"{name}/cpufreq"
            return self._cpus / folder / "scaling_governor"
        return self._proc_sys.joinpath(first, *rest)


def _name(error: OSError) -> str:
    if error.errno == errno.EROFS:
        return "EROFS, /proc/sys is read-only here"
    return errno.errorcode.get(error.errno or 0, str(error.errno))
