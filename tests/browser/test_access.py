"""The page for everyone: by keyboard alone, by a screen reader's tree, without movement, small, large and dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.page import TalkPage, in_a_room, talk_page
from tests.server import ParleyServer

pytestmark = pytest.mark.browser

FOCUSED = """(e => e.getAttribute("aria-label") || e.labels?.[0]?.innerText || e.innerText?.trim() || e.tagName)
    (document.activeElement)"""
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
        talk.page.screenshot(path=tmp_path / f"{name}.png")


def places(talk: TalkPage) -> dict[str, Any]:
    return {block: talk.page.locator(block).bounding_box() for block in BLOCKS}
