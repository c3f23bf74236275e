"""Owns Pipecat as its quickstart builds it: SmallWebRTC, Silero, an STT, an LLM and a TTS service in one pipeline.

The three services answer at once; they extend the base classes that Pipecat's own services extend. Everything else is
Pipecat's: transport, VAD, turn strategies, context aggregators, output queue. What differs from its defaults is to its
advantage here: no second wait after the VAD's 200 ms, no RTVI messages for a client that reads none, no observer, a log
of warnings only.
"""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from instant import HEARD, OFFER_PATH, READY_PATH, SAID, SILENCE_SECS, Tones, port
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import (
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import LLMSettings, STTSettings, TTSSettings
from pipecat.services.stt_service import SegmentedSTTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_transport import TransportParams
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.request_handler import SmallWebRTCRequest, SmallWebRTCRequestHandler
from pipecat.transports.smallwebrtc.transport import SmallWebRTCTransport
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.utils.time import time_now_iso8601
from pipecat.workers.runner import WorkerRunner


class InstantStt(SegmentedSTTService):
    """Hears the same words in every segment that the VAD has ended."""

    def __init__(self) -> None:
        super().__init__(
            settings=STTSettings(model=None, language=None), ttfs_p99_latency=0.0, trailing_silence_secs=0.0
        )

    @property
    def wants_wav_segments(self) -> bool:
        return False

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame, None]:
        yield TranscriptionFrame(HEARD, "caller", time_now_iso8601())


class InstantLlm(LLMService):
    """Answers every context with the same sentence."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMContextFrame):
            await self.push_frame(LLMFullResponseStartFrame())
            await self.push_frame(LLMTextFrame(SAID))
            await self.push_frame(LLMFullResponseEndFrame())
        else:
            await self.push_frame(frame, direction)


class ToneTts(TTSService):
    """Says every sentence as a tone, all of it at once, in frames of 20 ms."""

    def __init__(self) -> None:
        super().__init__(
            settings=TTSSettings(model=None, voice=None, language=None),
            push_start_frame=True,
            push_stop_frames=True,
        )
        self._tones: Tones | None = None

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame, None]:
        self._tones = self._tones or Tones(self.sample_rate)
        for frame in self._tones.frames():
            yield TTSAudioRawFrame(frame.tobytes(), self.sample_rate, 1, context_id=context_id)


async def converse(connection: SmallWebRTCConnection) -> None:
    """Run one call's pipeline until its peer hangs up."""
    transport = SmallWebRTCTransport(
        connection, TransportParams(audio_in_enabled=True, audio_out_enabled=True)
    )
    context = LLMContext([{"role": "system", "content": "Answer everything at once with a tone."}])
    aggregators = LLMContextAggregatorPair(
        context,
        user_params=LLMUserAggregatorParams(
            vad_analyzer=SileroVADAnalyzer(params=VADParams(stop_secs=SILENCE_SECS)),
            user_turn_strategies=UserTurnStrategies(
                stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.0)]
            ),
        ),
    )
    llm = InstantLlm(
        settings=LLMSettings(
            model=None,
            system_instruction=None,
            temperature=None,
            max_tokens=None,
            top_p=None,
            top_k=None,
            frequency_penalty=None,
            presence_penalty=None,
            seed=None,
            filter_incomplete_user_turns=False,
            user_turn_completion_config=None,
        )
    )
    stages = [
        transport.input(),
        InstantStt(),
        aggregators.user(),
        llm,
        ToneTts(),
        transport.output(),
        aggregators.assistant(),
    ]
    worker = PipelineWorker(
        Pipeline(stages), params=PipelineParams(), enable_rtvi=False, enable_turn_tracking=False
    )

    @transport.event_handler("on_client_disconnected")
    async def on_client_disconnected(_: SmallWebRTCTransport, __: SmallWebRTCConnection) -> None:
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


handler = SmallWebRTCRequestHandler()
calls: set[asyncio.Task[None]] = set()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
    await handler.close()


app = FastAPI(lifespan=lifespan)


@app.post(OFFER_PATH)
async def offer(body: dict[str, str]) -> dict[str, str]:
    async def begin(connection: SmallWebRTCConnection) -> None:
        call = asyncio.create_task(converse(connection))
        calls.add(call)
        call.add_done_callback(calls.discard)

    request = SmallWebRTCRequest(sdp=body["sdp"], type=body["type"])
    answer = await handler.handle_web_request(request, begin)
    return {**(answer or {}), "session_id": uuid.uuid4().hex}


@app.get(READY_PATH)
async def ready() -> str:
    return "ready"


def main() -> None:
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    uvicorn.run(app, host="127.0.0.1", port=port(__doc__), log_level="warning")


if __name__ == "__main__":
    main()
