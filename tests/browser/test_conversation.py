"""A person calls, asks aloud, is answered in writing and in sound, and interrupts. The microphone is a recording."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.page import TalkPage, in_a_room, talk_page
from tests.browser.tape import RATE, Tape
from tests.clients import listening
from tests.server import ParleyServer

pytestmark = pytest.mark.browser

OPENING_HOURS, STORY, PARKING = (
    "what are your opening hours",
    "tell me a story about a dragon",
    "where can I park my car",
)
"""All are understood in ten of ten cuts of a recording; "when are you open" is in 7 ("where are you open")."""

GREETING_SECS, ANSWER_SECS, INTO_THE_STORY_SECS, END_SECS = 11.0, 18.0, 4.0, 10.0
"""The recording can't wait for the agent: these are long enough for what it says in between. The interruption falls
into the second sentence of the story, whether that began 0.3 or 1.3 s after the question: between two nobody is heard.
"""

SMALL = {"width": 390, "height": 780}

STOPS_WITHIN = 0.6
"""From the first sound of the interruption to the agent's silence, in the browser's own audio."""


def plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9']+", text.lower()))


def check_heard(tape: Tape, start: float, end: float, right: str, wrong: list[str]) -> None:
    """What sounded between `start` and `end` is `right`, and none of `wrong`."""
    sound = tape.agent_between(start, end)
    scores = {text: listening.resemblance(sound, RATE, text) for text in [right, *wrong]}
    print({text[:24]: round(score, 2) for text, score in scores.items()})
    assert scores.pop(right) >= listening.SAME
    assert max(scores.values()) < listening.SAME


def test_a_spoken_question_is_answered_and_a_second_one_interrupts(
    reception: ParleyServer, answers: dict[str, str], pictures: Path
) -> None:
    microphone = in_a_room(
        GREETING_SECS, OPENING_HOURS, ANSWER_SECS, STORY, INTO_THE_STORY_SECS, PARKING, END_SECS
    )
    for text in (OPENING_HOURS, STORY, PARKING, *answers.values()):
        reception.private(text)
    with talk_page(reception.url, microphone, viewport={"width": 1280, "height": 800}) as talk:
        talk.call()
        expect(talk.captions("agent")).to_have_count(1, timeout=10_000)
        expect(talk.captions("you")).to_have_count(2, timeout=45_000)
        expect(talk.captions("you")).to_have_count(3, timeout=15_000)
        expect(talk.page.locator(".latency-turn")).to_have_count(3, timeout=10_000)
        talk.until_state("speaking")
        talk.page.wait_for_timeout(2000)
        talk.page.screenshot(path=pictures / "talk-page.png")
        talk.page.emulate_media(color_scheme="dark")
        talk.page.wait_for_timeout(500)
        talk.page.screenshot(path=pictures / "talk-dark.png")
        talk.page.emulate_media(color_scheme="light")
        talk.page.set_viewport_size(SMALL)
        talk.page.wait_for_timeout(500)  # colours fade into each other
        talk.page.screenshot(path=pictures / "talk-small.png")
        talk.until_state("idle", 20)
        check_captions(talk, answers)
        tape = talk.tape()

    greeting, hours, story, parking = tape.agent_stretches()
    asked, begged, interrupted = tape.caller_stretches()
    assert greeting.end < asked.start
    check_heard(tape, greeting.start, asked.start, answers["greeting"], [answers["opening-hours"]])
    check_heard(
        tape, asked.end, begged.start, answers["opening-hours"], [answers["address"], answers["parking"]]
    )
    check_heard(tape, parking.start, parking.end, answers["parking"], [answers["opening-hours"]])

    stopped = story.end - interrupted.start
    print(f"answered {hours.start - asked.end:.3f} s and {story.start - begged.end:.3f} s after the question")
    print(f"the story was heard for {story.seconds:.2f} s")
    print(f"it stopped {stopped * 1000:.0f} ms after the interruption began")
    assert 1.5 < story.seconds < 4.5, "of the 20 s and more that it takes"
    assert 0.0 < stopped < STOPS_WITHIN


def check_captions(talk: TalkPage, answers: dict[str, str]) -> None:
    # A small recogniser may miss a word; the one that the question is about it must have got.
    for n, topic in enumerate(("opening", "story", "park")):
        assert topic in plain(talk.words("you", n)).split()
    assert talk.words("agent", 0) == answers["greeting"]
    assert talk.words("agent", 1) == answers["opening-hours"]
    assert talk.words("agent", 3) == answers["parking"]

    story = talk.captions("agent").nth(2)
    unheard = story.get_by_role("deletion")
    assert "line-through" in unheard.evaluate("e => getComputedStyle(e).textDecorationLine")
    spoken = story.locator(".words").text_content() or ""
    heard, _, rest = spoken.partition("Not heard: ")
    assert answers["story"].startswith(heard.strip())
    assert plain(f"{heard} {rest}") == plain(answers["story"])
    assert 3 < len(heard.split()) < len(answers["story"].split()) - 10


def test_another_answer_would_not_pass(answers: dict[str, str]) -> None:
    from tests import speech

    said = speech.say(answers["address"], RATE, voice=speech.AGENT_VOICE, words_per_minute=165)
    tape = Tape(said, said, ())
    with pytest.raises(AssertionError):
        check_heard(tape, 0, said.size / RATE, answers["opening-hours"], [])
    check_heard(tape, 0, said.size / RATE, answers["address"], [answers["opening-hours"]])


@pytest.mark.parametrize("how", ["the button", "the Escape key"])
def test_the_answer_stops_by(how: str, bench: ParleyServer) -> None:
    with talk_page(bench.url, in_a_room(30.0)) as talk:
        talk.call()
        talk.type("go on")
        talk.until_state("speaking")
        talk.page.wait_for_timeout(2000)
        if how == "the button":
            talk.button("Interrupt").click()
        else:
            talk.page.keyboard.press("Escape")
        talk.until_state("idle")
        expect(talk.captions("agent").get_by_role("deletion")).to_have_count(1)
        expect(talk.button("Interrupt")).to_be_disabled()
        talk.page.wait_for_timeout(1000)
        tape = talk.tape()

    pressed = next(at for name, at in reversed(tape.marks) if name in ("click", "Escape"))
    stopped = tape.agent_stops_after(pressed) - pressed
    print(f"the tone of 20 s stopped {stopped * 1000:.0f} ms after {how}")
    assert stopped < STOPS_WITHIN
    assert len(tape.agent_stretches()) == 1, "it went on"


def test_typing_needs_no_microphone(reception: ParleyServer, answers: dict[str, str]) -> None:
    question = "where can I park"
    with talk_page(reception.url, None) as talk:
        talk.type(question)
        talk.is_connected()
        expect(talk.captions("you")).to_have_text([f"You{question}"])
        talk.until_state("speaking")
        expect(talk.alert).to_be_empty()
        expect(talk.page.get_by_role("meter")).to_have_attribute("aria-valuetext", "off")
        talk.until_state("idle", 20)
        assert talk.words("agent") == answers["parking"]
        talk.page.wait_for_timeout(300)
        tape = talk.tape()
    check_heard(tape, 0, tape.agent.size / RATE, answers["parking"], [answers["opening-hours"]])


def test_a_call_can_be_made_again(bench: ParleyServer) -> None:
    with talk_page(bench.url, in_a_room(30.0)) as talk:
        talk.call()
        talk.type("first")
        expect(talk.captions("you")).to_have_count(1)
        talk.button("Hang up").click()
        expect(talk.body).to_have_attribute("data-phase", "off")
        expect(talk.captions("you")).to_have_count(1)
        talk.button("Call again").click()
        talk.is_connected()
        expect(talk.captions("you")).to_have_count(0)
        talk.type("second")
        talk.until_state("speaking")


def test_a_filler_is_shown_above_the_answer_and_is_none_of_its_words(tmp_path: Path) -> None:
    file = tmp_path / "agent.yaml"
    file.write_text(Path("examples/bench.yaml").read_text().replace("when: never", "when: always"))
    with ParleyServer(file, {"BENCH_TONE_SECS": "0.5"}) as server, talk_page(server.url) as talk:
        talk.type("How long is a tone?")
        expect(talk.captions("agent").locator(".filler")).to_have_text(["Hmm..."], timeout=15_000)
        expect(talk.captions("agent").locator(".words")).to_have_text(["As long as it sounds."])
        talk.until_state("idle")
        talk.type("And another one?")
        expect(talk.captions("agent").locator(".filler")).to_have_text(["Hmm...", "Let me think..."])
        talk.until_state("idle")
        expect(talk.captions("agent").locator(".words")).to_have_text(["As long as it sounds."] * 2)
