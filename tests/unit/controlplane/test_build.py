"""The cache's key is all that a program depends on, and what is built is what go.mod names."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.controlplane import build, versions
from tests.controlplane.errors import NoControlPlane
from tests.controlplane.pin import go_mod
from tests.controlplane.versions import Module

MODULES = [(versions.kubernetes(minor), build.KUBERNETES) for minor in versions.SUPPORTED]
MODULES += [(versions.kwok(), build.KWOK)]


@pytest.fixture
def module(tmp_path: Path) -> Module:
    for name in ("go.mod", "go.sum"):
        shutil.copy(versions.kwok().folder / name, tmp_path)
    return Module(tmp_path)


def test_the_key_is_the_same_for_the_same(module: Module) -> None:
    assert build.key(module, build.KWOK, "") == build.key(module, build.KWOK, "")


@pytest.mark.parametrize("file", ["go.mod", "go.sum"])
def test_another_byte_of_a_module_is_another_key(module: Module, file: str) -> None:
    before = build.key(module, build.KWOK, "")
    with (module.folder / file).open("a") as changed:
        changed.write("\n")
    assert build.key(module, build.KWOK, "") != before


def test_other_flags_are_another_key(module: Module, monkeypatch: pytest.MonkeyPatch) -> None:
    before = build.key(module, build.KWOK, "")
    assert build.key(module, build.KWOK, "-X a.b=c") != before
    monkeypatch.setattr(build, "FLAGS", ("-race",))
    assert build.key(module, build.KWOK, "") != before


@pytest.mark.parametrize(("module", "packages"), MODULES, ids=lambda value: getattr(value, "name", ""))
def test_what_is_built_is_what_go_mod_names(module: Module, packages: dict[str, str]) -> None:
    """Otherwise `go mod tidy` would drop what it needs, or keep what nothing needs."""
    block = re.search(r"^tool \(\n(.*?)^\)|^tool (\S+)$", module.text, re.MULTILINE | re.DOTALL)
    assert block is not None
    assert set((block[1] or block[2]).split()) == set(packages.values())


def test_at_least_two_versions_are_tested_the_default_among_them() -> None:
    assert len(versions.SUPPORTED) >= 2
    assert versions.DEFAULT in versions.SUPPORTED
    for minor in versions.SUPPORTED:
        assert versions.kubernetes(minor).version_of("k8s.io/kubernetes").startswith(f"v{minor}.")


def test_a_version_that_is_not_tested_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_KUBERNETES", "1.2")
    with pytest.raises(NoControlPlane, match=r"PARLEY_KUBERNETES=1.2: use one of 1\.\d+, 1\.\d+"):
        versions.chosen()


def test_a_go_mod_names_published_modules_for_those_that_upstream_has_as_folders() -> None:
    upstream = "\n".join(
        [
            "module k8s.io/kubernetes",
            "go 1.24.0",
            "godebug default=go1.24",
            "require (",
            "\tgo.etcd.io/etcd/client/v3 v3.6.4",
            "\tk8s.io/api v0.0.0",
            "\tk8s.io/utils v0.0.0-20250604170112-4c0f3b243397",
            ")",
            "replace k8s.io/api => ./staging/src/k8s.io/api",
        ]
    )
    ours = go_mod("1.34.4", upstream)
    assert "\tk8s.io/api => k8s.io/api v0.34.4\n" in ours
    assert "k8s.io/utils" not in ours
    assert "\tgo.etcd.io/etcd/server/v3 v3.6.4\n" in ours
    assert "\ngo 1.24.0\n" in ours
    assert "\ngodebug default=go1.24\n" in ours


def test_the_make_target_tests_every_version_the_default_first() -> None:
    makefile = (versions.MODULES.parents[2] / "Makefile").read_text()
    found = re.search(r"^kubernetes := \$\(or \$\(PARLEY_KUBERNETES\),([\d. ]+)\)$", makefile, re.MULTILINE)
    assert found is not None
    assert set(found[1].split()) == set(versions.SUPPORTED)
    assert found[1].split()[0] == versions.DEFAULT
