"""How the cluster is asked, and what kubectl's words mean. The words are those of kubectl 1.32 to 1.35."""

from __future__ import annotations

from pathlib import Path

import pytest

from parley_cli.cluster.kubectl import (
    Failed,
    Kubectl,
    NoKind,
    NoKubectl,
    NoSuchObject,
    NotAnswered,
    Refused,
    Unreachable,
    meaning,
)
from tests.unit.parley_cli.cluster.objects import StubKubectl, listed


def test_flags_go_before_what_is_asked(stub: StubKubectl) -> None:
    stub.answer("get", listed())
    assert Kubectl(("--context=x", "--as=y")).get("voiceagents", "--namespace=shop") == listed()
    assert stub.asked() == ["--context=x --as=y get voiceagents --namespace=shop --output json"]


@pytest.mark.parametrize(
    ("stderr", "kind", "advice"),
    [
        ('error: the server doesn\'t have a resource type "voiceagents"', NoKind, "install Parley"),
        (
            'Error from server (NotFound): Unable to list "x": the server could not find the requested resource',
            NoKind,
            "docs/install.md",
        ),
        (
            'Error from server (NotFound): voiceagents.parley.dev "bakery" not found',
            NoSuchObject,
            'voiceagents.parley.dev "bakery" not found; `kubectl parley status --all-namespaces` lists',
        ),
        (
            'Error from server (NotFound): modelservers.parley.dev "llm" not found',
            NoSuchObject,
            "`kubectl parley status modelservers --all-namespaces` lists",
        ),
        (
            'Error from server (Forbidden): voiceagents.parley.dev is forbidden: User "jane" cannot list resource',
            Refused,
            "parley-view",
        ),
        ("error: You must be logged in to the server (Unauthorized)", Refused, "You must be logged in"),
        (
            "E1130 10:52:13.7 memcache.go:265] Unhandled Error\n"
            "The connection to the server localhost:8080 was refused - did you specify the right host or port?",
            Unreachable,
            "kubectl version",
        ),
        ("Unable to connect to the server: dial tcp: lookup nowhere: no such host", Unreachable, "nowhere"),
        ('error: context "nowhere" does not exist', Failed, 'context "nowhere" does not exist'),
        ("", Failed, "kubectl failed and said nothing"),
        ("error: \x1b[31mred\x1b[0m", Failed, "[31mred"),
        ("error: " + "x" * 5000, Failed, "x..."),
    ],
)
def test_kubectls_words_have_a_meaning_and_an_advice(
    stderr: str, kind: type[NotAnswered], advice: str
) -> None:
    found = meaning(stderr)
    assert type(found) is kind
    assert advice in str(found)
    assert "\x1b" not in str(found)
    assert len(str(found)) < 800


def test_only_a_name_that_is_wrong_is_the_callers_own_fault() -> None:
    assert NoSuchObject("").exit_code == 2
    assert {kind.exit_code for kind in (NoKubectl, NoKind, Refused, Unreachable, Failed)} == {1}


def test_without_kubectl_it_says_where_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoKubectl, match="install it"):
        Kubectl().get("pods")


@pytest.mark.parametrize("says", ["", "no JSON", "[]", "7"])
def test_an_answer_that_is_no_object_is_an_error(stub: StubKubectl, says: str) -> None:
    stub.answer("get", (0, says))
    with pytest.raises(Failed, match="kubectl answered no"):
        Kubectl().get("pods")


def test_a_kubectl_that_cannot_be_started_is_an_error(stub: StubKubectl) -> None:
    stub.answer("get", listed())
    (stub.folder / "kubectl").write_text("#!/nowhere/at/all\n")
    with pytest.raises(Failed, match="could not be started"):
        Kubectl().get("pods")
