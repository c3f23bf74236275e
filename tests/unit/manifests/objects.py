"""What manifests/ holds, as values: read from the files, without kubectl."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
MANIFESTS = ROOT / "manifests"

Object = dict[str, Any]


def documents(path: Path) -> list[Object]:
    return list(yaml.safe_load_all(path.read_text()))


def kustomization(folder: Path) -> Object:
    [path] = [folder / name for name in ("kustomization.yaml", "Kustomization") if (folder / name).exists()]
    [only] = documents(path)
    return only


def listed(folder: Path) -> list[Path]:
    """The files that a kustomization lists, those of the folders that it lists among them."""
    paths = [folder / name for name in kustomization(folder)["resources"]]
    return [file for path in paths for file in (listed(path) if path.is_dir() else [path])]


def objects(folder: Path) -> list[Object]:
    return [found for path in listed(folder) for found in documents(path)]


BASE = objects(MANIFESTS / "base")


def one(kind: str, name: str = "parley-operator", among: list[Object] = BASE) -> Object:
    [only] = [found for found in among if (found["kind"], found["metadata"]["name"]) == (kind, name)]
    return only


DEPLOYMENT = one("Deployment")
POD: Object = DEPLOYMENT["spec"]["template"]
CONTAINER: Object = POD["spec"]["containers"][0]
ENVIRONMENT: dict[str, Object] = {entry["name"]: entry for entry in CONTAINER["env"]}


def selects(selector: Object, labels: Object) -> bool:
    return bool(selector) and selector.items() <= labels.items()


def commands(script: str) -> list[str]:
    """The lines of a script that call kubectl, each in one."""
    return [
        line.strip() for line in script.replace("\\\n", "").splitlines() if re.match(r"\s*kubectl ", line)
    ]
