"""What may be believed of a tuner's report; and a real tuner's, asked over HTTP."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from parley_operator.node_report import MOST_BYTES, question, read
from parley_operator.plan.node_verdicts import APPLIED, BEHIND, DRIFTED, SKIPPED, restored, verdict
from parley_operator.plan.plan import Ref
from parley_operator.plan.tuning import KeyReport, NodeReport
from parley_operator.polls import BadAnswer, Polls
from parley_operator.queue import Key
from parley_operator.render.owner import Owner
from parley_operator.render.tuner import FILE, Profile, config_map
from tests.tuner_process import TunerProcess

RIGHT: dict[str, Any] = {
    "node": "node-a",
    "owner": "low-latency",
    "profile": "3f9c",
    "state": "Partly",
    "problem": "",
    "seconds_to_applied": 0.004,
    "keys": {
        "vm.swappiness": {"state": "Skipped", "wanted": "1", "before": None, "why": "read-only", "drifts": 0}
    },
}


def test_a_report_is_read() -> None:
    expected = NodeReport(
        "node-a", "low-latency", "3f9c", "Partly", "", (KeyReport("vm.swappiness", "Skipped", "read-only"),)
    )
    assert read(json.dumps(RIGHT).encode()) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "[]",
        "null",
        "[" * 100_000,
        json.dumps({**RIGHT, "keys": []}),
        json.dumps({**RIGHT, "keys": {"a": None}}),
        json.dumps({**RIGHT, "keys": {"a": {"state": 1, "why": ""}}}),
        json.dumps({**RIGHT, "keys": {"a": {"state": "Applied", "why": "x" * 513}}}),
        json.dumps({**RIGHT, "keys": {"a" * 129: {"state": "Applied", "why": ""}}}),
        json.dumps({**RIGHT, "keys": {f"a{n}": {"state": "Applied", "why": ""} for n in range(513)}}),
        json.dumps({**RIGHT, "owner": None}),
        json.dumps({**RIGHT, "profile": "x" * 65}),
        json.dumps({name: value for name, value in RIGHT.items() if name != "state"}),
    ],
)
def test_what_is_no_report_is_no_answer(wrong: str) -> None:
    with pytest.raises(BadAnswer):
        read(wrong.encode())


class Machine:
    """A tuner as a process, on folders that stand for its kernel."""

    def __init__(self, folder: Path) -> None:
        self.sysctls = folder / "proc-sys"
        (self.sysctls / "vm").mkdir(parents=True)
        (self.sysctls / "kernel/random").mkdir(parents=True)
        (self.sysctls / "kernel/random/boot_id").write_text("first")
        (folder / "sys").mkdir()
        self.swappiness = self.sysctls / "vm/swappiness"
        self.swappiness.write_text("60\n")
        (self.sysctls / "vm/dirty_ratio").write_text("20\n")
        arguments = ("--proc-sys", str(self.sysctls), "--sys", str(folder / "sys"))
        self.tuner = TunerProcess(folder, folder / "journal", *arguments)

    def give(self, profile: Profile, *leaving: str) -> None:
        """As the operator renders it."""
        owner = Owner("parley.dev/v1alpha1", "NodeTuning", "low-latency", "", "uid")
        self.tuner.put(config_map(owner, "parley-nodes", profile, leaving)["data"][FILE])


def test_a_real_tuner_reads_what_is_rendered_and_the_operator_reads_what_it_reports(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    wanted = Profile({"vm.dirty_ratio": "5", "vm.nothing": "1", "vm.swappiness": "1"})
    keys = [*wanted.sysctls]

    async def asked() -> NodeReport:
        heard = asyncio.Event()
        polls = Polls(0.1, 1, lambda key, after: heard.set(), lambda outcome: None)
        pod = Ref("Pod", "parley-nodes", "tuner")
        asking = asyncio.create_task(polls.run())
        try:
            polls.follow(
                pod, Key("NodeTuning", "", "low-latency"), question(machine.tuner._port), "127.0.0.1", True
            )
            await asyncio.wait_for(heard.wait(), 10)
            found = polls.status(pod)
        finally:
            asking.cancel()
        assert isinstance(found, NodeReport)
        return found

    def found() -> Any:
        return verdict("node-a", "low-latency", asyncio.run(asked()), wanted.digest, keys)

    machine.give(Profile({"vm.dirty_ratio": "5"}))
    with machine.tuner as tuner:
        tuner.until(lambda report: report["state"] == "Applied")
        assert found().what == BEHIND
        machine.give(wanted)
        tuner.until(lambda report: report["profile"] == wanted.digest)
        assert found().what == SKIPPED
        assert [one.key for one in found().problems] == ["vm.nothing"]
        assert machine.swappiness.read_text().strip() == "1"
        machine.swappiness.write_text("77\n")
        drifted = tuner.until(lambda report: report["keys"]["vm.swappiness"]["state"] == DRIFTED)
        assert read(json.dumps(drifted).encode()).keys[-1].why == "somebody else changed it to 77"
        tuner.until(lambda report: report["keys"]["vm.swappiness"]["state"] == APPLIED)
        machine.give(wanted, "node-a")
        tuner.until(lambda report: report["state"] == "Restored")
        assert restored("low-latency", asyncio.run(asked()))
        assert machine.swappiness.read_text().strip() == "60"
        machine.give(Profile())
        tuner.until(lambda report: report["profile"] == Profile().digest)
        assert restored("low-latency", asyncio.run(asked()))
        assert not restored("another", asyncio.run(asked()))


def test_the_longest_report_that_the_crd_allows_is_read() -> None:
    names = [f"{'a' * 120}{number:03}" for number in range(130)]
    keys = {
        name: {"state": "Skipped", "wanted": "1" * 128, "before": "1" * 256, "why": "x" * 256, "drifts": 9}
        for name in names
    }
    content = json.dumps({**RIGHT, "keys": keys}).encode()
    assert len(content) < MOST_BYTES
    assert len(read(content).keys) == 130
