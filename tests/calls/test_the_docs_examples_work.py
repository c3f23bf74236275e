"""Every example of docs/doors.md, and the README's client, as printed: each is a program; only the address is ours."""

from __future__ import annotations

import os
import re
import subprocess
import sys
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

EXAMPLES = {
    title: re.findall(r"^```(\w*)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    for title, section in re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
}
"""The code blocks of each section, as (language, text)."""


def printed(title: str, server: ParleyServer, folder: Path) -> str:
    """Run the section's example in `folder`; return what it printed."""
    server.private(QUESTION)
    server.private(STORY)
    server.private(agent_file.answers_to(QUESTION)[0])
    question = in_callers_voice(QUESTION, 16_000)
    silence = speech.pink_noise(16_000, -50.0).astype("int16")
    (folder / "question.wav").write_bytes(wav(np.concatenate([question, silence]), 16_000))
    [(language, text)] = EXAMPLES[title]
    assert language == "python"
    return ran(text, server, folder)


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
    run = set(re.findall(r'printed\("([^"]+)", reception', Path(__file__).read_text()))
    assert {title for title, blocks in EXAMPLES.items() if blocks} == run
    assert PAGE.count("\n```python\n") == len(run)


def test_a_call_by_an_offer(reception: ParleyServer, tmp_path: Path) -> None:
    out = printed("POST /api/webrtc/offer", reception, tmp_path)
    first = agent_file.answers_to(QUESTION)[0].split(",")[0]
    assert f"'type': 'reply', 'turn': 1, 'index': 0, 'text': '{first}" in out
    assert (tmp_path / "answer.wav").stat().st_size > 100_000


def test_a_call_by_signaling(reception: ParleyServer, tmp_path: Path) -> None:
    out = printed("/ws/v2/{session_id}", reception, tmp_path)
    assert agent_file.answers_to(QUESTION)[0] in " ".join(out.split())


def test_a_session_that_waits(reception: ParleyServer, tmp_path: Path) -> None:
    out = printed("/v2/sessions", reception, tmp_path)
    assert out.startswith("connect to /ws/v2/")
    assert "'idle'" in out


def test_a_recording(reception: ParleyServer, tmp_path: Path) -> None:
    out = printed("/api/v1/rtc/stream", reception, tmp_path)
    assert agent_file.answers_to(QUESTION)[0] in out
    assert "'total_ms': " in out
    assert read_wav((tmp_path / "clause-1.wav").read_bytes())[1] == 24_000


def test_one_recording_by_one_request(reception: ParleyServer, tmp_path: Path) -> None:
    out = printed("/api/v1/rtc/process", reception, tmp_path)
    assert agent_file.answers_to(QUESTION)[0] in out
    assert "'total_ms': " in out
    assert read_wav((tmp_path / "answer.wav").read_bytes())[1] == 24_000


def test_a_session_over_http(reception: ParleyServer, tmp_path: Path) -> None:
    metrics, stats = printed("/api/v1/rtc/session", reception, tmp_path).splitlines()
    assert "'stt_calls': 1, 'llm_calls': 1" in metrics
    assert "'total_requests': " in stats


def test_raw_audio(reception: ParleyServer, tmp_path: Path) -> None:
    out = printed("/ws", reception, tmp_path)
    clauses = re.findall(r"\{'type': 'text', 'turn': 0, 'index': \d+, 'text': ['\"](.*?)['\"]\}", out)
    assert "".join(clauses).rstrip() == agent_file.answers_to(QUESTION)[0]
    assert (tmp_path / "answer.pcm").stat().st_size > 100_000


def test_silence_by_request(reception: ParleyServer, tmp_path: Path) -> None:
    assert "'stopped': True" in printed("/api/voice/", reception, tmp_path)


def test_a_conversation_by_its_id(reception: ParleyServer, tmp_path: Path) -> None:
    out = printed("/v1/", reception, tmp_path)
    assert "'stt': 'moonshine'" in out
    assert f"'role': 'user', 'text': '{QUESTION}'" in out


def test_health_and_metrics(reception: ParleyServer, tmp_path: Path) -> None:
    out = printed("The service", reception, tmp_path)
    assert "'status': 'healthy'" in out
    assert "parley_sessions_active{" in out


def test_the_python_client_of_the_readme(reception: ParleyServer, tmp_path: Path) -> None:
    [text] = re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len([line for line in text.splitlines() if line]) <= 10
    reception.private(QUESTION)
    out = ran(text, reception, tmp_path, path=str(ROOT / "cli"))
    assert " ".join(out.split()) == agent_file.answers_to(QUESTION)[0]
