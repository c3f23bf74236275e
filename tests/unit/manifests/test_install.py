"""manifests/make_install.py: one file that holds all of manifests/base, with images of somebody's registry."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.unit.manifests.objects import BASE, MANIFESTS, ROOT

MAKE = MANIFESTS / "make_install.py"


def made(*arguments: str) -> str:
    ran = subprocess.run(
        [sys.executable, MAKE, *arguments], capture_output=True, text=True, timeout=60, check=True
    )
    return ran.stdout


def test_it_holds_every_object_of_the_base_in_its_order_and_none_else() -> None:
    assert list(yaml.safe_load_all(made())) == BASE


def test_made_twice_it_is_the_same() -> None:
    assert made("--registry=a.example.com/b") == made("--registry=a.example.com/b")


@pytest.mark.parametrize("registry", ["registry.example.com/team", "localhost:5001/", "10.0.0.1:5000/a/b"])
def test_a_registry_and_a_tag_are_those_of_all_images_and_change_nothing_else(registry: str) -> None:
    plain, given = made().splitlines(), made("--registry", registry, "--tag", "1.2.3").splitlines()
    before = registry.rstrip("/")
    changed = [new.strip() for old, new in zip(plain, given, strict=True) if old != new]
    assert changed == [
        f"image: {before}/parley-operator:1.2.3",
        f"value: {before}/parley:1.2.3",
        f"value: {before}/parley-tuner:1.2.3",
    ]


@pytest.mark.parametrize(
    ("arguments", "noted"), [((), True), (("--registry=",), True), (("--registry=a/b",), False)]
)
def test_images_without_a_registry_are_noted_beside_it(arguments: tuple[str, ...], noted: bool) -> None:
    ran = subprocess.run(
        [sys.executable, MAKE, *arguments], capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stderr.startswith("The images are named without a registry") == noted
    assert (ran.stderr == "") != noted


def test_a_kustomization_that_would_change_something_is_refused(tmp_path: Path) -> None:
    module = runpy.run_path(str(MAKE))
    (tmp_path / "kustomization.yaml").write_text("resources: [a.yaml]\nnamePrefix: x-\n")
    with pytest.raises(module["NotPlain"], match="saw namePrefix"):
        module["install"](tmp_path)


def test_make_calls_it_with_both() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert 'manifests/make_install.py --registry "$(REGISTRY)" --tag "$(TAG)" > $@.part' in makefile
    assert "/install.yaml" in (ROOT / ".gitignore").read_text().splitlines()
