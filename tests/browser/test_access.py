"""The page for everyone: by keyboard alone, by a screen reader's tree, without movement, small, large and dark."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.page import ROOM_DB, TalkPage, browser, in_a_room, talk_page
from tests.browser.test_conversation import SMALL
from tests.browser.test_gateway import QUESTION
from tests.server import ParleyServer

pytestmark = pytest.mark.browser

FOCUSED = """(e => e.getAttribute("aria-label") || e.labels?.[0]?.innerText || e.innerText?.trim() || e.tagName)
    (document.activeElement)"""
COME_CLOSER = "I can hardly hear you: come closer."
TOO_QUIET = 0.003
"""Of full scale, the voice's peak: -50 dB."""

BLOCKS = (".stage", ".conversation", ".composer", ".microphone", ".latency", "#call", "#interrupt", "#text")


def tab_to(talk: TalkPage, name: str) -> list[str]:
    """Press Tab until `name` has the focus; return what had it on the way."""
    passed: list[str] = []
    for _ in range(20):
        talk.page.keyboard.press("Tab")
        passed.append(str(talk.page.evaluate(FOCUSED)))
        if passed[-1].startswith(name):
            return passed
    raise AssertionError(f"{name} can't be reached with Tab: {passed}")


def test_a_whole_call_by_keyboard_alone(bench: ParleyServer) -> None:
    with talk_page(bench.url, in_a_room(30.0)) as talk:
        keyboard = talk.page.keyboard
        assert tab_to(talk, "Start call")[0] == "Skip to the conversation"
        outline = talk.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", "one must see where the focus is"
        keyboard.press("Enter")
        talk.is_connected()
        assert str(talk.page.evaluate(FOCUSED)) == "Hang up", "the focus stays where it was"
        tab_to(talk, "Type instead")
        keyboard.type("go on")
        keyboard.press("Enter")
        talk.until_state("speaking")
        keyboard.press("Escape")
        talk.until_state("idle")
        keyboard.type("and on")
        keyboard.press("Enter")
        talk.until_state("speaking")
        for _ in range(20):
            keyboard.press("Shift+Tab")
            if str(talk.page.evaluate(FOCUSED)).startswith("Interrupt"):
                break
        keyboard.press("Space")
        talk.until_state("idle")
        expect(talk.captions("agent").get_by_role("deletion")).to_have_count(2)


def test_a_screen_reader_finds_its_way(bench: ParleyServer) -> None:
    with talk_page(bench.url, in_a_room(30.0)) as talk:
        tree = talk.page.locator("body").aria_snapshot()
        for line in (
            "- banner:",
            "- main:",
            '- heading "',
            '- region "Call":',
            '- region "Conversation":',
            '- region "Microphone":',
            "- status: Ready when you are",
            '- button "Start call"',
            '- textbox "Type instead of speaking"',
            '- combobox "Microphone to use"',
            '- meter "Microphone level"',
        ):
            assert line in tree, f"{line} is not in\n{tree}"
        talk.call()
        talk.type("go on")
        talk.until_state("speaking")
        talk.page.keyboard.press("Escape")
        expect(talk.page.locator("#announcer")).to_contain_text("(interrupted)")


