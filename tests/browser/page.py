"""Owns the browser under test and what a test does on the talk page.

Chromium is the system's own, driven by Playwright. Its microphone is a recording; whatever it would load from
anywhere but the server, and whatever it complains about in its console, is an error.
"""

from __future__ import annotations

import base64
import functools
import os
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, expect, sync_playwright

from tests import speech
from tests.browser.tape import RATE, Tape
from tests.speech import Pcm

ROOM_DB = -45.0
TAPE, MICROPHONE = (Path(__file__).with_name(f"{name}.js").read_text() for name in ("tape", "microphone"))
AXE = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
STILL = 0.001
"""Sum of the layout shifts' scores; where one moves a tenth of the screen by a tenth of it, that is 0.01."""

SHIFTS = """
globalThis.shifts = [];
new PerformanceObserver((list) => shifts.push(...list.getEntries().map(({ value, sources }) =>
  [value, sources.map(({ node }) => node?.id || node?.className || node?.nodeName).join(" ")])))
  .observe({ type: "layout-shift", buffered: true });
"""
FLAGS = (
    "--no-sandbox",  # also lets the audio service read the recording
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@functools.cache
def chromium() -> str:
    """Return the path of a Chromium that runs (tests/deps.sh installs one)."""
    for name in (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name) if name else None
        if path and subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0:
            return path
    raise FileNotFoundError("there is no Chromium: run `make test-deps`, or name one with CHROMIUM=/path")


def in_a_room(*parts: str | float) -> Pcm:
    """Return a caller's recording: texts are spoken, numbers are seconds without speech; noise is under all."""
    pieces = [speech.silence(part, RATE) if isinstance(part, int | float) else said(part) for part in parts]
    voice = np.concatenate(pieces).astype(np.float64)
    voice += speech.pink_noise(voice.size, ROOM_DB)
    return np.clip(np.rint(voice), -32768, 32767).astype(np.int16)


def said(text: str, **voice: Any) -> Pcm:
    """Return `text` in the caller's voice unless told otherwise (`speech.say`), voiced from first to last sample."""
    return speech.trimmed(speech.say(text, RATE, **{"variant": speech.CALLER_VARIANT, **voice}))


class TalkPage:
    """The page as a person meets it: by names and roles, not by its insides."""

    def __init__(self, page: Page, url: str, path: str = "") -> None:
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        self.expected: tuple[str, ...] = ()
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._on_request(request.url))
        page.goto(url + path)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _on_request(self, url: str) -> None:
        if not url.startswith((self.url, "blob:", "data:")):
            self.foreign.append(url)

    def check(self) -> None:
        """Nothing was loaded from elsewhere, and the browser had nothing to complain about but `expected`."""
        unexpected = [text for text in self.complaints if not any(known in text for known in self.expected)]
        assert not unexpected, unexpected
        assert not self.foreign, self.foreign

    # What one sees

    @property
    def body(self) -> Locator:
        return self.page.locator("body")

    @property
    def alert(self) -> Locator:
        return self.page.get_by_role("alert")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def captions(self, who: str) -> Locator:
        """`who` is "you" or "agent"."""
        return self.page.locator(f".caption.{who}")

    def words(self, who: str, index: int = -1) -> str:
        """Return the words of a caption; the newest unless told."""
        return " ".join(self.captions(who).nth(index).locator(".words").inner_text().split())

    # What one does

    def call(self) -> None:
        self.button("Start call").click()
        self.is_connected()

    def is_connected(self) -> None:
        expect(self.body).to_have_attribute("data-phase", "on", timeout=15_000)

    def type(self, text: str) -> None:
        box = self.page.get_by_label("Type instead of speaking")
        box.fill(text)
        box.press("Enter")

    def until_state(self, state: str, seconds: float = 15.0) -> None:
        """`state` is idle, listening, processing or speaking; also what the live region says must fit."""
        expect(self.body).to_have_attribute("data-state", state, timeout=seconds * 1000)
        spoken = {
            "idle": "Your turn",
            "listening": "Listening",
            "processing": "Thinking",
            "speaking": "Speaking",
        }
        expect(self.page.get_by_role("status")).to_have_text(spoken[state])

    def tape(self) -> Tape:
        """End the recording and return it."""
        taken: dict[str, Any] = self.page.evaluate("takeTape()")
        return Tape.decode(taken["webm"], taken["marks"], taken["captions"])

    def say(self, text: str, **voice: Any) -> None:
        """Say it into the microphone of a `live` browser, to the end, as the caller or in another voice (`said`)."""
        self.page.evaluate("(words) => sayIntoMicrophone(words)", encoded(said(text, **voice)))

    def violations(self) -> str:
        """What axe finds against WCAG 2.2 AA and good practice, in the colours that are shown; "" if nothing."""
        found = Axe().run(self.page, options=AXE)
        return found.generate_report() if found.violations_count else ""

    def stays_still(self) -> None:
        """Nothing has moved since the page was opened, but for what nobody sees."""
        shifts: list[list[Any]] = self.page.evaluate("shifts")
        print(f"layout shifts since the page was opened: {sum(score for score, _ in shifts):.6f}")
        assert sum(score for score, _ in shifts) < STILL, sorted(shifts)[-9:]


@contextmanager
def browser(
    microphone: Pcm | None = None,
    *,
    live: float | None = None,
    allow: bool = True,
    flags: tuple[str, ...] = (),
    **context: Any,
) -> Iterator[BrowserContext]:
    """A Chromium of its own, whose microphone is this recording, once; None: the machine has none.

    `live`: into a room as loud as that (dB of full scale) `TalkPage.say` says what it likes when it likes; what a
    browser does to a microphone's sound is not done. `allow=False`: the person refuses the microphone.
    """
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        arguments = [*FLAGS, *flags]
        if microphone is not None:
            recording = Path(folder) / "microphone.wav"
            write_wav(recording, microphone)
            arguments.append("--use-fake-device-for-media-stream")
            arguments.append(f"--use-file-for-fake-audio-capture={recording}%noloop")
        arguments.append("--use-fake-ui-for-media-stream" if allow else "--deny-permission-prompts")
        launched = playwright.chromium.launch(executable_path=chromium(), args=arguments, headless=True)
        try:
            opened = launched.new_context(**context)
            # In one, for the order of several is not defined.
            opened.add_init_script(f"{live_microphone(live) if live is not None else ''}{TAPE}{SHIFTS}")
            yield opened
            opened.close()  # its pages hang up: a server that is stopped says its goodbye to whom just vanished
        finally:
            launched.close()


@contextmanager
def talk_page(
    url: str, microphone: Pcm | None = None, *, path: str = "", **settings: Any
) -> Iterator[TalkPage]:
    """The talk page, or another one at `path`, in a browser of its own; checks at the end that nothing was amiss."""
    with browser(microphone, **settings) as context:
        page = TalkPage(context.new_page(), url, path)
        yield page
        page.check()


def live_microphone(room_db: float) -> str:
    room = speech.pink_noise(4 * RATE, room_db).astype(np.int16)
    return f'{{ const ROOM = "{encoded(room)}", RATE = {RATE}; {MICROPHONE} }}'


def encoded(pcm: Pcm) -> str:
    return base64.b64encode(pcm.tobytes()).decode()


def write_wav(path: Path, pcm: Pcm) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(pcm.tobytes())
