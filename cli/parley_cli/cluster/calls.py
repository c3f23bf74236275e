"""`kubectl parley calls`: the calls of each pod, as the operator last wrote them or as each pod itself says now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from parley_cli.cluster.kubectl import Kubectl, NotAnswered
from parley_cli.cluster.pods import Pod, Said, said
from parley_cli.cluster.table import Row, table
from parley_cli.cluster.words import at_least, counted

HEADS = ("POD", "CALLS", "STATE", "NODE")

_AT_ONCE = 8
"""Each question is a process of kubectl."""

Answers = Mapping[Pod, Said | NotAnswered | None]


def calls(pods: Sequence[Pod], answers: Answers | None, *, namespaces: bool) -> str:
    """`answers` where the pods were asked; without, what the operator wrote."""
    answers = answers or {}
    rows = [_row(pod, answers.get(pod), namespaces) for pod in pods]
    return f"{table(HEADS, rows)}\n\n{_summary(pods, answers)}"


def nothing(where: str) -> str:
    return f"There is no pod of a VoiceAgent {where}. Why not: kubectl parley status"


def ask(kubectl: Kubectl, pods: Sequence[Pod]) -> dict[Pod, Said | NotAnswered | None]:
    """Every pod, some at a time; None for one that answers something else."""

    def one(pod: Pod) -> Said | NotAnswered | None:
        try:
            return said(kubectl.raw(pod.status_path))
        except NotAnswered as reason:
            return reason

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(pods, pool.map(one, pods), strict=True))


def _row(pod: Pod, answer: Said | NotAnswered | None, namespaces: bool) -> Row:
    name = f"{pod.namespace}/{pod.name}" if namespaces else pod.name
    state = (
        "draining" if isinstance(answer, Said) and answer.draining and pod.state != "ending" else pod.state
    )
    notes = (f"did not answer: {answer}",) if isinstance(answer, NotAnswered) else ()
    return Row((name, _calls(pod, answer), state, pod.node), notes)


def _calls(pod: Pod, answer: Said | NotAnswered | None) -> str:
    if isinstance(answer, Said):
        return str(answer.calls)
    return "?" if pod.calls is None else at_least(pod.calls)


def _summary(pods: Sequence[Pod], answers: Answers) -> str:
    counts = [answer.calls if isinstance(answer := answers.get(pod), Said) else pod.calls for pod in pods]
    exact = all(isinstance(answers.get(pod), Said) for pod in pods)
    total = sum(count or 0 for count in counts)
    words = f"{counted(len(pods), 'pod')}, {'' if exact else 'at least '}{counted(total, 'call')}"
    return words if exact else f"{words}; to ask the pods: kubectl parley calls --exact"
