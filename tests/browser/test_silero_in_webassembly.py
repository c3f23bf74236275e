"""Silero's network as the page runs it, against the server's own: the same file's numbers, in far less time than it
hears. (D16)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest

from parley_dataplane.engines.silero import WINDOW, model_path
from tests import speech
from tests.browser.page import talk_page
from tests.server import ParleyServer
from tests.speech import Pcm

pytestmark = pytest.mark.browser

CONTEXT = 64
NEAR = 1e-4
WINDOW_MS = 32.0

IN_THE_PAGE = """async (samples) => {
    const { SileroNetwork, WINDOW } = await import("/web/silero-network.js");
    const files = ["/web/silero.wasm", "/web/silero.weights"].map(async (path) => (await fetch(path)).arrayBuffer());
    const network = await SileroNetwork.of(...(await Promise.all(files)));
    const pcm = Int16Array.from(samples);
    const began = performance.now();
    const likely = [];
    for (let at = 0; at + WINDOW <= pcm.length; at += WINDOW) likely.push(network.hear(pcm.subarray(at, at + WINDOW)));
    return { likely, took: (performance.now() - began) / likely.length };
}"""


def by_the_server(pcm: Pcm) -> npt.NDArray[np.float64]:
    """The probability of each window, by the ONNX file of the wheel."""
    session = onnxruntime.InferenceSession(str(model_path()), providers=["CPUExecutionProvider"])
    heard = np.concatenate((np.zeros(CONTEXT), pcm)).astype(np.float32) / 32768
    state = np.zeros((2, 1, 128), np.float32)
    likely = []
    for start in range(0, pcm.size - WINDOW + 1, WINDOW):
        inputs = {
            "input": heard[None, start : start + CONTEXT + WINDOW],
            "state": state,
            "sr": np.array(16_000),
        }
        output, state = session.run(None, inputs)
        likely.append(float(output[0, 0]))
    return np.array(likely)


def test_the_page_hears_what_the_server_hears_in_a_fraction_of_the_time(bench: ParleyServer) -> None:
    spoken = [
        speech.say("What are your opening hours?", variant=variant, noise_db=-45.0)
        for variant in ("m3", "f2")
    ]
    noise = speech.pink_noise(16_000, -35.0).astype(np.int16)
    pcm = np.concatenate([speech.silence(0.3), *spoken, noise, np.full(4_000, 32_767, np.int16)])
    wanted = by_the_server(pcm)
    with talk_page(bench.url, path="/duplex") as talk:
        told: dict[str, Any] = talk.page.evaluate(IN_THE_PAGE, pcm.tolist())
    differences = np.abs(np.array(told["likely"]) - wanted)
    print(f"{wanted.size} windows differ by {differences.max():.1e} at most, each took {told['took']:.2f} ms")
    assert wanted.max() > 0.9, "there is a voice in it"
    assert wanted.min() < 0.1, "and silence"
    assert differences.max() < NEAR
    assert told["took"] < WINDOW_MS / 4
