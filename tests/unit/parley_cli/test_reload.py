"""`parley run --reload`: what is saved is taken, what is wrong is said, and source that does not load stops nothing."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from parley_api import load
from parley_cli import reload
from parley_cli.reload import Reload
from parley_dataplane.agent import Agent
from parley_dataplane.errors import EngineUnavailable
from parley_dataplane.settings import Override, Settings

AGENT = """\
apiVersion: parley.dev/v1alpha1
kind: VoiceAgent
metadata: {name: bakery}
spec:
  conversation:
    instructions: Be kind.
    greeting: GREETING
  engines: {stt: {instant: {}}, llm: {instant: {}}, tts: {tone: {}}}
"""
WITH_KNOWLEDGE = AGENT.replace("GREETING", "Hello.\n    knowledge: [{configMap: {name: facts}}]")


class NotedParley:
    """Takes what it is given."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.taken: list[str] = []
        self.refuses: Exception | None = None

    async def take(self, agent: Agent) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.agent = agent
        self.taken.append(agent.greeting)


Script = Callable[[Path, NotedParley], Awaitable[None]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "agent.yaml"
    path.write_text(AGENT.replace("GREETING", "Hello."))
    return path


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reload, "LOOK_EVERY_SECS", 0.01)


def run(file: Path, script: Script, settings: Settings | None = None) -> tuple[NotedParley, bool]:
    """What was taken while `script` ran, and whether the server is to begin anew."""

    async def main() -> tuple[NotedParley, bool]:
        settings_ = settings or Settings()
        reloading = Reload(str(file))
        parley = NotedParley(Agent.load(load(file), file.parent, settings_))
        beside = asyncio.create_task(reloading.beside(parley, settings_))  # type: ignore[arg-type]
        try:
            await asyncio.wait_for(script(file, parley), 20)
            return parley, beside.done()
        finally:
            beside.cancel()
            await asyncio.wait((beside,))
            assert beside.cancelled() or beside.exception() is None

    return asyncio.run(main())


async def until(claim: Callable[[], bool]) -> None:
    while not claim():
        await asyncio.sleep(0.005)


async def looked_a_few_times() -> None:
    await asyncio.sleep(0.2)


