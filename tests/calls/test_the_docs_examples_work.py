"""Every example of docs/doors.md, and the README's client, as printed: each is a program; only the address is ours."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests import agent_file, speech
from tests.calls.doors import in_callers_voice
from tests.clients.containers import read_wav, wav
from tests.server import ROOT, ParleyServer

pytestmark = pytest.mark.calls

PAGE = (ROOT / "docs/doors.md").read_text()
QUESTION = "What are your opening hours?"
"""In question.wav, and typed in the page's own words."""
STORY = "Tell me a story about a dragon."
ENOUGH_SECS = 60.0
AT_ONCE = 4
"""Programs: each spends most of its time hearing the agent out."""

EXAMPLES = {
    title: re.findall(r"^```(\w*)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    for title, section in re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
}
"""The code blocks of each section, as (language, text)."""


@dataclass(frozen=True)
class Ran:
    """What an example printed, and where it left what it wrote."""

    printed: str
    folder: Path


Examples = dict[str, Future[Ran]]


@pytest.fixture(scope="module")
def examples(reception: ParleyServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Examples]:
    """Each section's example, begun in the order of the page."""
    reception.private(QUESTION)
    reception.private(STORY)
    reception.private(agent_file.answers_to(QUESTION)[0])
    question = in_callers_voice(QUESTION, 16_000)
    silence = speech.pink_noise(16_000, -50.0).astype("int16")
    recording = wav(np.concatenate([question, silence]), 16_000)

    def run(text: str, folder: Path) -> Ran:
        (folder / "question.wav").write_bytes(recording)
        return Ran(ran(text, reception, folder), folder)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            title: pool.submit(run, blocks[0][1], tmp_path_factory.mktemp("example"))
            for title, blocks in EXAMPLES.items()
            if blocks
        }


def ran(text: str, server: ParleyServer, folder: Path, *, path: str = "") -> str:
    """Run a program against the server; return what it printed. `path`: where it finds more than is installed."""
    assert "127.0.0.1:9011" in text
    (folder / "example.py").write_text(text.replace("127.0.0.1:9011", server.url.removeprefix("http://")))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if path:
        environment["PYTHONPATH"] = path
    ended = subprocess.run(
        [sys.executable, "example.py"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=ENOUGH_SECS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_every_code_block_of_the_page_is_run() -> None:
    assert QUESTION in " ".join(PAGE.split())
    assert STORY in PAGE
    looked_at = set(re.findall(r'examples\["([^"]+)"\]', Path(__file__).read_text()))
    assert {title for title, blocks in EXAMPLES.items() if blocks} == looked_at
    assert all([language for language, _ in EXAMPLES[title]] == ["python"] for title in looked_at)
    assert PAGE.count("\n```python\n") == len(looked_at)


def test_a_call_by_an_offer(examples: Examples) -> None:
    example = examples["POST /api/webrtc/offer"].result()
    first = agent_file.answers_to(QUESTION)[0].split(",")[0]
    assert f"'type': 'reply', 'turn': 1, 'index': 0, 'text': '{first}" in example.printed
    assert (example.folder / "answer.wav").stat().st_size > 100_000


def test_a_call_by_signaling(examples: Examples) -> None:
    out = examples["/ws/v2/{session_id}"].result().printed
    assert agent_file.answers_to(QUESTION)[0] in " ".join(out.split())


def test_a_session_that_waits(examples: Examples) -> None:
    out = examples["/v2/sessions"].result().printed
    assert out.startswith("connect to /ws/v2/")
    assert "'idle'" in out


def test_a_recording(examples: Examples) -> None:
    example = examples["/api/v1/rtc/stream"].result()
    assert agent_file.answers_to(QUESTION)[0] in example.printed
    assert "'total_ms': " in example.printed
    assert read_wav((example.folder / "clause-1.wav").read_bytes())[1] == 24_000


def test_one_recording_by_one_request(examples: Examples) -> None:
    example = examples["/api/v1/rtc/process"].result()
    assert agent_file.answers_to(QUESTION)[0] in example.printed
    assert "'total_ms': " in example.printed
    assert read_wav((example.folder / "answer.wav").read_bytes())[1] == 24_000


def test_a_session_over_http(examples: Examples) -> None:
    metrics, stats = examples["/api/v1/rtc/session"].result().printed.splitlines()
    assert "'stt_calls': 1, 'llm_calls': 1" in metrics
    assert "'total_requests': " in stats


def test_raw_audio(examples: Examples) -> None:
    example = examples["/ws"].result()
    clauses = re.findall(
        r"\{'type': 'text', 'turn': 0, 'index': \d+, 'text': ['\"](.*?)['\"]\}", example.printed
    )
    assert "".join(clauses).rstrip() == agent_file.answers_to(QUESTION)[0]
    assert (example.folder / "answer.pcm").stat().st_size > 100_000


def test_silence_by_request(examples: Examples) -> None:
    assert "'stopped': True" in examples["/api/voice/"].result().printed


def test_a_conversation_by_its_id(examples: Examples) -> None:
    out = examples["/v1/"].result().printed
    assert "'stt': 'moonshine'" in out
    assert f"'role': 'user', 'text': '{QUESTION}'" in out


def test_health_and_metrics(examples: Examples) -> None:
    out = examples["The service"].result().printed
    assert "'status': 'healthy'" in out
    assert "parley_sessions_active{" in out


def test_the_python_client_of_the_readme(reception: ParleyServer, tmp_path: Path) -> None:
    [text] = re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len([line for line in text.splitlines() if line]) <= 10
    reception.private(QUESTION)
    out = ran(text, reception, tmp_path, path=str(ROOT / "cli"))
    assert " ".join(out.split()) == agent_file.answers_to(QUESTION)[0]
