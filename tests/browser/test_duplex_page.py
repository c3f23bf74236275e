"""The full-duplex agent's page in a browser: it interrupts by a detector of its own, sends no silence, and tells what
an answer took and cost. (D6 to D9, D16)
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import WebSocket, expect

from tests.browser.page import TalkPage, in_a_room, talk_page
from tests.browser.tape import RATE
from tests.browser.test_conversation import OPENING_HOURS
from tests.browser.test_gateway import QUESTION
from tests.clients import listening
from tests.server import ROOT, ParleyServer

pytestmark = pytest.mark.browser

PAGE = "/duplex"
BYTES_PER_SEC = 32_000
DETECTORS = ["By its volume", "By Silero"]
STOPS_WITHIN = 0.6
"""From the first sound of the interruption to the agent's silence, in the browser's own audio."""


class Sent:
    """What the page sends on its WebSocket: bytes of audio, and its other messages."""

    def __init__(self, talk: TalkPage) -> None:
        self.audio = 0
        self.texts: list[str] = []
        talk.page.on("websocket", self._on_socket)

    def _on_socket(self, socket: WebSocket) -> None:
        socket.on("framesent", self._on_frame)

    def _on_frame(self, payload: str | bytes) -> None:
        if isinstance(payload, bytes):
            self.audio += len(payload)
        else:
            self.texts.append(payload)


def dollars(talk: TalkPage, line: str) -> float:
    """What the page shows of the cost, in dollars."""
    return float(talk.page.locator(f"#cost .{line} dd").inner_text().removeprefix("$"))


def test_a_question_is_answered_and_silence_is_not_sent(
    reception: ParleyServer, answers: dict[str, str], pictures: Path
) -> None:
    for text in (OPENING_HOURS, *answers.values()):
        reception.private(text)
    question = in_a_room(OPENING_HOURS)
    microphone, viewport = in_a_room(6.0, OPENING_HOURS, 30.0), {"width": 1280, "height": 1130}
    with talk_page(reception.url, microphone, path=PAGE, viewport=viewport) as talk:
        sent = Sent(talk)
        talk.page.get_by_label("By Silero").check()
        expect(talk.page.locator("#took")).to_have_text("ready", timeout=20_000)
        talk.call()
        expect(talk.page.locator("#took")).to_contain_text("ms")
        talk.page.wait_for_timeout(1_000)
        assert sent.audio == 0, "nobody has spoken"
        expect(talk.page.locator("#sent")).to_have_text("your voice", timeout=10_000)
        talk.until_state("speaking")
        expect(talk.page.locator("#sent")).to_have_text("nothing")
        asked = sent.audio
        talk.page.wait_for_timeout(2_000)
        assert sent.audio == asked, "the caller listens"
        talk.page.screenshot(path=pictures / "duplex-page.png")
        talk.until_state("idle", 20.0)
        assert sent.audio == asked
        assert sent.texts == [], "there was nothing to interrupt"
        assert talk.words("agent") == answers["opening-hours"]
        print("Silero takes", talk.page.locator("#took").inner_text(), "for 32 ms")
        print(f"{asked / BYTES_PER_SEC:.2f} s were sent of a question of {question.size / RATE:.2f} s")
        for stage in ("stt_ms", "llm_ms", "tts_ms", "send_ms", "endpointing_ms"):
            expect(talk.page.locator(f"#latency-legend .{stage} dd")).to_have_text(re.compile(r"^\d+ ms$"))
        stages = sum(dollars(talk, line) for line in ("stt_usd", "llm_usd", "tts_usd"))
        assert dollars(talk, "call_usd") == dollars(talk, "turn_usd") == pytest.approx(stages, abs=3e-5)
        assert dollars(talk, "stt_usd") == pytest.approx(asked / BYTES_PER_SEC / 60 * 0.0043, abs=1e-5)
        tape = talk.tape()
    assert question.size / RATE < asked / BYTES_PER_SEC < question.size / RATE + 1.6
    sound = tape.agent_between(0, tape.agent.size / RATE)
    assert listening.resemblance(sound, RATE, answers["opening-hours"]) >= listening.SAME
    assert listening.resemblance(sound, RATE, answers["address"]) < listening.SAME


@pytest.fixture(scope="module")
def stubborn(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An agent that no voice interrupts by itself, with a tone of 20 s: what stops it is the page."""
    agent = yaml.safe_load((ROOT / "examples" / "bench.yaml").read_text())
    agent["spec"]["turnTaking"] = {"endOfTurnSilenceMs": 200, "bargeIn": False}
    file = tmp_path_factory.mktemp("agents") / "stubborn.yaml"
    file.write_text(yaml.safe_dump(agent))
    with ParleyServer(file, {"BENCH_TONE_SECS": "20"}) as server:
        yield server


