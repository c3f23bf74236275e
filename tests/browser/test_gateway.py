"""The gateway test page: tone, stop-tts, voice gate, ducking, processing, figures; each measured, not only shown."""

from __future__ import annotations

import re
import time
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

from tests.browser.page import TalkPage, in_a_room, talk_page
from tests.browser.tape import RATE
from tests.browser.test_conversation import ANSWER_SECS, GREETING_SECS, OPENING_HOURS
from tests.server import ParleyServer

pytestmark = pytest.mark.browser

PAGE = "/test_webrtc_gateway.html"
QUESTION = "how long is a tone and how long does it go on after that"
PROCESSING = ("Echo cancellation", "Noise suppression", "Automatic gain")
MILLISECONDS = re.compile(r"^\d+ ms$")
STOPS_WITHIN = 0.6
DUCKED_DB = 18.0
NOTHING = 1e-8
"""Energy in a second: the room's noise has some 3e-5 of it, the browser's own meter fades out from what was before."""


def row(talk: TalkPage, name: str) -> Locator:
    """The value beside `name` in a list of figures."""
    term = talk.page.locator("dt", has_text=re.compile(f"^{re.escape(name)}$"))
    return term.locator("xpath=following-sibling::dd")


def sent_in_a_second(talk: TalkPage) -> float:
    """How much sound leaves within a second, measured behind the gate."""
    before = talk.page.evaluate("sentEnergy()")
    talk.page.wait_for_timeout(1000)
    return float(talk.page.evaluate("sentEnergy()") - before)


def agents_level(talk: TalkPage, low: float, high: float) -> float:
    """Wait until the meter of the agent's voice shows `low` to `high`, in percents of 60 dB; return what it shows."""
    meter = talk.page.get_by_role("meter", name="Agent level, as you hear it")
    deadline = time.monotonic() + 5.0
    while not low <= (level := float(meter.get_attribute("aria-valuenow") or 0)) <= high:
        assert time.monotonic() < deadline, (
            f"the meter stays at {level:.0f} %, which is not {low:.0f} to {high:.0f} %"
        )
        talk.page.wait_for_timeout(50)
    return level


def turn_to(talk: TalkPage, dial: str, value: int) -> None:
    talk.page.get_by_label(dial).fill(str(value))


def test_the_test_tone_is_heard_and_stop_tts_ends_it(bench: ParleyServer) -> None:
    with talk_page(bench.url, in_a_room(60.0), path=PAGE) as talk:
        turn_to(talk, "Counts as a voice from", -20)
        talk.page.get_by_label("Begin with the test tone").check()
        talk.call()
        talk.until_state("speaking")
        for figure in ("Offer answered", "Connected after the answer", "First sound after connecting"):
            expect(row(talk, figure)).to_have_text(MILLISECONDS)
        expect(row(talk, "State")).to_have_text("speaking")
        expect(row(talk, "Door")).to_have_text("offer")
        talk.until_state("idle")
        assert talk.words("agent") == "Test tone."
        expect(row(talk, "Turns")).to_have_text("1")
        talk.button("Stop TTS").click()
        expect(talk.page.locator("#stopped")).to_have_text("There was nothing to stop")

        talk.button("Hang up").click()
        expect(row(talk, "State")).to_have_text("ended")
        talk.button("Call again").click()
        talk.is_connected()
        talk.until_state("speaking")
        talk.page.wait_for_timeout(1000)
        talk.button("Stop TTS").click()
        expect(talk.page.locator("#stopped")).to_have_text(re.compile(r"^Stopped, in \d+ ms$"))
        talk.until_state("idle")
        expect(row(talk, "Interruptions")).to_have_text("1")
        tape = talk.tape()

    whole, cut = tape.agent_stretches(gap=0.3)
    assert whole.seconds > 3.0
    for start in np.arange(whole.start + 0.1, whole.start + 2.9, 0.1):
        piece = tape.agent_between(start, start + 0.1)
        spectrum = np.abs(np.fft.rfft(piece * np.hanning(piece.size), RATE))
        # Half a semitone: Chromium's jitter buffer stretches late packets, which bends the pitch a little.
        assert abs(int(np.argmax(spectrum)) - 440) <= 12, f"at {start - whole.start:.1f} s"
    pressed = tape.marks[-1][1]
    print(f"the tone stopped {(cut.end - pressed) * 1000:.0f} ms after Stop TTS")
    assert 0 < cut.end - pressed < STOPS_WITHIN


