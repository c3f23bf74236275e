"""What can keep a person from talking, and what the page then says: what happened, and what to do."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Route, expect

from tests.browser.page import TalkPage, browser, in_a_room, talk_page
from tests.browser.test_conversation import SMALL
from tests.server import ROOT, ParleyServer

pytestmark = pytest.mark.browser

NOWHERE = "192.0.2.1"
"""TEST-NET-1 (RFC 5737): no packet to it arrives."""


def test_a_refused_microphone_is_explained_and_typing_goes_on(bench: ParleyServer, pictures: Path) -> None:
    with talk_page(bench.url, in_a_room(5.0), allow=False, viewport=SMALL) as talk:
        talk.button("Start call").click()
        expect(talk.alert).to_contain_text("The microphone was refused")
        talk.page.screenshot(path=pictures / "talk-refused.png")
        expect(talk.body).to_have_attribute("data-phase", "off")
        talk.button("Type instead").click()
        expect(talk.alert).to_be_empty()
        expect(talk.page.get_by_label("Type instead of speaking")).to_be_focused()
        talk.page.keyboard.type("hello")
        talk.page.keyboard.press("Enter")
        talk.until_state("speaking")


def test_a_machine_without_a_microphone_is_told_so(bench: ParleyServer) -> None:
    with talk_page(bench.url, None) as talk:
        talk.button("Start call").click()
        expect(talk.alert).to_contain_text("No microphone was found")


def test_a_page_that_is_neither_https_nor_localhost_says_so_at_once(bench: ParleyServer) -> None:
    name = f"parley.test:{bench.port}"
    with talk_page(f"http://{name}", flags=("--host-resolver-rules=MAP parley.test 127.0.0.1",)) as talk:
        expect(talk.alert).to_contain_text("This page can't use a microphone here")
        expect(talk.alert).to_contain_text(f"https://{name}")
        talk.type("hello")
        talk.until_state("speaking")


def test_a_full_server_says_so_and_when_to_try_again(tmp_path: Path) -> None:
    agent = yaml.safe_load((ROOT / "examples" / "bench.yaml").read_text())
    agent["spec"]["sessions"]["limit"] = 1
    file = tmp_path / "small.yaml"
    file.write_text(yaml.safe_dump(agent))
    with ParleyServer(file) as server, browser(in_a_room(20.0)) as context:
        first, second = (TalkPage(context.new_page(), server.url) for _ in range(2))
        first.call()
        second.expected = ("503",)
        second.button("Start call").click()
        expect(second.alert).to_contain_text("All lines are busy")
        expect(second.alert).to_contain_text(re.compile(r"try again in \d+ s"))
        expect(first.body).to_have_attribute("data-phase", "on")
        first.button("Hang up").click()
        second.page.wait_for_timeout(500)
        second.button("Call again").first.click()
        second.is_connected()
        second.check()


def test_a_network_that_blocks_media_is_named_within_ten_seconds(bench: ParleyServer) -> None:
    with talk_page(bench.url, in_a_room(5.0)) as talk:
        talk.page.route("**/api/webrtc/offer", behind_a_firewall)
        talk.button("Start call").click()
        expect(talk.alert).to_contain_text("The network blocks the sound", timeout=10_000)
        expect(talk.body).to_have_attribute("data-phase", "off")


def behind_a_firewall(route: Route) -> None:
    """Signalling gets through, media does not: neither side learns an address where the other can be reached."""
    offer = json.loads(route.request.post_data or "{}")
    offer["sdp"] = re.sub(r"a=candidate:.*\r\n", "", offer["sdp"])
    response = route.fetch(post_data=offer)
    answer = response.json()
    answer["sdp"] = re.sub(r"(a=candidate:\S+ \d \S+ \d+) \S+", rf"\1 {NOWHERE}", answer["sdp"])
    route.fulfill(response=response, json=answer)


def test_a_server_that_is_stopped_says_so_and_is_given_up_when_the_person_does() -> None:
    with ParleyServer("examples/bench.yaml") as server, talk_page(server.url, in_a_room(20.0)) as talk:
        talk.call()
        talk.expected = ("ERR_CONNECTION_REFUSED",)
        assert server.stop() == []
        expect(talk.alert).to_contain_text("The server is being stopped")
        expect(talk.body).to_have_attribute("data-phase", "connecting")
        talk.button("Cancel").click()
        expect(talk.body).to_have_attribute("data-phase", "off")
        talk.page.locator("#call").click()  # its name depends on whether the goodbye came in time
        expect(talk.alert).to_contain_text("The server can't be reached")
