"""Owns how the golden files are made: the plan of each agent in an empty namespace of a cluster that has all kinds; of
another kind, that of its example."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import yaml

from parley_operator.plan import nodetuning
from parley_operator.plan.agent import ObservedAgent
from parley_operator.plan.needs import needs
from parley_operator.plan.tuning import ObservedTuning
from parley_operator.plan.voiceagent import plan
from parley_operator.settings import Settings
from tests.server import ROOT
from tests.small_cluster import BOTH_KINDS, NOW

FOLDER = Path(__file__).parent
AGENTS = sorted(path.stem for path in (FOLDER / "agents").glob("*.yaml"))

IMAGE = "registry.example.com/parley:0.1.0"
TUNER_IMAGE = "registry.example.com/parley-tuner:0.1.0"


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _block(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _block)


def agent(name: str) -> dict[str, Any]:
    """As the API server would have it, its defaults aside."""
    value: dict[str, Any] = yaml.safe_load((FOLDER / f"agents/{name}.yaml").read_text())
    value["metadata"] |= {
        "namespace": "voice-ai",
        "uid": "00000000-0000-4000-8000-000000000000",
        "generation": 1,
    }
    return value


def objects(name: str) -> list[dict[str, Any]]:
    value = agent(name)
    wanted = needs(value)
    contents = dict.fromkeys(wanted.config_maps, "what it holds")
    observed = ObservedAgent(
        secrets=wanted.secrets,
        config_maps=wanted.config_maps,
        contents=contents,
        kinds=BOTH_KINDS,
        may_roll=False,
    )
    made = plan(value, observed, Settings(dataplane_image=IMAGE), NOW)
    assert made.objects, made.why
    return made.objects


def dumped(made: list[dict[str, Any]]) -> str:
    return yaml.dump_all(made, Dumper=_Dumper, sort_keys=True, width=110, allow_unicode=True)


def text(name: str) -> str:
    return dumped(objects(name))


NODE_TUNING = FOLDER / "other/nodetuning.yaml"


def node_tuning() -> list[dict[str, Any]]:
    """What the example becomes."""
    value: dict[str, Any] = yaml.safe_load((ROOT / "examples/nodetuning.yaml").read_text())
    value["metadata"] |= {"uid": "00000000-0000-4000-8000-000000000000", "generation": 1}
    return nodetuning.plan(value, ObservedTuning(), Settings(tuner_image=TUNER_IMAGE), NOW).objects


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    for name in AGENTS:
        (FOLDER / f"{name}.yaml").write_text(text(name))
    NODE_TUNING.write_text(dumped(node_tuning()))


if __name__ == "__main__":
    main()
