"""What a plan asks of its object, whatever its kind; each kind has its own facts of this one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parley_operator.plan.plan import Object


@dataclass(frozen=True, slots=True)
class Facts:
    """`obj` as the API server has it."""

    obj: Object

    @property
    def name(self) -> str:
        return str(self.obj["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """ "" for what is of the whole cluster."""
        return str(self.obj["metadata"].get("namespace", ""))

    @property
    def uid(self) -> str:
        return str(self.obj["metadata"]["uid"])

    @property
    def generation(self) -> int:
        return int(self.obj["metadata"].get("generation", 0))

    @property
    def status(self) -> dict[str, Any]:
        return self.obj.get("status") or {}
