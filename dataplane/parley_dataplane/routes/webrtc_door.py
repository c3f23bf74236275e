"""The door of a WebRTC call: media and the talk protocol of its data channel, whoever brought the offer.

Rules: the call is answered before there is any media; the session starts when media is connected, once. A
message that is wrong is told on the channel, and the call goes on. What is said before the channel opens
waits, up to a bound. A test tone is in the first packet: no silence leaves before it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine

from parley_dataplane.doors import DoorKind
from parley_dataplane.errors import ParleyError
from parley_dataplane.events import Event, Problem, StateChanged
from parley_dataplane.hearing import Measured
from parley_dataplane.media import Pcm
from parley_dataplane.media.speaker import Chunk
from parley_dataplane.process import Parley
from parley_dataplane.protocols import talk
from parley_dataplane.routes.sockets import MOST_ERRORS
from parley_dataplane.session import Session
from parley_dataplane.transports.webrtc import WebRtcCall

MAX_EARLY_MESSAGES = 64
GOODBYE_SECS = 0.2
"""Between the last message and the end of the connection: SCTP needs a round trip."""

# Strong references: the loop itself holds tasks weakly.
_closing: set[asyncio.Task[None]] = set()


class WebRtcDoor:
    """One session's call, or its next one: a new offer replaces the connection, not the conversation."""

    def __init__(
        self, parley: Parley, kind: DoorKind, session_id: str | None = None, *, test_tone: bool = False
    ) -> None:
        """Opens the session, which begins with a test tone or with the greeting. Raises TooManySessions, Draining,
        or BadMessage for an id that can't be.
        """
        self._parley = parley
        self._call: WebRtcCall | None = None
        self._is_open = False
        self._started = False
        self._test_tone = self._tone_due = test_tone
        self._errors = 0
        self._early: deque[str] = deque(maxlen=MAX_EARLY_MESSAGES)
        self.on_close: Callable[[str], None] = lambda reason: None
        """Told once the session has ended."""
        self.session: Session = parley.sessions.open(kind, self, session_id=session_id)

    @property
    def has_call(self) -> bool:
        return self._call is not None

    async def answer(self, sdp: str) -> str:
        """Answer an offer; the call that was there before ends. Raises BadSdp, and then nothing has changed."""
        answered: WebRtcCall | None = None

        def lost(reason: str) -> None:
            if self._call is answered:  # one that another has replaced ends for itself alone
                self._lost(reason)

        call = answered = await self._parley.calls.answer(
            sdp,
            door=self.session.kind.name,
            goes_on=self._call is not None,
            on_sensed=self._sense,
            on_audio=self._hear,
            on_whole=self._hear_in_burst,
            on_message=self._read,
            on_channel_open=self._channel_opened,
            on_connected=self._connected,
            on_closed=lost,
        )
        before, self._call = self._call, call
        if before is not None:
            self._is_open = False
            _in_background(before.close())
        if self.session.ended is not None:  # while it was answered
            _in_background(call.close())
        return call.answer_sdp

    def add_candidate(self, candidate: dict[str, object] | None) -> None:
        """One that comes before any offer belongs to nothing, and is dropped."""
        if self._call is not None:
            self._call.add_candidate(candidate)

    # What the session calls

    def send_audio(self, chunk: Chunk) -> None:
        self._tone_due = False
        if self._call is not None:
            self._call.send_pcm(chunk.pcm)

    @property
    def rests(self) -> bool:
        return self._tone_due or self._call is None or self._call.rests

    def send_silence(self) -> None:
        if self._call is not None and not self._tone_due:
            self._call.send_pcm(None)

    def send_event(self, event: Event) -> None:
        for text in talk.render(event):
            self._send(text)

    def close(self, reason: str) -> None:
        self.on_close(reason)
        if self._call is not None:
            _in_background(_say_goodbye(self._call))

    # What the call calls

    def _sense(self, pcm: Pcm) -> None:
        self._parley.burst.flush()
        self.session.sense(pcm)

    def _hear(self, pcm: Pcm) -> None:
        self._parley.burst.flush()
        try:
            self.session.hear_ordered(pcm)
        except ParleyError as error:
            self._refused(error)

    def _hear_in_burst(self, pcm: Pcm) -> None:
        self._parley.burst.add(self._hear_whole, pcm)

    def _hear_whole(self, pcm: Pcm, measured: Measured | None) -> None:
        try:
            self.session.hear_whole(pcm, measured)
        except ParleyError as error:
            self._refused(error)

    def _read(self, raw: str) -> None:
        self._told(lambda: self._obey(talk.parse(raw)))

    def _obey(self, message: talk.Message) -> None:
        match message:
            case talk.Interrupt():
                self.session.interrupt()
            case talk.Text(text):
                self.session.type_text(text)
            case talk.Bye():
                self.session.end("peer-left")

    def _channel_opened(self) -> None:
        greets = self._test_tone or (self.session.kind.speaks_first and bool(self.session.agent.greeting))
        self._is_open = True
        self._send(talk.render_session(self.session.id, self.session.agent.name, greets))
        while self._early:
            self._send(self._early.popleft())
        self.send_event(StateChanged(self.session.state))

    def _connected(self) -> None:
        if not self._started and self.session.ended is None:
            self._started = True
            self.session.start(test_tone=self._test_tone)

    def _lost(self, reason: str) -> None:
        self.session.end(reason.replace(" ", "-"))

    def _told(self, act: Callable[[], None]) -> None:
        """A callback of the call must not raise: what the peer did wrong is its own news, and a count."""
        try:
            act()
        except ParleyError as error:
            self._refused(error)

    def _refused(self, error: ParleyError) -> None:
        self._parley.count_error(error, self.session.kind.name)
        self.send_event(Problem(error.code, error.detail))
        self._errors += 1
        if self._errors == MOST_ERRORS:
            self.session.end("too-many-errors")

    def _send(self, text: str) -> None:
        if self._is_open and self._call is not None:
            self._call.send_text(text)
        else:
            self._early.append(text)


async def _say_goodbye(call: WebRtcCall) -> None:
    try:
        if call.connected:
            await asyncio.sleep(GOODBYE_SECS)
    finally:
        await call.close()


def _in_background(work: Coroutine[None, None, None]) -> None:
    task = asyncio.create_task(work, name="webrtc-goodbye")
    _closing.add(task)
    task.add_done_callback(_closing.discard)