@pytest.mark.parametrize("detector", DETECTORS)
def test_a_voice_that_the_page_detects_interrupts(detector: str, stubborn: ParleyServer) -> None:
    with talk_page(stubborn.url, in_a_room(2.5, QUESTION, 3.0, QUESTION, 10.0), path=PAGE) as talk:
        sent = Sent(talk)
        talk.page.get_by_label(detector).check()
        if detector == DETECTORS[0]:
            talk.page.get_by_label("A voice is louder than").fill("-30")
        else:
            expect(talk.page.locator("#took")).to_have_text("ready", timeout=20_000)
        talk.call()
        talk.until_state("speaking")
        assert sent.texts == []
        expect(talk.captions("agent").get_by_role("deletion")).to_have_count(1, timeout=15_000)
        talk.until_state("speaking")
        assert sent.texts == ['{"type":"interrupt"}']
        tape = talk.tape()
    asked, interrupted = tape.caller_stretches()
    assert asked.end < tape.agent_stretches()[0].start < interrupted.start
    stopped = tape.agent_stops_after(interrupted.start) - interrupted.start
    print(f"{detector}: the tone stopped {stopped * 1000:.0f} ms after the voice began")
    assert stopped < STOPS_WITHIN


def test_typing_is_answered_without_a_microphone(bench: ParleyServer) -> None:
    with talk_page(bench.url, None, path=PAGE) as talk:
        talk.type("go on")
        talk.is_connected()
        expect(talk.captions("you")).to_have_text(["Yougo on"])
        talk.until_state("speaking")
        talk.page.keyboard.press("Escape")
        talk.until_state("idle")
        expect(talk.captions("agent").get_by_role("deletion")).to_have_count(1)
        talk.button("Hang up").click()
        expect(talk.body).to_have_attribute("data-phase", "off")


def test_without_silero_the_volume_decides_and_the_page_says_so(bench: ParleyServer) -> None:
    with talk_page(bench.url, in_a_room(20.0), path=PAGE) as talk:
        talk.expected = ("ERR_FAILED",)
        talk.page.context.route("**/silero.wasm", lambda route: route.abort())
        talk.page.get_by_label("By Silero").check()
        expect(talk.alert).to_contain_text("Your voice is told by its volume instead")
        expect(talk.page.get_by_label("By its volume")).to_be_checked()
        expect(talk.page.get_by_label("A voice is louder than")).to_be_visible()


GATE = """async ([pattern, awaited]) => {
    const { Gate } = await import("/web/gate.js");
    const sent = [];
    const gate = new Gate((slice) => sent.push(new Uint8Array(slice)[0]));
    [...pattern].forEach((mark, index) => {
        gate.hear(Uint8Array.of(index).buffer, mark === "#", awaited[index] === "#");
    });
    return sent;
}"""


def test_the_gate_sends_what_was_before_a_voice_and_silence_for_as_long_as_the_server_waits(
    bench: ParleyServer,
) -> None:
    pattern, never, long = "." * 20 + "#" * 6 + "." * 54, "." * 80, "." * 26 + "#" * 20 + "." * 34
    with talk_page(bench.url, path=PAGE) as talk:
        assert talk.page.evaluate(GATE, [pattern, never]) == list(range(8, 36))
        assert talk.page.evaluate(GATE, [pattern, long]) == list(range(8, 46))


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("large", {"viewport": {"width": 1440, "height": 900}}),
        ("small and dark", {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"}),
    ],
)
def test_everyone_finds_every_control_and_nothing_moves(
    name: str, settings: dict[str, Any], bench: ParleyServer, tmp_path: Path
) -> None:
    with talk_page(bench.url, in_a_room(20.0), path=PAGE, **settings) as talk:
        tree = talk.page.locator("body").aria_snapshot()
        for line in (
            '- heading "Full-duplex agent"',
            '- region "Conversation":',
            "- status: Ready when you are",
            '- button "Start call"',
            '- textbox "Type instead of speaking"',
            '- combobox "Microphone to use"',
            '- meter "Your voice"',
            '- radio "By its volume" [checked]',
            '- radio "By Silero"',
            '- slider "A voice is louder than"',
            '- region "Cost, by the agent\'s price table":',
        ):
            assert line in tree, f"{line} is not in\n{tree}"
        before = places(talk)
        talk.page.get_by_label("By Silero").check()
        talk.page.keyboard.press("Tab")
        assert talk.page.evaluate("document.activeElement.id") == "likelihood"
        talk.call()
        talk.type("go on")
        talk.until_state("speaking")
        expect(talk.page.locator("#cost .call_usd dd")).to_have_text(re.compile(r"^\$\d\.\d{5}$"))
        assert places(talk) == before
        width = talk.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1], "one must not scroll sideways"
        talk.page.screenshot(path=tmp_path / f"{name}.png", full_page=True)


def places(talk: TalkPage) -> dict[str, Any]:
    talk.page.evaluate("scrollTo(0, 0)")
    blocks = (".stage", ".conversation", ".composer", ".microphone", ".latency", ".cost", "#call")
    return {block: talk.page.locator(block).bounding_box() for block in blocks}
