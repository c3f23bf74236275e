"""`parley run FILE --show-config`: each value with where it comes from, and nothing is served."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from parley_api.kinds import VOICE_AGENT
from parley_api.schema import Schema, object_schema
from parley_api.voiceagent import FOR_A_CLUSTER
from parley_cli.__main__ import main

AGENT = """\
apiVersion: parley.dev/v1alpha1
kind: VoiceAgent
metadata: {name: a}
spec:
  conversation: {instructions: Be kind.}
  sessions: {limit: 30, idleTimeoutSeconds: 60}
  engines: {tts: {tone: {}}}
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "agent.yaml"
    path.write_text(AGENT)
    return str(path)


def shown(capsys: pytest.CaptureFixture[str], file: str, *arguments: str) -> dict[str, tuple[str, str]]:
    assert main(["run", file, "--show-config", *arguments]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [re.split(r"  +", line) for line in lines if " changes nothing" not in line]
    return {path: (value, source) for path, value, source in rows}


def test_each_value_is_shown_with_file_default_or_variable(
    file: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAX_SESSIONS_PER_POD", "7")
    monkeypatch.setenv("BENCH_TONE_SECS", "2")
    monkeypatch.setenv("LOG_LEVEL", "debug")
    rows = shown(capsys, file)
    assert rows["spec.sessions.limit"] == ("7", "environment variable MAX_SESSIONS_PER_POD")
    assert rows["spec.sessions.idleTimeoutSeconds"] == ("60", "file")
    assert rows["spec.sessions.longestCallSeconds"] == ("3600", "default")
    assert rows["spec.conversation.instructions"] == ('"Be kind."', "file")
    assert rows["spec.engines.tts.tone.seconds"] == ("2.0", "environment variable BENCH_TONE_SECS")
    assert rows["spec.engines.vad.silero"] == ("{}", "default")
    assert rows["spec.media.opus.bitrate"] == ("64000", "default")
    assert rows["log level"] == ("debug", "environment variable LOG_LEVEL")
    assert shown(capsys, file, "--log-level", "error")["log level"] == ("error", "--log-level")
    assert rows["drain seconds"] == ("0", "default")
    monkeypatch.setenv("PARLEY_DRAIN_SECONDS", "3600")
    assert shown(capsys, file)["drain seconds"] == ("3600", "environment variable PARLEY_DRAIN_SECONDS")


def leaves(schema: Schema, path: str) -> set[str]:
    below = [leaves(member, f"{path}.{name}") for name, member in schema.get("properties", {}).items()]
    return set().union(*below) if below else {path}


def test_every_setting_is_shown_but_those_of_engines_that_are_not_used(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    every = leaves(object_schema(VOICE_AGENT)["properties"]["spec"], "spec")
    used = ("vad.silero", "stt.moonshine", "llm.scripted", "tts.tone")
    engines = {path for path in every if path.startswith("spec.engines.")}
    assert every > engines > set()
    cluster = {path for path in every if path.startswith(tuple(f"spec.{field}" for field in FOR_A_CLUSTER))}
    assert len(cluster) > len(FOR_A_CLUSTER)
    others = {path for path in engines if not path.startswith(tuple(f"spec.engines.{name}" for name in used))}
    of_the_process = {"log level", "drain seconds", "host", "port", "also listen"}
    assert set(shown(capsys, file)) == every - cluster - others | of_the_process


def test_arguments_are_shown_and_a_password_is_not(
    tmp_path: Path, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = shown(capsys, file, "--also-listen", "8000,8001")
    assert (rows["host"], rows["port"]) == (("127.0.0.1", "default"), ("9011", "default"))
    assert rows["also listen"] == ("8000, 8001", "--also-listen")
    server = '{urls: ["turn:t.example"], username: me, credential: "open sesame"}'
    turn = tmp_path / "turn.yaml"
    turn.write_text(AGENT + f"  media: {{iceServers: [{server}]}}\n")
    assert main(["run", str(turn), "--show-config", "--port", "9012", "--host", "::1"]) == 0
    out = capsys.readouterr().out
    assert "sesame" not in out
    assert re.search(r"^spec.media.iceServers +a list of 1 +file$", out, re.MULTILINE)
    assert re.search(r"^port +9012 +--port$", out, re.MULTILINE)


def test_what_is_for_a_cluster_is_passed_over_and_said_where_the_file_has_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agent = tmp_path / "agent.yaml"
    agent.write_text(AGENT + "  replicas: 5\n  pods: {image: 'a:1', proxy: {http: 'http://p:1'}}\n")
    assert main(["run", str(agent), "--show-config"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == [
        "spec.replicas changes nothing here: it is for a cluster",
        "spec.pods changes nothing here: it is for a cluster",
    ]
    assert not [line for line in lines if line.startswith(("spec.placement", "spec.media.reach"))]


def test_what_is_set_and_changes_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BENCH_TONE_SECS", "2")
    monkeypatch.setenv("AUDIO_CHANNELS", "1")
    assert main(["run", "examples/reception.yaml", "--show-config"]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "environment variable BENCH_TONE_SECS changes nothing: this agent has no such engine",
        "environment variable AUDIO_CHANNELS changes nothing: it is so anyway",
    ]


def test_a_wrong_file_or_variable_is_told_as_when_it_is_served(
    file: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "none.yaml", "--show-config"]) == 2
    assert capsys.readouterr().err == "none.yaml: saw no such file; write the path of a VoiceAgent file\n"
    monkeypatch.setenv("SESSION_TIMEOUT", "soon")
    assert main(["run", file, "--show-config"]) == 2
    out = capsys.readouterr()
    assert out.err == "SESSION_TIMEOUT='soon': write whole seconds from 1 to 86400, such as 300\n"
    assert out.out == ""
