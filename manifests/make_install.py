"""Makes install.yaml: manifests/base in one file, for `kubectl apply --server-side -f install.yaml`.

    python manifests/make_install.py [--registry REGISTRY] [--tag TAG] > install.yaml

It puts the files of the kustomization one after the other as they stand, comments too, so it needs Python alone; a
kustomization that would change them is refused. A contract test holds the result to what `kubectl kustomize` makes.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import yaml

BASE = Path(__file__).parent / "base"

IMAGE = re.compile(
    r"^(?P<key> *-? *(?:image|value): )(?P<name>parley(?:-operator|-tuner)?):(?P<tag>[\w.-]+)$", re.MULTILINE
)
"""A line that names one of Parley's three images."""

NO_REGISTRY = """\
The images are named without a registry: only nodes that have them already will find them.
To name one: make install.yaml REGISTRY=registry.example.com/team
"""


class NotPlain(Exception):
    """A kustomization does more than to list files: only kustomize itself could render it."""


def files(folder: Path) -> list[Path]:
    """What a kustomization lists, in its order; raises NotPlain."""
    kustomization = next(
        folder / name for name in ("kustomization.yaml", "Kustomization") if (folder / name).exists()
    )
    content = yaml.safe_load(kustomization.read_text())
    more = sorted(set(content) - {"apiVersion", "kind", "resources"})
    if more:
        raise NotPlain(
            f"{kustomization}: saw {', '.join(more)}; write that into a kustomization that refers to it"
        )
    found = []
    for name in content["resources"]:
        path = folder / name
        found += files(path) if path.is_dir() else [path]
    return found


def install(folder: Path = BASE, registry: str = "", tag: str = "") -> str:
    """All of it as YAML. `registry` is what stands before the images' names, `tag` stands in place of the version."""
    before = f"{registry.rstrip('/')}/" if registry else ""
    text = "---\n".join(path.read_text().removeprefix("---\n") for path in files(folder))
    return IMAGE.sub(lambda line: f"{line['key']}{before}{line['name']}:{tag or line['tag']}", text)


def main() -> int:
    parser = argparse.ArgumentParser(description="Print manifests/base in one file.")
    parser.add_argument(
        "--registry", default="", help="where the images are, such as registry.example.com/team"
    )
    parser.add_argument("--tag", default="", help="of both images, instead of this version")
    given = parser.parse_args()
    sys.stdout.write(install(registry=given.registry, tag=given.tag))
    if not given.registry:
        sys.stderr.write(NO_REGISTRY)
    return 0


if __name__ == "__main__":
    sys.exit(main())
