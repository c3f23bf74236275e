"""A machine to tune: folders that look like /proc/sys and /sys, the journal's folder, and the tuner on them.

The files take any value, as the kernel's mostly do; what it refuses is in the test on a real kernel.
"""

from __future__ import annotations

from pathlib import Path

from parley_tuner.journal import Journal
from parley_tuner.kernel import Kernel
from parley_tuner.profile import Profile
from parley_tuner.tune import Row, Tuner

BEFORE = {
    "net.core.rmem_max": "212992",
    "net.ipv4.tcp_congestion_control": "cubic",
    "net.ipv4.tcp_rmem": "4096\t131072\t6291456",
    "vm.swappiness": "60",
}
WANTED = {
    "net.core.rmem_max": "4194304",
    "net.ipv4.tcp_congestion_control": "bbr",
    "net.ipv4.tcp_rmem": "4096 87380 6291456",
    "vm.swappiness": "1",
}


class Machine:
    """`at(key)` is what a key is now."""

    def __init__(self, folder: Path) -> None:
        self.proc_sys, self.sys, self.journals = (folder / name for name in ("proc-sys", "sys", "journal"))
        for key, value in BEFORE.items():
            self.set(key, value)
        self.boot("first")

    def boot(self, name: str) -> None:
        """The machine has started anew."""
        self._write(self.proc_sys / "kernel/random/boot_id", name)

    def set(self, key: str, value: str) -> None:
        """As a hand would."""
        self._write(self.file(key), value)

    def at(self, key: str) -> str:
        return self.file(key).read_text().rstrip("\n")

    def values(self) -> dict[str, str]:
        return {key: self.at(key) for key in BEFORE}

    def file(self, key: str) -> Path:
        return self.proc_sys / key.replace(".", "/")

    def governor(self, cpu: int) -> Path:
        return self.sys / f"devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor"

    def add_cpus(self, *governors: str) -> None:
        for cpu, governor in enumerate(governors):
            self._write(self.governor(cpu), governor)

    def tuner(self) -> Tuner:
        """A process that has just started."""
        kernel = Kernel(self.proc_sys, self.sys)
        return Tuner(kernel, Journal(self.journals, kernel.boot()))

    def look(self, profile: Profile) -> dict[str, Row]:
        """The first look of such a process."""
        return self.tuner().look(profile, 0.0)

    @staticmethod
    def _write(file: Path, value: str) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{value}\n")


def wanting(
    sysctls: dict[str, str] | None = None, *, owner: str = "low-latency", governor: str = ""
) -> Profile:
    """`wanting()` wants nothing."""
    chosen = sysctls or {}
    return Profile(f"of {chosen} {governor}", owner, chosen, governor)


def states(rows: dict[str, Row]) -> dict[str, str]:
    return {key: row.state for key, row in rows.items()}