def test_the_gate_sends_a_voice_and_nothing_else_and_can_be_switched_off(bench: ParleyServer) -> None:
    with talk_page(bench.url, in_a_room(5.0, QUESTION, 30.0), path=PAGE) as talk:
        for name in PROCESSING:
            talk.page.get_by_label(name).uncheck()
        turn_to(talk, "Counts as a voice from", -30)
        talk.call()
        expect(talk.page.locator("#in-force")).to_contain_text("no processing")
        expect(talk.page.locator("#sent")).to_have_text("silence")
        assert sent_in_a_second(talk) < NOTHING, "the room's noise is let through"
        expect(talk.page.locator("#sent")).to_have_text("your voice", timeout=10_000)
        assert sent_in_a_second(talk) > 10 * NOTHING
        talk.until_state("speaking")
        for figure in ("First partial", "First audio of the answer", "The same, by the server"):
            expect(row(talk, figure)).to_have_text(MILLISECONDS)

        expect(talk.page.locator("#sent")).to_have_text("silence")
        gate = talk.page.get_by_label("Send nothing else")
        gate.uncheck()
        expect(talk.page.locator("#sent")).to_have_text("everything")
        assert sent_in_a_second(talk) > 10 * NOTHING, "the room's noise is kept back"
        gate.check()
        talk.page.wait_for_timeout(500)
        assert sent_in_a_second(talk) < NOTHING
        talk.page.get_by_label("Noise suppression").check()
        expect(talk.page.locator("#in-force")).to_contain_text("noise suppression")
        turn_to(talk, "Counts as a voice from", -60)
        expect(talk.page.locator("#sent")).to_have_text("your voice")


def test_a_question_is_understood_through_the_gate(
    reception: ParleyServer, answers: dict[str, str], pictures: Path
) -> None:
    """With all as the page has it: a gate that cut off the first sound of a word would make another question of it."""
    for text in (OPENING_HOURS, *answers.values()):
        reception.private(text)
    microphone = in_a_room(GREETING_SECS, OPENING_HOURS, ANSWER_SECS)
    viewport = {"width": 1280, "height": 1090}
    with talk_page(reception.url, microphone, path=PAGE, viewport=viewport) as talk:
        talk.call()
        expect(talk.captions("you")).to_have_count(1, timeout=20_000)
        talk.until_state("speaking")
        talk.until_state("idle", 20)
        assert talk.words("agent", 0) == answers["greeting"]
        assert talk.words("agent", 1) == answers["opening-hours"]
        for figure in ("First partial", "First audio of the answer", "The same, by the server"):
            expect(row(talk, figure)).to_have_text(MILLISECONDS)
            print(figure, row(talk, figure).inner_text())
        expect(row(talk, "STT, LLM, TTS calls")).to_have_text(re.compile(r"^1, 1, \d+$"))
        talk.page.screenshot(path=pictures / "gateway-page.png")


def test_a_voice_through_the_gate_interrupts_the_answer(bench: ParleyServer) -> None:
    with talk_page(bench.url, in_a_room(2.0, QUESTION, 3.0, QUESTION, 10.0), path=PAGE) as talk:
        talk.call()
        expect(talk.captions("agent").get_by_role("deletion")).to_have_count(1, timeout=20_000)
        expect(row(talk, "Interruptions")).to_have_text("1")
        expect(talk.captions("agent")).to_have_count(2)
        tape = talk.tape()

    asked, interrupted = tape.caller_stretches()
    first = tape.agent_stretches(gap=0.15)[0]
    print(
        f"the tone of 20 s stopped {(first.end - interrupted.start) * 1000:.0f} ms after the second voice began"
    )
    assert asked.end < first.start < interrupted.start
    assert 0 < first.end - interrupted.start < STOPS_WITHIN


def test_the_agent_is_lowered_while_one_speaks_and_comes_back(bench: ParleyServer) -> None:
    with talk_page(bench.url, in_a_room(2.0, QUESTION, 30.0), path=PAGE) as talk:
        turn_to(talk, "Counts as a voice from", -30)
        turn_to(talk, "By", int(DUCKED_DB))
        talk.page.get_by_label("Begin with the test tone").check()
        talk.call()
        loud = agents_level(talk, 65, 100)
        expect(talk.page.locator("#ducked")).to_have_text("lowered by 18 dB")
        lowered = loud - 100 * DUCKED_DB / 60
        agents_level(talk, lowered - 4, lowered + 4)
        talk.page.get_by_label("Lower it while you speak").uncheck()
        expect(talk.page.locator("#ducked")).to_have_text("as it comes")
        agents_level(talk, loud - 4, loud + 4)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("large", {"viewport": {"width": 1440, "height": 900}}),
        ("small", {"viewport": {"width": 360, "height": 740}, "has_touch": True}),
        ("dark", {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"}),
    ],
)
def test_everyone_finds_every_control(
    name: str, settings: dict[str, object], bench: ParleyServer, tmp_path: Path
) -> None:
    with talk_page(bench.url, in_a_room(10.0), path=PAGE, **settings) as talk:
        tree = talk.page.locator("body").aria_snapshot()
        for line in (
            '- heading "Gateway test"',
            "- status: Ready when you are",
            '- button "Start call"',
            '- button "Stop TTS" [disabled]',
            '- combobox "Microphone to use"',
            '- slider "Counts as a voice from"',
            '- checkbox "Echo cancellation" [checked]',
            '- checkbox "Send nothing else (voice gate)" [checked]',
            '- meter "Agent level, as you hear it"',
        ):
            assert line in tree, f"{line} is not in\n{tree}"
        for _ in range(20):
            talk.page.keyboard.press("Tab")
            if talk.page.evaluate("document.activeElement.id") == "call":
                break
        talk.page.keyboard.press("Enter")
        talk.is_connected()
        width = talk.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1], "one must not scroll sideways"
        talk.page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
