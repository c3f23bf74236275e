"""FastRTC's Python client, as its text prints it; only the host is ours. (F31)"""

from __future__ import annotations

import contextlib
import io
import textwrap
from pathlib import Path

import pytest

from tests import agent_file, speech
from tests.calls.doors import QUESTION
from tests.clients.containers import wav
from tests.server import ParleyServer

pytestmark = pytest.mark.calls

AS_PRINTED = textwrap.dedent(
    """
    import asyncio
    import websockets
    import json

    async def voice_chat():
        uri = "ws://localhost:9011/api/v1/rtc/stream"

        async with websockets.connect(uri) as ws:
            # Start session
            await ws.send(json.dumps({
                "type": "start_session",
                "user_id": "python_client"
            }))

            # Receive confirmation
            response = await ws.recv()
            print("Session started:", json.loads(response))

            # Send audio bytes
            with open("audio.wav", "rb") as f:
                audio_data = f.read()
                await ws.send(audio_data)

            # Receive response
            while True:
                response = await ws.recv()
                if isinstance(response, str):
                    data = json.loads(response)
                    if data.get("type") == "response":
                        print("AI:", data["text"])
                        break

    asyncio.run(voice_chat())
    """
)


def test_the_seed_client_works_as_printed(
    reception: ParleyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reception.private(QUESTION)
    answer = agent_file.answers_to(QUESTION)[0]
    reception.private(answer)
    (tmp_path / "audio.wav").write_bytes(
        wav(speech.say(QUESTION, variant=speech.CALLER_VARIANT, noise_db=-50.0), 16_000)
    )
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(AS_PRINTED.replace("localhost:9011", reception.url.removeprefix("http://")), {})
    assert "Session started: {'type': 'session_started'" in printed.getvalue()
    assert f"AI: {answer}" in printed.getvalue()
