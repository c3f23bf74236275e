"""docs/install.md, upgrade.md and uninstall.md against the code: numbers, versions, files and programs that they name.

That their commands work, tests/contract/test_docs_install_upgrade_uninstall.py shows at a real API server.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from parley_api import __version__
from parley_api.turntaking import Sessions
from parley_cli.cluster.agents import agent
from parley_cli.cluster.status import status
from parley_cli.cluster.table import wrapped
from parley_cli.cluster.why import why
from parley_operator import names
from parley_operator.render.pod import BEYOND_THE_LONGEST_CALL_SECONDS
from parley_operator.settings import Settings
from tests.controlplane import versions
from tests.unit.parley_cli.cluster.objects import NOW, condition, voice_agent

ROOT = Path(__file__).parents[3]
PAGES = {name: (ROOT / f"docs/{name}.md").read_text() for name in ("install", "upgrade", "uninstall")}
TEXT = "\n".join(PAGES.values())
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
PROGRAMS = {"kubectl", "make", "docker", "kind", "mkdir", "cat", "manifests/voice-ai/deploy-k8s.sh"}


def lines() -> list[str]:
    """Each command in one line, what a here-document holds left out."""
    joined = "\n".join(BLOCKS).replace("\\\n", " ")
    return re.sub(r"<<'END'\n.*?^END$", "", joined, flags=re.MULTILINE | re.DOTALL).splitlines()


@pytest.mark.parametrize("line", [line for line in lines() if line.strip()])
def test_every_command_is_of_a_program_that_a_reader_has(line: str) -> None:
    words = [word for word in shlex.split(line) if not re.match(r"^[A-Z]+=", word)]
    assert not words or words[0] in PROGRAMS


def test_every_other_block_is_no_command() -> None:
    """A command that no test types would grow old."""
    assert re.findall(r"^```(?!sh$|yaml$|text$|$)", TEXT, re.MULTILINE) == []
    assert re.findall(r"^ {4}(?:kubectl|make|docker) ", TEXT, re.MULTILINE) == []


def test_every_file_that_a_command_names_is_there() -> None:
    named = set(
        re.findall(r"(?<![\w./])(?:manifests|examples|operator|dataplane)/[\w./-]+", "\n".join(lines()))
    )
    assert len(named) > 5
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_the_images_are_of_this_version_and_the_upgrade_is_to_the_next() -> None:
    major, minor, patch = __version__.split(".")
    tags = set(re.findall(r"parley(?:-operator)?:(\d+\.\d+\.\d+)", TEXT)) | set(
        re.findall(r"TAG=(\S+)", TEXT)
    )
    assert tags == {__version__, f"{major}.{minor}.{int(patch) + 1}"}


def test_the_names_are_those_that_the_operator_gives() -> None:
    assert f"service/{names.child('reception')} 9011:80" in PAGES["install"]
    assert f"is called `{names.child('voice-ai-backend-v2')}`" in PAGES["install"]
    assert f"--selector app.kubernetes.io/name={names.COMPONENT} --for=delete" in PAGES["uninstall"]


def test_the_numbers_are_those_that_hold() -> None:
    longest = Sessions().longest_call_seconds
    assert f"`ROLL_AT_ONCE` agents ({Settings().roll_at_once})" in PAGES["upgrade"]
    assert f"{longest:,} s unless the agent says otherwise" in " ".join(PAGES["upgrade"].split())
    [waits] = re.findall(r"--for=delete --timeout=(\d+)s", PAGES["uninstall"])
    assert longest + BEYOND_THE_LONGEST_CALL_SECONDS < int(waits)
    assert f"{int(waits):,} s are a little more" in PAGES["uninstall"]
    assert "takes over within 15 s" in PAGES["install"]
    assert Settings().lease_seconds + Settings().renew_seconds < 15


def test_a_kubernetes_version_that_is_named_is_one_that_is_tested() -> None:
    named = set(re.findall(r"\b1\.\d{2}\b", TEXT))
    assert named == set(versions.SUPPORTED)


def test_what_the_page_shows_of_kubectl_parley_is_what_it_prints() -> None:
    waits = (
        "(no node takes pod reception-agent-7d9c6b5f4-x2x7q: 0/3 nodes are available: 3 Insufficient cpu.)"
    )
    lacking = [
        condition(
            "Available",
            "False",
            "MinimumReplicasUnavailable",
            f"Deployment does not have minimum availability. {waits}",
        ),
        condition("Ready", "False", "MinimumReplicasUnavailable"),
    ]
    well = voice_agent("bakery", condition("Ready", since="4d"), calls=20)
    found = [agent(well), agent(voice_agent("reception", *lacking, ready=1, calls=1))]
    shown = re.findall(r"^```text\n(.*?)\n```$", PAGES["install"], re.MULTILINE | re.DOTALL)
    assert shown == [status(found, NOW, namespaces=False), "\n".join(wrapped(why(found[1], NOW)))]
