"""Owns the namespaces of tests: each is given away once, and they are made several at a time.

A kubectl for each that is made, waited for and deleted would take longer than most of the tests in them.
"""

from __future__ import annotations

import secrets
import time

from tests.controlplane.kubectl import Kubectl

AT_ONCE = 16
USABLE_SECS = 20.0


class Namespaces:
    """`Namespaces(kubectl).new()`"""

    def __init__(self, kubectl: Kubectl) -> None:
        self._kubectl = kubectl
        self._made: list[str] = []
        self._free: list[str] = []

    def new(self) -> str:
        """One that nobody has had, in which a pod may be made."""
        [name] = self.several(1)
        return name

    def several(self, count: int) -> list[str]:
        if len(self._free) < count:
            self._make(max(AT_ONCE, count - len(self._free)))
        given, self._free = self._free[:count], self._free[count:]
        return given

    def delete(self) -> None:
        if self._made:
            self._kubectl("delete", "namespace", *self._made, "--wait=false")

    def _make(self, count: int) -> None:
        names = [f"test-{secrets.token_hex(4)}" for _ in range(count)]
        self._made += names
        self._kubectl.apply(
            *({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in names),
            options=["--server-side"],
        )
        deadline = time.monotonic() + USABLE_SECS
        while lacking := set(names) - self._usable():
            assert time.monotonic() < deadline, f"no service account after {USABLE_SECS:.0f} s: {lacking}"
            time.sleep(0.1)
        self._free += names

    def _usable(self) -> set[str]:
        """Those with what Kubernetes puts into each: the account of its pods, and the authority that they trust."""
        found = self._kubectl.json("get", "serviceaccounts,configmaps", "--all-namespaces")["items"]
        names = [
            {one["metadata"]["namespace"] for one in found if one["metadata"]["name"] == name}
            for name in ("default", "kube-root-ca.crt")
        ]
        return set.intersection(*names)
