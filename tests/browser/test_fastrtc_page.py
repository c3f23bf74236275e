"""FastRTC's page in a browser: a person asks aloud, reads and hears the answer, and interrupts the next one. (F1)"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.page import ROOM_DB, in_a_room, talk_page
from tests.browser.tape import RATE
from tests.browser.test_conversation import OPENING_HOURS, STORY
from tests.clients import listening
from tests.server import ParleyServer

pytestmark = pytest.mark.browser


def test_a_spoken_question_is_answered_in_writing_and_in_sound(
    reception: ParleyServer, answers: dict[str, str], pictures: Path
) -> None:
    for text in (OPENING_HOURS, STORY, *answers.values()):
        reception.private(text)
    with talk_page(reception.url, live=ROOM_DB, path="/fastrtc") as talk:
        expect(talk.page.locator("#welcome")).to_contain_text(f"for instance: “{OPENING_HOURS}?”")
        talk.button("Start talking").click()
        talk.is_connected()
        talk.say(OPENING_HOURS)
        expect(talk.captions("agent")).to_have_count(1, timeout=15_000)
        expect(talk.captions("agent").locator(".who")).to_have_text("reception")
        assert talk.words("agent") == answers["opening-hours"]
        expect(talk.page.locator("#total_ms")).to_contain_text("ms")
        lines = talk.page.locator(".legend-line dd").evaluate_all("all => all.map((one) => one.offsetHeight)")
        assert len(set(lines)) == 1, "no figure is broken into two lines"
        talk.until_state("speaking")
        talk.page.screenshot(path=pictures / "fastrtc-page.png")
        talk.until_state("idle", 20.0)
        talk.say(STORY)
        talk.until_state("speaking", 20.0)
        talk.page.wait_for_timeout(2_000)
        talk.page.keyboard.press("Escape")
        talk.until_state("idle")
        talk.page.wait_for_timeout(2_500)
        tape = talk.tape()
        talk.button("Hang up").click()
        expect(talk.body).to_have_attribute("data-phase", "off")
    first, *_, last = tape.agent_stretches(gap=1.5)
    sound = tape.agent_between(first.start, first.end)
    assert listening.resemblance(sound, RATE, answers["opening-hours"]) >= listening.SAME
    [escape] = [when for name, when in tape.marks if name == "Escape"]
    assert escape - 1.0 < last.end < escape + 0.3, "it speaks, but for a breath, and stops at once"


def test_it_says_what_keeps_a_person_from_talking(bench: ParleyServer) -> None:
    with talk_page(bench.url, in_a_room(5.0), path="/fastrtc", allow=False) as talk:
        talk.button("Start talking").click()
        expect(talk.alert).to_contain_text("The microphone was refused")
        expect(talk.body).to_have_attribute("data-phase", "off")
        talk.button("Type instead").click()
        expect(talk.page.get_by_label("Type instead of speaking")).to_be_visible()


def test_a_server_that_is_stopped_says_so_and_is_given_up_when_the_person_does() -> None:
    with (
        ParleyServer("examples/bench.yaml") as server,
        talk_page(server.url, in_a_room(20.0), path="/fastrtc") as talk,
    ):
        talk.button("Start talking").click()
        talk.is_connected()
        talk.expected = ("ERR_CONNECTION_REFUSED", "closed before the connection is established")
        assert server.stop() == []
        expect(talk.alert).to_contain_text("The server is being stopped")
        talk.button("Cancel").click()
        expect(talk.body).to_have_attribute("data-phase", "off")
        talk.page.locator("#call").click()  # its name depends on whether the goodbye came in time
        expect(talk.alert).to_contain_text("The server can't be reached")
