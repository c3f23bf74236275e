"""The JavaScript client as the README prints it, in a page of its own, and what a lost call shows on our pages."""

from __future__ import annotations

import os
import re
import signal
from typing import Any

import pytest
from playwright.sync_api import expect

from tests import agent_file
from tests.browser.page import TalkPage, browser, in_a_room, talk_page
from tests.browser.tape import RATE, Tape
from tests.clients import listening
from tests.server import ROOT, ParleyServer, free_port

pytestmark = pytest.mark.browser

QUESTION = "What are your opening hours?"
PAGES = {"": "Start call", "/fastrtc": "Start talking", "/duplex": "Start call"}
[EXAMPLE] = re.findall(r"^```html\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)


def test_the_example_of_the_readme_is_ten_lines() -> None:
    assert len(EXAMPLE.splitlines()) == 10


def test_the_example_of_the_readme_asks_and_is_answered(reception: ParleyServer) -> None:
    """As printed but for the address; the page is served at one where a browser gives out the microphone."""
    [answer] = agent_file.answers_to(QUESTION)
    for text in (QUESTION, answer, agent_file.greeting()):
        reception.private(text)
    assert "http://127.0.0.1:9011" in EXAMPLE
    text = EXAMPLE.replace("http://127.0.0.1:9011", reception.url)
    said: list[str] = []
    with browser(in_a_room(8.0, QUESTION, 30.0)) as context:
        page = context.new_page()
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        page.on("console", lambda message: said.append(message.text))
        page.route("**/example.html", lambda route: route.fulfill(content_type="text/html", body=text))
        page.goto(f"{reception.url}/example.html")
        page.get_by_role("button").click()
        page.wait_for_event("console", lambda message: answer.split(",")[0] in message.text, timeout=60_000)
        page.wait_for_timeout(9_000)  # until it has been heard
        taken: dict[str, Any] = page.evaluate("takeTape()")
    words = " ".join(" ".join(said).split())
    assert answer.split(",")[0] in words
    assert QUESTION in words
    heard = Tape.decode(taken["webm"], taken["marks"], []).agent
    assert listening.resemblance(heard, RATE, answer) >= listening.SAME


def test_a_connection_that_is_lost_comes_back_by_itself_in_the_same_conversation(bench: ParleyServer) -> None:
    with talk_page(bench.url, in_a_room(60.0)) as talk:
        talk.call()
        opened = bench.metric("parley_sessions_opened_total")
        os.kill(bench.pid, signal.SIGSTOP)
        try:
            expect(talk.alert).to_contain_text("The connection was lost", timeout=30_000)
            expect(talk.page.get_by_role("status")).to_have_text("Reconnecting")
        finally:
            os.kill(bench.pid, signal.SIGCONT)
        talk.is_connected()
        expect(talk.alert).to_be_empty()
        talk.type("hello")
        talk.until_state("speaking")
        assert bench.metric("parley_sessions_opened_total") == opened


def test_a_server_that_is_started_again_is_called_again_and_the_page_says_that_it_knows_nothing() -> None:
    first, second = at_port(port := free_port()), at_port(port)
    with first, browser(in_a_room(60.0)) as context:
        pages = [TalkPage(context.new_page(), first.url, path) for path in PAGES]
        for page, button in zip(pages, PAGES.values(), strict=True):
            page.button(button).click()
            page.is_connected()
            page.expected = ("ERR_CONNECTION_REFUSED", "404")  # nobody yet, then one who knows of no session
        assert first.stop() == []
        for page, path in zip(pages, PAGES, strict=True):
            expect(page.page.get_by_role("status")).to_have_text("Reconnecting")
            if path != "/fastrtc":  # which has no field to type in
                page.type("said while nobody was there")
        with second:
            for page, path in zip(pages, PAGES, strict=True):
                expect(page.alert).to_contain_text("The agent has begun anew", timeout=30_000)
                page.is_connected()
                if path != "/fastrtc":
                    expect(page.captions("you")).to_contain_text(["said while nobody was there"])
                page.button("Hang up").click()
                expect(page.body).to_have_attribute("data-phase", "off")
                page.check()


def at_port(port: int) -> ParleyServer:
    server = ParleyServer("examples/bench.yaml")
    server.port, server.url = port, f"http://127.0.0.1:{port}"
    return server
