"""The file that says what a node is to have: what is taken, and what each wrong one is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from parley_tuner.profile import BadProfile, Profile, parse, read

WHOLE: dict[str, Any] = {
    "profile": "3f9c",
    "owner": "low-latency",
    "sysctls": {"vm.swappiness": "1", "net.core.rmem_max": "4194304"},
    "governor": "performance",
    "leaving": ["node-b"],
}


def of(changes: dict[str, Any]) -> bytes:
    return json.dumps({**WHOLE, **changes}).encode()


def test_all_of_it_is_read() -> None:
    expected = Profile("3f9c", "low-latency", WHOLE["sysctls"], "performance")
    assert parse(of({}), "node-a") == expected


def test_two_names_are_enough_and_want_nothing() -> None:
    assert parse(b'{"profile": "0", "owner": "a"}', "node-a").empty


def test_on_a_node_that_is_leaving_nothing_is_wanted() -> None:
    profile = parse(of({}), "node-b")
    assert profile.empty
    assert (profile.digest, profile.owner) == ("3f9c", "low-latency")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no JSON"),
        (b'{"profile": "1", "own', "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "no JSON object"),
        (b'{"profile": "1"}', "owner: write a text"),
        (of({"owner": "../etc/passwd"}), "write the NodeTuning's name"),
        (of({"owner": ".lock"}), "write the NodeTuning's name"),
        (of({"profile": ""}), "profile: write 1 to 64 characters"),
        (of({"profile": 7}), "profile: write a text"),
        (of({"leaving": "node-b"}), "leaving: write a list"),
        (of({"sysctls": ["vm.swappiness=1"]}), "sysctls: write names and texts"),
        (of({"sysctls": {"vm.swappiness": 1}}), "sysctls: write names and texts"),
        (of({"sysctls": {"swappiness": "1"}}), "no sysctl's name"),
        (of({"sysctls": {"vm..swappiness": "1"}}), "no sysctl's name"),
        (of({"sysctls": {"vm./../../../etc/passwd": "1"}}), "no sysctl's name"),
        (of({"sysctls": {"net.//": "1"}}), "no sysctl's name"),
        (of({"sysctls": {"net./": "1"}}), "no sysctl's name"),
        (of({"sysctls": {"governor.cpu0": "1"}}), "no sysctl's name"),
        (of({"sysctls": {"vm.swappiness": "  "}}), "write a value"),
        (of({"sysctls": {"vm.swappiness": "1\n2"}}), "in one line"),
        (of({"sysctls": {"vm.swappiness": "1" * 1025}}), "1 to 1024 characters"),
        (of({"sysctls": {f"vm.a{number}": "1" for number in range(257)}}), "257 sysctls: write 256 at most"),
        (of({"governor": "../../x"}), "governor: write a governor's name"),
    ],
)
def test_what_is_no_profile_is_told_why(content: bytes, told: str) -> None:
    with pytest.raises(BadProfile) as raised:
        parse(content, "node-a")
    assert told in str(raised.value)


def test_a_value_may_hold_tabs_as_the_kernel_writes_it() -> None:
    value = "4096\t87380\t6291456"
    assert (
        parse(of({"sysctls": {"net.ipv4.tcp_rmem": value}}), "node-a").sysctls["net.ipv4.tcp_rmem"] == value
    )


def test_a_file_that_is_not_there_or_too_long_is_no_empty_profile(tmp_path: Path) -> None:
    with pytest.raises(BadProfile, match="No such file"):
        read(tmp_path / "profile.json", "node-a")
    (tmp_path / "long").write_bytes(b" " * 1_048_577)
    with pytest.raises(BadProfile, match="longer than"):
        read(tmp_path / "long", "node-a")
