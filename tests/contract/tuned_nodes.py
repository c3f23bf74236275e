"""Owns fake nodes with real tuners: where a NodeTuning's pod is, its own command line runs, on folders for a kernel.

kwok makes the pods ready and gives them the address of their node, one of a loopback network; what else a kubelet does
is done here: it starts and ends the process, and brings the ConfigMap to it.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from parley_operator.render.tuner import FILE, FOLDER, JOURNAL
from tests.controlplane.control_plane import ControlPlane, fake_node
from tests.controlplane.kubectl import Kubectl
from tests.tuner_process import TunerProcess

NAMESPACE = "parley-nodes"
NETWORK = f"127.{64 + os.getpid() % 128}.9"
LOOKS_EVERY = 2.0
"""Seconds for which a drift is told before it is put right."""

KERNEL = {"vm.swappiness": "60", "vm.dirty_ratio": "20", "net.core.rmem_max": "212992"}


class Machine:
    """One node's kernel and disk, and the tuners that run on it."""

    def __init__(self, name: str, address: str, folder: Path) -> None:
        self.name, self.address, self.folder = name, address, folder
        self.tuners: dict[str, TunerProcess] = {}
        """By pod."""
        for key, value in KERNEL.items():
            self._file(key).parent.mkdir(parents=True, exist_ok=True)
            self.write(key, value)
        boot = self.folder / "proc-sys/kernel/random/boot_id"
        boot.parent.mkdir(parents=True)
        boot.write_text("first")
        (self.folder / "sys").mkdir()

    def read(self, key: str) -> str:
        return self._file(key).read_text().strip()

    def write(self, key: str, value: str) -> None:
        self._file(key).write_text(f"{value}\n")

    def kernel(self) -> dict[str, str]:
        return {key: self.read(key) for key in KERNEL}

    def run(self, pod: dict[str, Any], profile: str) -> None:
        """What its kubelet does for a pod."""
        name = pod["metadata"]["name"]
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        tuner = self.tuners.get(name)
        if tuner is None:
            arguments = self._arguments(pod["spec"]["containers"][0], folder)
            tuner = TunerProcess(folder, self.folder / "journal", *arguments, looks_every=LOOKS_EVERY)
            tuner.put(profile)
            tuner.start()
            self.tuners[name] = tuner
        tuner.put(profile)

    def keep(self, pods: set[str]) -> None:
        for name in [name for name in self.tuners if name not in pods]:
            assert self.tuners.pop(name).end() == 0

    def _arguments(self, container: dict[str, Any], folder: Path) -> list[str]:
        """As the pod has them, but for its folders."""
        command, *arguments = container["args"]
        assert command == "run"
        told = {
            "$(NODE_NAME)": self.name,
            "$(NODE_ADDRESS)": self.address,
            f"{FOLDER}/{FILE}": str(folder / FILE),
            JOURNAL: str(self.folder / "journal"),
        }
        found = [told.get(argument, argument) for argument in arguments]
        return [*found, "--proc-sys", str(self.folder / "proc-sys"), "--sys", str(self.folder / "sys")]

    def _file(self, key: str) -> Path:
        return self.folder / "proc-sys" / key.replace(".", "/")


class TunedNodes:
    """`with TunedNodes(plane, folder, "node-0", "node-1") as nodes`; `nodes.machines` by name."""

    def __init__(self, plane: ControlPlane, folder: Path, *names: str) -> None:
        self._kubectl: Kubectl = plane.kubectl.inside(NAMESPACE)
        self.machines: dict[str, Machine] = {}
        for number, name in enumerate(names, 1):
            (folder / name).mkdir()
            self.machines[name] = Machine(name, f"{NETWORK}.{number}", folder / name)
        nodes = [fake_node(name, {"node-type": "low-latency"}, (), 8, 110) for name in names]
        for node, machine in zip(nodes, self.machines.values(), strict=True):
            node["status"] |= {"addresses": [{"type": "InternalIP", "address": machine.address}]}  # type: ignore[operator]
        plane.kubectl.apply(*nodes)
        plane.kubectl("wait", "--for=condition=Ready", "--timeout=50s", *(f"node/{name}" for name in names))
        self._ends = threading.Event()
        self.problem: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name="kubelets")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.set()
        self._thread.join()
        for machine in self.machines.values():
            machine.keep(set())
        assert self.problem is None, f"no kubelets: {self.problem!r}"

    def _run(self) -> None:
        try:
            while not self._ends.wait(0.4):
                self._bring()
        except BaseException as problem:
            self.problem = problem

    def _bring(self) -> None:
        items = self._kubectl.json("get", "pods,configmaps")["items"]
        profiles = {
            one["metadata"]["name"]: one["data"].get(FILE, "") for one in items if one["kind"] == "ConfigMap"
        }
        pods = [one for one in items if one["kind"] == "Pod" and "deletionTimestamp" not in one["metadata"]]
        for machine in self.machines.values():
            here = [pod for pod in pods if pod.get("status", {}).get("podIP") == machine.address]
            machine.keep({pod["metadata"]["name"] for pod in here})
            for pod in here:
                [source] = [one["configMap"]["name"] for one in pod["spec"]["volumes"] if "configMap" in one]
                if profiles.get(source):
                    machine.run(pod, profiles[source])