def test_what_is_saved_is_taken_once(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def script(file: Path, parley: NotedParley) -> None:
        await looked_a_few_times()
        assert parley.taken == []
        file.write_text(AGENT.replace("GREETING", "Welcome."))
        await until(lambda: parley.taken == ["Welcome."])
        replacement = file.with_suffix(".new")
        replacement.write_text(AGENT.replace("GREETING", "Good day."))
        replacement.replace(file)  # as many editors save
        await until(lambda: parley.taken == ["Welcome.", "Good day."])
        assert parley.agent.digest == hashlib.sha256(file.read_bytes()).hexdigest()
        await looked_a_few_times()

    parley, anew = run(file, script)
    assert (parley.taken, anew) == (["Welcome.", "Good day."], False)
    out = capsys.readouterr()
    assert (
        out.out.splitlines()
        == [
            f"{file}: the next call has it (bakery, no intents, no texts, silero, instant, instant, tone, en-US)"
        ]
        * 2
    )
    assert out.err == ""


def test_mistakes_are_said_as_check_says_them_and_the_last_good_agent_goes_on(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []

    async def script(file: Path, parley: NotedParley) -> None:
        def said() -> str:
            told.append(capsys.readouterr().err)
            return "".join(told)

        file.write_text(AGENT + "  sessions: {limitt: 1}\n")
        await until(lambda: "goes on" in said())
        file.unlink()
        await until(lambda: "no such file" in said())
        assert parley.taken == []
        file.write_text(AGENT.replace("GREETING", "Welcome."))
        await until(lambda: parley.taken == ["Welcome."])

    run(file, script)
    assert "".join(told).splitlines() == [
        f"{file}:9: spec.sessions.limitt: saw an unknown field; did you mean limit?",
        "What was served before goes on.",
        f"{file}: saw no such file; write the path of a VoiceAgent file",
        "What was served before goes on.",
    ]


def test_an_engine_that_can_not_begin_is_said_and_tried_again_with_the_next_change(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def script(file: Path, parley: NotedParley) -> None:
        parley.refuses = EngineUnavailable("espeak: no voice xy")
        told = ""
        file.write_text(AGENT.replace("GREETING", "Welcome."))
        while "goes on" not in told:
            await asyncio.sleep(0.005)
            told += capsys.readouterr().err
        assert told == f"{file}: espeak: no voice xy\nWhat was served before goes on.\n"
        parley.refuses = None
        file.write_text(AGENT.replace("GREETING", "Good day."))
        await until(lambda: parley.taken == ["Good day."])

    run(file, script)


def test_knowledge_counts_also_where_its_folder_comes_later(file: Path) -> None:
    async def script(file: Path, parley: NotedParley) -> None:
        file.write_text(WITH_KNOWLEDGE)  # its folder is not there
        await looked_a_few_times()
        assert parley.taken == []
        folder = file.parent / "facts"
        folder.mkdir()
        (folder / "bread.md").write_text("# Bread\nIt is baked at five.")
        await until(lambda: len(parley.taken) == 1)
        (folder / "bread.md").write_text("# Bread\nIt is baked at six in the morning.")
        await until(lambda: len(parley.taken) == 2)
        (folder / "notes.txt").write_text("no knowledge")
        (folder / "cake.md").write_text("# Cake\nOn Sundays.")
        await until(lambda: len(parley.taken) == 3)
        await looked_a_few_times()
        assert len(parley.taken) == 3

    run(file, script)


def test_the_environment_goes_over_every_version_of_the_file(file: Path) -> None:
    async def script(file: Path, parley: NotedParley) -> None:
        file.write_text(AGENT + "  sessions: {limit: 3}\n")
        await until(lambda: len(parley.taken) == 1)
        assert parley.agent.spec.sessions.limit == 7

    run(file, script, Settings(overrides=(Override("MAX_SESSIONS", "sessions.limit", 7),)))


def test_what_a_running_process_can_not_change_is_said(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def script(file: Path, parley: NotedParley) -> None:
        file.write_text(AGENT + "  media: {udp: {port: 40123}}\n")
        await until(lambda: len(parley.taken) == 1)

    run(file, script)
    assert capsys.readouterr().out.splitlines()[1:] == [
        "spec.media.udp is read when Parley begins: stop it, and run it again"
    ]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package in the place of Parley's own, which is imported to see whether it loads."""
    folder = tmp_path / "ours"
    folder.mkdir()
    (folder / "part.py").write_text("answer = 1\n")

    class Ours:
        __path__ = (str(folder),)

    async def loads(_: str) -> bool:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(folder / "part.py"), stderr=asyncio.subprocess.DEVNULL
        )
        return await process.wait() == 0

    monkeypatch.setattr(reload, "_PACKAGES", (Ours,))
    monkeypatch.setattr(reload, "_loads", loads)
    return folder


def test_source_that_loads_begins_parley_anew_and_source_that_does_not_is_let_be(
    file: Path, package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def script(file: Path, parley: NotedParley) -> None:
        (package / "part.py").write_text("answer = (\n")
        told = ""
        while "goes on" not in told:
            await asyncio.sleep(0.005)
            told += capsys.readouterr().err
        file.write_text(AGENT.replace("GREETING", "Welcome."))
        await until(lambda: parley.taken == ["Welcome."])
        (package / "part.py").write_text("answer = 42\n")
        while "begins anew" not in capsys.readouterr().out:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0)

    assert run(file, script)[1]


def test_parleys_own_source_loads_and_a_file_with_mistakes_is_no_beginning(
    file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert asyncio.run(reload._loads(str(file)))
    file.write_text(AGENT.replace("greeting", "greetin"))
    assert not asyncio.run(reload._loads(str(file)))
    assert "did you mean greeting?" in capfd.readouterr().err


def test_an_engine_that_is_only_loaded_when_it_is_named_must_load_too(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker with a syntax error passed, all calls were said goodbye to, and no server began."""
    for folder in reload._PACKAGES:
        shutil.copytree(folder.__path__[0], tmp_path / "src" / folder.__name__)
    worker = tmp_path / "src/parley_dataplane/engines/workers/pocketsphinx_worker.py"
    worker.write_text(worker.read_text() + "\nwrong = (\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "src"))
    assert not asyncio.run(reload._loads(str(file)))


def test_looking_takes_little_of_each_second(file: Path) -> None:
    """There are four a second, and each is some hundred files that are asked when they changed."""
    watched = reload._Watched(reload._source_files)
    files = len(list(reload._source_files()))
    began = os.times()
    for _ in range(20):
        assert not watched.changed()
    spent = os.times()
    secs = (spent.user - began.user + spent.system - began.system) / 20
    print(f"{secs * 1000:.1f} ms of a core for {files} files")
    assert secs < 0.02
