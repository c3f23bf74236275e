"""What the environment sets for the operator: the one reader of environment variables in it.

Rules: a wrong value is a BadSetting that says what to write; it is never guessed. A variable that is empty is not set.
`VARIABLES` is the list: name, field, bounds and meaning; docs/operator.md has the same.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

LOG_LEVELS = ("debug", "info", "warning", "error")


class BadSetting(ValueError):
    """An environment variable that can't be used: which, what was seen, what to write."""


@dataclass(frozen=True, slots=True)
class Variable:
    """`name` sets `field`. Numbers have bounds; a text has `choices`, or is any text if there are none."""

    name: str
    field: str
    meaning: str
    low: float = 0
    high: float = 0
    choices: tuple[str, ...] = ()


VARIABLES = (
    Variable("OPERATOR_NAMESPACE", "namespace", "the namespace of the operator itself, where its Lease is"),
    Variable("OPERATOR_IDENTITY", "identity", "who holds the Lease: one name for each replica"),
    Variable(
        "WATCH_NAMESPACE",
        "watch_namespace",
        "the one namespace that is looked after, without the kinds of the whole cluster; empty: all",
    ),
    Variable("DATAPLANE_IMAGE", "dataplane_image", "the image that new agents run"),
    Variable("VLLM_IMAGE", "vllm_image", "the image of model servers that run vLLM on GPUs"),
    Variable("VLLM_CPU_IMAGE", "vllm_cpu_image", "the same of those without a GPU; empty: there is none"),
    Variable("TUNER_IMAGE", "tuner_image", "the image that tuners of nodes run"),
    Variable("TUNER_NAMESPACE", "tuner_namespace", "where tuners run: privileged, so not the operator's"),
    Variable("TUNER_PORT_FIRST", "tuner_port_first", "the first port of nodes for tuners", 1024, 65_535),
    Variable("TUNER_PORT_LAST", "tuner_port_last", "the last port of nodes for tuners", 1024, 65_535),
    Variable("WORKERS", "workers", "objects that are reconciled at the same time", 1, 64),
    Variable("RESYNC_SECONDS", "resync_seconds", "everything is looked at again within", 10, 86_400),
    Variable("ROLL_AT_ONCE", "roll_at_once", "agents that an upgrade of the operator rolls at once", 1, 1000),
    Variable("SLOW_SECONDS", "slow_seconds", "numbers of calls are written at most this often", 1, 3600),
    Variable("POLL_SECONDS", "poll_seconds", "each pod is asked what it does this often", 1, 3600),
    Variable("POLLS_AT_ONCE", "polls_at_once", "pods that are asked at the same time", 1, 1000),
    Variable("HOST_PORT_FIRST", "host_port_first", "the first port for media.reach.hostPort", 1024, 65_535),
    Variable("HOST_PORT_LAST", "host_port_last", "the last port for media.reach.hostPort", 1024, 65_535),
    Variable("PROBE_PORT", "probe_port", "where /healthz, /readyz and /metrics answer", 1, 65_535),
    Variable("LEASE_NAME", "lease_name", "the Lease that the replicas share"),
    Variable(
        "LEASE_SECONDS", "lease_seconds", "after so long without a renewal another replica takes over", 3, 600
    ),
    Variable("LOG_LEVEL", "log_level", "what is logged", choices=LOG_LEVELS),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Defaults are what a cluster of any size can run with."""

    namespace: str = "parley-system"
    identity: str = ""
    watch_namespace: str = ""
    dataplane_image: str = "parley:latest"
    vllm_image: str = "vllm/vllm-openai:v0.32.0"  # of the version that the options are checked against
    vllm_cpu_image: str = ""
    tuner_image: str = "parley-tuner:latest"
    tuner_namespace: str = "parley-nodes"
    # A port for each NodeTuning: two may tune a node, and both answer on its address. Under node exporter's 9100.
    tuner_port_first: int = 9015
    tuner_port_last: int = 9089
    workers: int = 8
    resync_seconds: float = 600.0
    roll_at_once: int = 5
    slow_seconds: float = 30.0
    poll_seconds: float = 5.0
    polls_at_once: int = 32
    # Outside the ports that Services get on nodes (30000 to 32767) and those that Linux gives away (from 32768).
    host_port_first: int = 20_000
    host_port_last: int = 20_999
    probe_port: int = 8080
    lease_name: str = "parley-operator"
    lease_seconds: float = 10.0
    log_level: str = "info"

    def __post_init__(self) -> None:
        for of, first, last in (
            ("HOST", self.host_port_first, self.host_port_last),
            ("TUNER", self.tuner_port_first, self.tuner_port_last),
        ):
            if first > last:
                raise BadSetting(
                    f"{of}_PORT_FIRST={first} is over {of}_PORT_LAST={last}: write a first port that is not over the"
                    " last"
                )

    @property
    def renew_deadline_seconds(self) -> float:
        """A holder that has not renewed for so long writes nothing more. Under `lease_seconds`, so that what it had
        begun has arrived before another takes over.
        """
        return self.lease_seconds * 0.7

    @property
    def renew_seconds(self) -> float:
        """How often a holder renews, and how often another looks whether it still does."""
        return self.lease_seconds * 0.15


def read(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process; raises BadSetting."""
    given = os.environ if environment is None else environment
    kinds = {field.name: field.type for field in fields(Settings)}
    values: dict[str, Any] = {}
    for variable in VARIABLES:
        text = given.get(variable.name, "").strip()
        if text:
            values[variable.field] = _value(variable, text, str(kinds[variable.field]))
    values.setdefault("identity", socket.gethostname())
    return Settings(**values)


def _value(variable: Variable, text: str, kind: str) -> str | int | float:
    if kind == "str":
        if variable.choices and text not in variable.choices:
            raise BadSetting(f"{variable.name}={text[:40]!r}: write one of {', '.join(variable.choices)}")
        return text
    what = "a whole number" if kind == "int" else "a number"
    try:
        number = int(text) if kind == "int" else float(text)
    except ValueError:
        number = float("nan")
    if not variable.low <= number <= variable.high:
        bounds = f"from {variable.low:g} to {variable.high:g}"
        raise BadSetting(f"{variable.name}={text[:40]!r}: write {what} {bounds}")
    return number
