"""FastRTC's JavaScript client, as its text prints it, in a page; only the host is ours. (F31)

The text leaves to the page what `playAudio` does and where the recording comes from: these two are here.
"""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import WebSocket

from tests.browser.page import TalkPage, browser, in_a_room
from tests.browser.tape import RATE
from tests.browser.test_conversation import OPENING_HOURS, plain
from tests.clients import listening
from tests.clients.containers import opus
from tests.server import ParleyServer

pytestmark = pytest.mark.browser

AS_PRINTED = Path(__file__).with_name("fastrtc_client_as_printed.js").read_text()
OURS = """
    const player = new AudioContext();
    let sounding = Promise.resolve(), free = 0;
    function playAudio(data) {
        sounding = sounding.then(async () => {
            const source = new AudioBufferSourceNode(player, {
                buffer: await player.decodeAudioData(await data.arrayBuffer()),
            });
            source.connect(player.destination);
            source.start(free = Math.max(free, player.currentTime));
            free += source.buffer.duration;
        });
    }
    const recording = (text) => new Blob([Uint8Array.from(atob(text), (letter) => letter.codePointAt(0))]);
"""
ENOUGH_SECS = 40.0


def page_with(script: str) -> str:
    return f"<!doctype html><title>A page</title><script>{OURS}</script><script>{script}</script>"


def test_the_printed_javascript_client_gets_its_answer(
    reception: ParleyServer, answers: dict[str, str]
) -> None:
    answer = answers["opening-hours"]
    for text in (OPENING_HOURS, answer):
        reception.private(text)
    assert AS_PRINTED.count("localhost:9011") == 1
    script = AS_PRINTED.replace("localhost:9011", reception.url.removeprefix("http://"))
    recorded = opus(in_a_room(0.3, OPENING_HOURS, 0.3), RATE, "webm")
    said: list[str] = []
    told: list[dict[str, Any]] = []

    def opened(socket: WebSocket) -> None:
        socket.on(
            "framereceived", lambda frame: told.append(json.loads(frame)) if isinstance(frame, str) else None
        )

    with browser() as context:
        context.on("console", lambda message: said.append(message.text))
        page = context.new_page()
        page.on("websocket", opened)
        talk = TalkPage(page, reception.url, "/healthz")  # of the server's own origin, and empty
        talk.expected = ("404 (Not Found)",)  # it has no icon
        page.set_content(page_with(script))
        page.mouse.click(10, 10)  # a browser plays nothing to whom has not touched the page
        until(talk, lambda: any(message["type"] == "session_started" for message in told))
        page.evaluate("text => sendAudio(recording(text))", base64.b64encode(recorded).decode())
        until(talk, lambda: [message.get("state") for message in told].count("speaking") == 1)
        until(talk, lambda: told[-1] == {"type": "state_change", "state": "idle"})
        page.wait_for_function("player.currentTime > free + 0.2", timeout=ENOUGH_SECS * 1000)
        tape = talk.tape()
        talk.check()

    [response] = [message for message in told if message["type"] == "response"]
    assert response["text"] == answer
    assert plain(f"You said: {OPENING_HOURS}") in map(plain, said)
    assert listening.resemblance(tape.agent, RATE, answer) >= listening.SAME


def until(talk: TalkPage, true: Any) -> None:
    deadline = time.monotonic() + ENOUGH_SECS
    while not true():
        assert time.monotonic() < deadline, f"nothing of it happened: {talk.complaints}"
        talk.page.wait_for_timeout(50)