def test_the_microphone_is_chosen_and_remembered(bench: ParleyServer) -> None:
    with talk_page(bench.url, in_a_room(30.0)) as talk:
        talk.call()
        device = talk.page.get_by_label("Microphone to use")
        options = device.locator("option")
        expect(options).not_to_have_count(1)
        chosen = options.last.get_attribute("value") or ""
        device.select_option(chosen)
        expect(talk.page.get_by_role("meter")).not_to_have_attribute("aria-valuetext", "off")
        talk.button("Mute").click()
        expect(talk.button("Mute")).to_have_attribute("aria-pressed", "true")
        expect(talk.page.get_by_role("meter")).to_have_attribute("aria-valuetext", "off")
        talk.page.reload()
        talk.call()
        expect(device).to_have_value(chosen)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("large", {"viewport": {"width": 1440, "height": 900}}),
        ("small", {"viewport": {"width": 360, "height": 740}, "has_touch": True}),
        ("dark", {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"}),
        ("still", {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}),
    ],
)
def test_nothing_moves_while_captions_grow(
    name: str, settings: dict[str, Any], bench: ParleyServer, tmp_path: Path
) -> None:
    with talk_page(bench.url, in_a_room(30.0), **settings) as talk:
        before = places(talk)
        talk.call()
        for n in range(8):
            talk.type(f"question number {n}")
            expect(talk.captions("you")).to_have_count(n + 1)
            talk.until_state("speaking")
            assert places(talk) == before
        width = talk.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1], "one must not scroll sideways"
        expect(talk.captions("you").last).to_be_in_viewport()
        if name == "still":
            assert talk.page.evaluate("document.getAnimations().length") == 0
        talk.stays_still()
        talk.page.screenshot(path=tmp_path / f"{name}.png")


@pytest.mark.parametrize(("width", "height"), [(320, 568), (360, 640), (640, 360), (390, 844), (1440, 900)])
def test_what_one_could_ask_lies_on_nothing_else_however_small_the_screen(
    reception: ParleyServer, width: int, height: int
) -> None:
    with talk_page(reception.url, viewport={"width": width, "height": height}) as talk:
        welcome, examples = talk.page.locator("#welcome"), talk.page.locator("#examples .example")
        expect(examples.first).to_be_visible()
        above = welcome.bounding_box()
        assert above is not None
        for example in examples.all():
            if example.is_visible():
                box = example.bounding_box()
                assert box is not None
                assert box["y"] >= above["y"] + above["height"]


def places(talk: TalkPage) -> dict[str, Any]:
    return {block: talk.page.locator(block).bounding_box() for block in BLOCKS}


PAGES = ("/", "/fastrtc", "/duplex", "/test_webrtc_gateway.html")
LARGE = {"width": 1280, "height": 800}


def test_axe_finds_no_violation_on_any_page(bench: ParleyServer) -> None:
    """Before a call and in one, with an answer that was interrupted; light and dark, small and large."""
    with browser(live=ROOM_DB, reduced_motion="reduce") as context:
        for path in PAGES:
            talk = TalkPage(context.new_page(), bench.url, path)
            check_access(talk, light=LARGE, dark=SMALL)
            talk.page.locator("#call").click()
            talk.is_connected()
            talk.say("How long is a tone?")
            talk.until_state("speaking")
            talk.page.locator("#interrupt, #stop").click()
            talk.until_state("idle")
            expect(talk.captions("agent")).to_have_count(1)
            check_access(talk, light=SMALL, dark=LARGE)
            talk.check()
            talk.page.close()


def check_access(talk: TalkPage, **sizes: Any) -> None:
    for scheme, size in sizes.items():
        talk.page.emulate_media(color_scheme=scheme)
        talk.page.set_viewport_size(size)
        assert not (found := talk.violations()), f"{talk.page.url}, {scheme}: {found}"


def test_a_voice_that_is_too_quiet_is_told_so_until_it_is_loud_enough(bench: ParleyServer) -> None:
    with talk_page(bench.url, live=-75.0) as talk:
        talk.call()
        hint, meter = talk.page.locator("#hint"), talk.page.get_by_role("meter")
        talk.say(QUESTION, peak=TOO_QUIET)
        expect(hint).to_have_text(COME_CLOSER)
        expect(talk.page.locator("#announcer")).to_have_text(COME_CLOSER)
        expect(meter).to_have_attribute("aria-valuetext", re.compile("too quiet"))
        talk.say(QUESTION)
        talk.until_state("speaking")
        talk.page.keyboard.press("Escape")
        talk.until_state("idle")
        expect(hint).to_have_text("Go ahead, I can hear you.")
        expect(meter).not_to_have_attribute("aria-valuetext", re.compile("too quiet"))


