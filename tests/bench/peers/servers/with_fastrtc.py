"""Owns FastRTC as its documentation shows it: a Stream around ReplyOnPause, mounted on a FastAPI app.

ReplyOnPause looks at chunks and not at running silence: a chunk of 200 ms that holds less than its own 100 ms of speech
ends a turn, so 100 to 300 ms of silence do, 200 in the middle. Its VAD would come from a hub: its own class reads here
the ONNX file of the wheel `silero-vad` instead. A client without a data channel gets one that swallows what it is told.
"""

from __future__ import annotations

import os
import uuid
from collections import defaultdict
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

os.environ.update(GRADIO_ANALYTICS_ENABLED="False", HF_HUB_OFFLINE="1", DO_NOT_TRACK="1")

import numpy as np
import numpy.typing as npt
import uvicorn
from fastapi import FastAPI
from fastrtc import AlgoOptions, ReplyOnPause, Stream, get_current_context
from fastrtc.pause_detection import SileroVADModel, SileroVadOptions
from instant import OFFER_PATH, READY_PATH, SILENCE_SECS, Pcm, Tones, port

SPEAKING_RATE = 24_000
WINDOW, CONTEXT = 512, 64
"""Samples that Silero 5 and 6 take at 16 kHz, and how many of those before they see again."""

Floats = npt.NDArray[np.float32]


class WheelSilero(SileroVADModel):
    """FastRTC's VAD over the model of today's wheel, that has one state instead of two and a context."""

    @staticmethod
    def download_model() -> str:
        package = find_spec("silero_vad")
        assert package is not None
        assert package.origin is not None
        return str(Path(package.origin).parent / "data" / "silero_vad.onnx")

    def get_initial_state(self, batch_size: int) -> tuple[Floats, Floats]:
        return np.zeros((2, batch_size, 128), np.float32), np.zeros((batch_size, CONTEXT), np.float32)

    def __call__(
        self, x: Floats, state: tuple[Floats, Floats], sr: int
    ) -> tuple[Floats, tuple[Floats, Floats]]:
        memory, context = state
        window = np.concatenate([context, x.reshape(1, -1)], axis=1)
        inputs = {"input": window, "state": memory, "sr": np.array(sr, np.int64)}
        probability, memory = self.session.run(None, inputs)
        return probability, (memory, window[:, -CONTEXT:])


class NoChannel:
    """Stands where a client's data channel would be."""

    readyState = "open"  # noqa: N815

    def send(self, _: str) -> None:
        return


tones: defaultdict[str, Tones] = defaultdict(lambda: Tones(SPEAKING_RATE))


def reply(_: tuple[int, Pcm]) -> Iterator[tuple[int, Pcm]]:
    """STT, LLM and TTS in one, all at once: what was said does not matter, the answer is a tone."""
    for frame in tones[get_current_context().webrtc_id].frames():
        yield SPEAKING_RATE, frame.reshape(1, -1)


vad = WheelSilero()
vad.warmup()
stream = Stream(
    ReplyOnPause(
        reply,
        algo_options=AlgoOptions(
            audio_chunk_duration=SILENCE_SECS, started_talking_threshold=0.1, speech_threshold=0.1
        ),
        model_options=SileroVadOptions(
            min_speech_duration_ms=0, min_silence_duration_ms=0, speech_pad_ms=0, window_size_samples=WINDOW
        ),
        model=vad,
        output_sample_rate=SPEAKING_RATE,
        can_interrupt=True,
    ),
    modality="audio",
    mode="send-receive",
    concurrency_limit=1000,
    server_rtc_configuration={"iceServers": []},
    verbose=False,
)
app = FastAPI()


@app.post(OFFER_PATH)
async def offer(body: dict[str, str]) -> dict[str, str]:
    call = uuid.uuid4().hex
    request = {"sdp": body["sdp"], "type": body["type"], "webrtc_id": call}
    answer = await stream.handle_offer(request, stream.set_additional_outputs(call))
    if "m=application" not in body["sdp"]:
        for connection in stream.connections[call]:
            connection.set_channel(NoChannel())
    return {**answer, "session_id": call}


@app.get(READY_PATH)
async def ready() -> str:
    return "ready"


def main() -> None:
    uvicorn.run(app, host="127.0.0.1", port=port(__doc__), log_level="warning")


if __name__ == "__main__":
    main()
