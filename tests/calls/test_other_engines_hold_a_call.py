"""Whisper, a server of chat completions and a Piper voice in one call: what is heard is asked, the answer is said.

Model and voice are made on the spot: the one says TEXT whatever it hears, the other hums each phoneme.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.calls.doors import answer_begins, ask, history
from tests.clients.sockets import DuplexClient
from tests.server import ParleyServer
from tests.unit.parley_dataplane.engines import tiny_piper, tiny_whisper
from tests.unit.parley_dataplane.engines.chat_server import ChatServer, answers, chat_server, says

pytestmark = pytest.mark.calls

TEXT = "where can i park my car"
QUESTION = "Where can I park?"
"""What is said, in fact."""
ANSWER = "Behind the house, please."
STORY = ["Once upon a time there was a dragon. ", *["And then it flew on and on over the hills. "] * 400]
APOLOGY = "I am sorry, that went wrong."
KEY = "sk-the-servers-own"

AGENT = """\
apiVersion: parley.dev/v1alpha1
kind: VoiceAgent
metadata: {name: a}
spec:
  conversation:
    instructions: You answer the telephone of a clinic.
    apology: I am sorry, that went wrong.
    fillers: {when: never}
  engines:
    stt: {fasterWhisper: {model: whisper, threads: 1}}
    llm: {openai: {url: "URL", model: tiny, keyVariable: CLINIC_KEY}}
    tts: {piper: {voice: voices/hum.onnx}}
"""


def agent(folder: Path, url: str) -> Path:
    tiny_whisper.make(folder / "whisper", TEXT)
    tiny_piper.make(folder / "voices")
    file = folder / "agent.yaml"
    file.write_text(AGENT.replace("URL", url))
    return file


def test_a_question_is_heard_asked_of_the_server_and_answered_aloud_until_it_is_interrupted_or_fails(
    tmp_path: Path,
) -> None:
    async def test() -> None:
        async with chat_server(says(*re.findall(r"\S+ ?", ANSWER))) as chat:
            with ParleyServer(agent(tmp_path, chat.url), {"CLINIC_KEY": KEY}) as server:
                async with DuplexClient(server.url) as client:
                    await hear_the_answer(client, server, chat)
                    await interrupt_a_story(client, server, chat)
                    await hear_the_apology(client, server, chat)
                    messages = await history(client, server)
                assert KEY not in server.log()
        said = [(message["role"], message["text"]) for message in messages]
        assert said[:2] == [("user", TEXT), ("assistant", ANSWER)]
        assert said[-1] == ("assistant", APOLOGY)

    asyncio.run(test())


async def hear_the_answer(client: DuplexClient, server: ParleyServer, chat: ChatServer) -> None:
    begin = await answer_begins(client, await ask(client, server, QUESTION).ended())
    await client.heard.quiet(1.0)
    *_, answer = await history(client, server)
    assert client.heard.seconds(begin) == pytest.approx(answer["seconds"], abs=0.5)
    [request], [headers] = chat.requests, chat.headers
    assert headers["authorization"] == f"Bearer {KEY}"
    assert request["messages"][0]["content"].startswith("You answer the telephone of a clinic.")
    assert request["messages"][1:] == [{"role": "user", "content": TEXT}]


async def interrupt_a_story(client: DuplexClient, server: ParleyServer, chat: ChatServer) -> None:
    """The stream is closed, and the next question tells the server what was not heard."""
    chat.behave = says(*STORY, pause=0.05)
    await answer_begins(client, await ask(client, server, QUESTION).ended())
    await asyncio.sleep(1.0)
    assert chat.left == 0
    await client.send({"type": "interrupt"})
    async with asyncio.timeout(2):
        while chat.left == 0:
            await asyncio.sleep(0.01)
    await client.heard.quiet(1.0)
    *_, story = await history(client, server)
    assert story["role"] == "assistant"
    assert "".join(STORY).startswith(story["text"])
    assert story["unheard"]


async def hear_the_apology(client: DuplexClient, server: ParleyServer, chat: ChatServer) -> None:
    chat.behave = answers(500)
    ended = await ask(client, server, QUESTION).ended()
    await client.heard.first_audible(ended, within=15.0)
    await client.heard.quiet(1.0)
    last = chat.requests[-1]["messages"][-1]["content"]
    assert last.startswith("(I interrupted you and did not hear: ")
    assert last.endswith(f"\n{TEXT}")