LOUDNESS = """async (moments) => {
    const { Loudness } = await import("/web/loudness.js");
    const loudness = new Loudness();
    let now = 0;
    return moments.map(([decibels, milliseconds]) => {
        for (const end = now + milliseconds; now < end; now += 20) loudness.hear(decibels, now);
        return loudness.quiet;
    });
}"""
ROOM, SOFT, LOUD = -80, -58, -30


LOUDNESSES: dict[str, tuple[list[tuple[int, int]], list[bool]]] = {
    "soft words are too quiet": ([(ROOM, 1000), (SOFT, 800)], [False, True]),
    "loud words are not": ([(ROOM, 1000), (LOUD, 800)], [False, False]),
    "a cough is no words": ([(ROOM, 1000), (SOFT, 300), (ROOM, 3000)] * 2, [False] * 6),
    "nor is a key press": ([(ROOM, 1000), (SOFT, 700), (LOUD, 80)], [False, True, True]),
    "loud words take it back": ([(ROOM, 1000), (SOFT, 800), (LOUD, 400)], [False, True, False]),
    "a fan is no voice": ([(-52, 1000), (-56, 400), (-52, 30_000)], [False] * 3),
}
"""What is heard, as dB and milliseconds, and whether it is too quiet after each."""


def test_quiet_is_what_a_voice_is_and_not_the_room(bench: ParleyServer) -> None:
    with talk_page(bench.url) as talk:
        found = {name: talk.page.evaluate(LOUDNESS, moments) for name, (moments, _) in LOUDNESSES.items()}
    assert found == {name: quiet for name, (_, quiet) in LOUDNESSES.items()}


def test_the_conversation_can_be_copied_by_keyboard(bench: ParleyServer) -> None:
    with talk_page(bench.url, permissions=["clipboard-read", "clipboard-write"]) as talk:
        expect(talk.button("Copy")).to_be_hidden()
        talk.type("go on")
        talk.until_state("speaking")
        talk.page.wait_for_timeout(500)
        talk.page.keyboard.press("Escape")
        talk.until_state("idle")
        tab_to(talk, "Copy")
        talk.page.keyboard.press("Enter")
        expect(talk.page.locator("#announcer")).to_have_text("The conversation was copied.")
        you, agent = talk.page.evaluate("navigator.clipboard.readText()").splitlines()
        assert you == "You: go on"
        heard = agent.removeprefix("bench: ").removesuffix("…")
        assert "As long as it sounds.".startswith(heard.strip())
        expect(talk.button("Copy")).to_be_visible()


def test_where_a_page_has_no_clipboard_the_conversation_is_selected(bench: ParleyServer) -> None:
    url = f"http://parley.test:{bench.port}"
    with talk_page(url, flags=("--host-resolver-rules=MAP parley.test 127.0.0.1",)) as talk:
        talk.type("go on")
        talk.until_state("speaking")
        talk.button("Copy").click()
        expect(talk.page.locator("#announcer")).to_contain_text("copy it with Control C")
        assert "go on" in talk.page.evaluate("getSelection().toString()")


def test_what_one_could_ask_stays_under_the_greeting_until_something_was_said(
    reception: ParleyServer, pictures: Path
) -> None:
    with talk_page(reception.url, live=ROOM_DB, viewport=SMALL) as talk:
        examples = talk.page.get_by_role("list", name="Things you could ask")
        expect(examples.get_by_role("button", name="What are your opening hours")).to_be_visible()
        talk.page.screenshot(path=pictures / "talk-ready.png")
        talk.call()
        expect(talk.captions("agent")).to_have_count(1)
        expect(examples).to_be_visible()
        talk.stays_still()
        examples.get_by_role("button").nth(1).click()
        expect(talk.captions("you")).to_have_count(1)
        expect(examples).to_be_hidden()
        talk.stays_still()
