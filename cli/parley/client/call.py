"""One conversation with an agent, over as many connections as it takes.

    Link.serve() -> over -> may come back? -> again(open a new Link) -> Reconnected -> serve()
                              `- no -> Ended, and the events are over

Rules: what is said while there is no connection is not kept, what is typed is; the old link is closed once the new one
is open, for the server takes a goodbye on the old one for the end of the conversation.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Literal, Self

from parley.client import backoff
from parley.client.address import Address
from parley.client.errors import CallError
from parley.client.events import Ended, Event, Reconnected, Reconnecting
from parley.client.inbox import Inbox
from parley.client.link import Link, Listener
from parley.client.voice import Voice

RECONNECT_SECS = 60.0
COMES_BACK = ("server-stopping", "vanished", "connection-failed")
"""The server's reasons after which it, or the next one at its address, may take the call again."""
MOST_UNSAID = 16

Transport = Literal["webrtc", "websocket"]
Opener = Callable[[Voice, Listener], Link]


class Call:
    """Made by `connect`. Iterate over it for its events; everything else is plain and never waits."""

    def __init__(self, link: Opener, reconnect_secs: float) -> None:
        self._make_link = link
        self._reconnect_secs = reconnect_secs
        self._voice = Voice()
        self._inbox = Inbox()
        self._listeners: list[Listener] = [self._inbox.put]
        self._link: Link | None = None
        self._connected = False
        self._unsaid: list[str] = []
        self._early: list[Event] = []
        """What a link tells before it is known to be open."""
        self._serving: asyncio.Task[None] | None = None
        self.session_id = ""
        """Whoever knows it may read and stop the conversation."""
        self.agent = ""
        """The agent's name; "" over a WebSocket, which does not tell."""

    @property
    def connected(self) -> bool:
        return self._connected

    @property
    def dropped(self) -> int:
        """Events that were not read in time, audio first."""
        return self._inbox.dropped

    @property
    def unsent_secs(self) -> float:
        """How much of what was given to `send_audio` has not left yet."""
        return self._voice.seconds

    def say(self, text: str) -> None:
        """Say by typing; interrupts an answer. Raises ValueError when too much waits for a connection."""
        if self._connected and self._link is not None:
            self._link.send({"type": "text", "text": text})
        elif len(self._unsaid) < MOST_UNSAID:
            self._unsaid.append(text)
        else:
            raise ValueError(f"{MOST_UNSAID} texts wait for a connection already: wait for Reconnected")

    def send_audio(self, pcm: bytes) -> None:
        """Speak: 16-bit mono, little endian, at 16 kHz, as it is recorded or up to a minute at once.

        Raises ValueError for half a sample, or when too much waits.
        """
        if self._connected:
            self._voice.push(pcm)

    def interrupt(self) -> None:
        """Silence the agent at once."""
        if self._connected and self._link is not None:
            self._link.send({"type": "interrupt"})

    def listen(self, listener: Listener) -> None:
        """Tell it each event too, when it happens; it must not wait."""
        self._listeners.append(listener)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        return await self._inbox.get()

    async def open(self) -> None:
        """Raises CallError."""
        link = await self._opened("")
        self._hear_early()
        self._serving = asyncio.create_task(self._serve(link), name="parley-client-call")

    async def hang_up(self) -> None:
        """End the call; what was told is still read."""
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.gather(self._serving, return_exceptions=True)
        if self._link is not None:
            self._connected = False
            await self._link.close()
        self._hear(Ended("hung-up"))
        self._inbox.close()

    async def _serve(self, link: Link) -> None:
        fault: Exception | None = None
        try:
            while True:
                ended = await link.serve() or Ended("lost")
                self._connected = False
                self._voice.clear()
                if self._reconnect_secs <= 0 or ended.reason not in ("lost", *COMES_BACK):
                    break
                self._hear(Reconnecting(ended.reason))
                try:
                    link = await backoff.again(self._reopen, self._reconnect_secs)
                except CallError as error:
                    ended = Ended(ended.reason, error.detail)
                    break
            self._hear(ended)
        except Exception as error:  # a fault of this client's own: whoever reads the events meets it
            fault = error
        self._inbox.close(fault)

    async def _reopen(self) -> Link:
        before, wanted = self._link, self.session_id
        link = await self._opened(wanted)
        self._hear(Reconnected(self.session_id, resumed=self.session_id == wanted))
        self._hear_early()
        if before is not None:
            await before.close()
        return link

    async def _opened(self, resume: str) -> Link:
        """Raises CallError."""

        def hear(event: Event) -> None:
            if self._link is link:
                self._hear(event)
            else:
                self._early.append(event)

        self._early.clear()
        link = self._make_link(self._voice, hear)
        session = await link.open(resume)
        self._link, self._connected = link, True
        self.session_id, self.agent = session.session_id, session.agent or self.agent
        for text in self._unsaid:
            link.send({"type": "text", "text": text})
        self._unsaid.clear()
        return link

    def _hear_early(self) -> None:
        for event in self._early:
            self._hear(event)
        self._early.clear()

    def _hear(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)


@contextlib.asynccontextmanager
async def connect(
    url: str,
    *,
    transport: Transport = "webrtc",
    microphone: bool = False,
    loudspeaker: bool = False,
    reconnect_secs: float = RECONNECT_SECS,
) -> AsyncIterator[Call]:
    """Talk to the agent at `url`, such as http://127.0.0.1:9011, until the block ends.

    `microphone` and `loudspeaker`: the system's own, by sounddevice. `reconnect_secs`: how long a lost connection is
    tried again, 0 for not at all. Raises CallError.
    """
    call = Call(_opener(Address.of(url), transport), reconnect_secs)
    async with contextlib.AsyncExitStack() as stack:
        if microphone or loudspeaker:
            from parley.client.sound import Loudspeaker, Microphone

            if loudspeaker:
                call.listen(stack.enter_context(Loudspeaker()).hear)
            if microphone:
                stack.enter_context(Microphone(call))
        await call.open()
        stack.push_async_callback(call.hang_up)
        yield call


def _opener(address: Address, transport: Transport) -> Opener:
    """Only the library of the transport that is used is loaded."""
    if transport == "webrtc":
        from parley.client.webrtc import WebRtcLink

        return lambda voice, hear: WebRtcLink(address, voice, hear)
    if transport == "websocket":
        from parley.client.websocket import WebSocketLink

        return lambda voice, hear: WebSocketLink(address, voice, hear)
    raise ValueError(f'transport "{transport}": use "webrtc" or "websocket"')
