"""Owns how the golden files are made: the plan of each tenant on a cluster that has none of its namespaces yet."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import yaml

from tests.small_tenant import SmallTenant, voice_tenant
from tests.unit.parley_operator.golden.__main__ import dumped

FOLDER = Path(__file__).parent
TENANTS = sorted(path.stem for path in (FOLDER / "tenants").glob("*.yaml"))


def objects(name: str) -> list[dict[str, Any]]:
    value = yaml.safe_load((FOLDER / f"tenants/{name}.yaml").read_text())
    spec = dict(value["spec"])
    tenant = voice_tenant(value["metadata"]["name"], *spec.pop("namespaces"), **spec)
    tenant["metadata"]["uid"] = "00000000-0000-4000-8000-000000000000"
    made = SmallTenant(tenant).plan()
    assert made.objects, made.why
    return made.objects


def text(name: str) -> str:
    return dumped(objects(name))


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    for name in TENANTS:
        (FOLDER / f"{name}.yaml").write_text(text(name))


if __name__ == "__main__":
    main()
