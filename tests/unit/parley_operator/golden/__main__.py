"""Owns how the golden files are made: what objects of each kind become on a cluster that has all kinds, and nothing of
theirs yet.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from parley_operator.plan import modelserver, nodetuning, voiceagent, voicetenant
from parley_operator.plan.agent import ObservedAgent
from parley_operator.plan.model import ObservedModelServer
from parley_operator.plan.needs import needs, needs_of_model_server
from parley_operator.plan.plan import Object, Plan
from parley_operator.plan.tenant import ObservedTenant
from parley_operator.plan.tuning import ObservedTuning
from parley_operator.settings import Settings
from tests.small_cluster import BOTH_KINDS, NOW

FOLDER = Path(__file__).parent

SETTINGS = Settings(
    dataplane_image="registry.example.com/parley:0.1.0",
    vllm_cpu_image="registry.example.com/vllm-cpu:0.32.0",
    tuner_image="registry.example.com/parley-tuner:0.1.0",
)


@dataclass(frozen=True, slots=True)
class Golden:
    """Of one kind: manifests in a folder, and in its `become` what each of them becomes."""

    folder: str
    plan: Callable[[Object], Plan]
    namespace: str = ""

    @property
    def names(self) -> list[str]:
        return sorted(path.stem for path in (FOLDER / self.folder).glob("*.yaml"))

    @property
    def shown(self) -> list[str]:
        """The names of which there is a golden file."""
        return sorted(path.stem for path in (FOLDER / self.folder).glob("become/*.yaml"))

    def file(self, name: str) -> Path:
        return FOLDER / self.folder / f"become/{name}.yaml"

    def manifest(self, name: str) -> Object:
        """As the API server would have it, its defaults aside."""
        value: Object = yaml.safe_load((FOLDER / self.folder / f"{name}.yaml").read_text())
        value["metadata"] |= {"uid": "00000000-0000-4000-8000-000000000000", "generation": 1}
        if self.namespace:
            value["metadata"]["namespace"] = self.namespace
        return value

    def objects(self, name: str) -> list[Object]:
        made = self.plan(self.manifest(name))
        assert made.objects, made.why
        return made.objects


def _agent(value: Object) -> Plan:
    wanted = needs(value)
    observed = ObservedAgent(
        secrets=wanted.secrets,
        config_maps=wanted.config_maps,
        contents=dict.fromkeys(wanted.config_maps, "what it holds"),
        kinds=BOTH_KINDS,
        may_roll=False,
    )
    return voiceagent.plan(value, observed, SETTINGS, NOW)


def _model_server(value: Object) -> Plan:
    wanted = needs_of_model_server(value)
    observed = ObservedModelServer(
        secrets=wanted.secrets,
        config_maps=wanted.config_maps,
        claims=wanted.claims,
        kinds=BOTH_KINDS,
        may_roll=False,
    )
    return modelserver.plan(value, observed, SETTINGS, NOW)


def _node_tuning(value: Object) -> Plan:
    return nodetuning.plan(value, ObservedTuning(), SETTINGS, NOW)


def _tenant(value: Object) -> Plan:
    return voicetenant.plan(value, ObservedTenant(), SETTINGS, NOW)


AGENTS = Golden("agents", _agent, "voice-ai")
MODEL_SERVERS = Golden("model_servers", _model_server, "models")
NODE_TUNINGS = Golden("node_tunings", _node_tuning)
TENANTS = Golden("tenants", _tenant)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _block(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _block)


def text(made: list[Object]) -> str:
    return yaml.dump_all(made, Dumper=_Dumper, sort_keys=True, width=110, allow_unicode=True)


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    for kind in (AGENTS, MODEL_SERVERS, NODE_TUNINGS, TENANTS):
        for name in kind.names:
            kind.file(name).write_text(text(kind.objects(name)))


if __name__ == "__main__":
    main()
