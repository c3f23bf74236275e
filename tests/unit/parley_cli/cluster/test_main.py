"""The arguments of `kubectl parley`: what is asked of kubectl, what is printed, and the exit code."""

from __future__ import annotations

import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from parley_cli.cluster.__main__ import main
from parley_cli.cluster.table import WIDTH
from tests.unit.parley_cli.cluster.objects import StubKubectl, condition, listed, pod, voice_agent

KIND = "voiceagents.parley.dev"
NOT_READY = voice_agent(
    "bakery", condition("Available", "False", "Why", "so"), condition("Ready", "False"), ready=0
)


def test_status_lists_every_agent_and_is_0_if_all_are_ready(
    stub: StubKubectl, capsys: pytest.CaptureFixture[str]
) -> None:
    stub.answer(KIND, listed(voice_agent()))
    assert main(["status"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 agent, 1 ready"
    assert stub.asked() == [f"get {KIND} --output json"]


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (listed(voice_agent(), NOT_READY), 1),
        (listed(), 0),
        (listed(voice_agent(deletionTimestamp="2026-11-30T11:59:00Z")), 0),
        (listed(voice_agent(generation=2)), 1),
    ],
)
def test_status_is_1_if_one_is_not_ready(stub: StubKubectl, found: Any, code: int) -> None:
    stub.answer(KIND, found)
    assert main(["status", "-A"]) == code


def test_the_callers_flags_are_handed_on_as_they_stand(stub: StubKubectl) -> None:
    stub.answer(KIND, listed(voice_agent()))
    main(["status", "-n", "shop", "--context", "other", "--as", "jane", "--as-group=a", "--as-group=b"])
    main(["status", "--all-namespaces", "--kubeconfig", "/a file", "--request-timeout=3s"])
    assert stub.asked() == [
        f"--context=other --as=jane --as-group=a --as-group=b get {KIND} --namespace=shop --output json",
        f"--kubeconfig=/a file --request-timeout=3s get {KIND} --all-namespaces --output json",
    ]


def test_why_is_a_paragraph_of_80_columns_and_1_if_the_agent_is_not_ready(
    stub: StubKubectl, capsys: pytest.CaptureFixture[str]
) -> None:
    stub.answer(f"{KIND} bakery", NOT_READY)
    stub.answer(f"{KIND} reception", voice_agent())
    assert main(["why", "bakery", "--namespace=shop"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert " ".join(lines).startswith("bakery in namespace shop has not been ready for ")
    assert max(map(len, lines)) <= WIDTH
    assert main(["why", "reception"]) == 0


SERVER = {
    "kind": "ModelServer",
    "metadata": {"name": "llm", "namespace": "models"},
    "status": {"conditions": [condition("Accepted"), condition("Ready")]},
}


@pytest.mark.parametrize("kind", ["modelserver", "ModelServers", "pms", "modelservers.parley.dev"])
def test_why_of_another_kind_is_asked_by_any_name_that_kubectl_knows(
    stub: StubKubectl, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    stub.answer("modelservers.parley.dev llm", SERVER)
    assert main(["why", f"{kind}/llm", "-n", "models"]) == 0
    assert capsys.readouterr().out.startswith("llm in namespace models has been ready for ")
    assert stub.asked() == ["get modelservers.parley.dev llm --namespace=models --output json"]


@pytest.mark.parametrize("what", ["pod/a", "/a", "modelserver/", "modelserver/-a", "a/b/c"])
def test_what_is_no_kind_or_no_name_is_2(
    stub: StubKubectl, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["why", what])
    assert "write" in capsys.readouterr().err
    assert stub.asked() == []


def test_status_of_another_kind_lists_it(stub: StubKubectl, capsys: pytest.CaptureFixture[str]) -> None:
    stub.answer("modelservers.parley.dev", listed(SERVER))
    assert main(["status", "modelservers", "-A"]) == 0
    assert "models/llm   yes    " in capsys.readouterr().out
    stub.answer("nodetunings.parley.dev", listed())
    assert main(["status", "nt"]) == 0
    assert "There is no NodeTuning in this cluster" in capsys.readouterr().out


def test_a_cluster_that_does_not_know_the_kind_is_told_by_its_name(
    stub: StubKubectl, capsys: pytest.CaptureFixture[str]
) -> None:
    stub.answer("get", (1, 'error: the server doesn\'t have a resource type "modelservers"'))
    assert main(["status", "modelserver"]) == 1
    assert "this cluster knows no ModelServer" in capsys.readouterr().err


def test_why_of_a_name_that_is_none_is_2(stub: StubKubectl, capsys: pytest.CaptureFixture[str]) -> None:
    stub.answer(KIND, (1, f'Error from server (NotFound): {KIND} "bakery" not found'))
    assert main(["why", "bakery"]) == 2
    assert 'voiceagents.parley.dev "bakery" not found' in capsys.readouterr().err


def test_calls_are_of_every_agent_or_of_one(stub: StubKubectl, capsys: pytest.CaptureFixture[str]) -> None:
    stub.answer(KIND, voice_agent())
    stub.answer("get pods", listed(pod("reception-agent-a", calls="5")))
    assert main(["calls", "--namespace", "shop"]) == 0
    assert main(["calls", "reception"]) == 0
    assert "reception-agent-a  5+     ready  node-0" in capsys.readouterr().out
    assert stub.asked() == [
        "get pods --selector app.kubernetes.io/name=parley-agent --namespace=shop --output json",
        f"get {KIND} reception --output json",
        "get pods --selector app.kubernetes.io/name=parley-agent,parley.dev/agent=reception --output json",
    ]


def test_calls_are_exact_when_the_pods_are_asked(
    stub: StubKubectl, capsys: pytest.CaptureFixture[str]
) -> None:
    stub.answer("get pods", listed(pod("reception-agent-a", calls="5")))
    stub.answer("proxy/v1/status", {"calls": 7, "draining": False})
    assert main(["calls", "--exact"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 pod, 7 calls"


@pytest.mark.parametrize("command", [["status"], ["calls"]])
def test_a_namespace_without_any_is_no_failure(
    stub: StubKubectl, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    stub.answer("get", listed())
    assert main(command) == 0
    assert "in the current namespace" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nothing"],
        ["why"],
        ["why", "--output=yaml"],
        ["why", "-A", "reception"],
        ["why", "Reception"],
        ["why", "a/b"],
        ["why", "--", "-v"],
        ["status", "--namespace", "a b"],
        ["calls", "reception", "-A"],
    ],
)
def test_wrong_arguments_are_2_and_nothing_is_asked(stub: StubKubectl, arguments: list[str]) -> None:
    stub.answer("get", listed())
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert stub.asked() == []


def test_a_cluster_that_cannot_be_asked_is_1_and_says_what_to_do(
    stub: StubKubectl, capsys: pytest.CaptureFixture[str]
) -> None:
    stub.answer("get", (1, 'error: the server doesn\'t have a resource type "voiceagents"'))
    assert main(["status"]) == 1
    assert "install Parley as docs/install.md says" in capsys.readouterr().err


def test_kubectl_finds_the_program_by_its_name() -> None:
    scripts = tomllib.loads(Path("pyproject.toml").read_text())["project"]["scripts"]
    module, _, function = scripts["kubectl-parley"].partition(":")
    assert getattr(import_module(module), function) is main
    assert sys.modules[module].__name__ == "parley_cli.cluster.__main__"
    assert "kubectl-parley" in Path("Makefile").read_text()
