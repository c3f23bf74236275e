"""Owns what all calls of a process share: one epoll for their sockets, one clock that sends 50 packets a second each.

An event of asyncio's for every socket and a timer for every call would cost more than the calls: one timer comes every
millisecond. Calls are spread over the 20 phases of a packet's time, so that a hundred of them do not send in one burst.

Arrival is the kernel's own stamp (SO_TIMESTAMPNS), taken while the sender is still inside its system call: how late
this process looks does not matter. So only a call that connects wakes the loop, and must, for then its answers count;
from `calm` on the clock looks into its socket every 4 ms, which costs half of what waking up for each packet does.
Departure is the same clock, read just before the packet goes to the socket.
"""

from __future__ import annotations

import asyncio
import select
import socket
import struct
import time
from collections.abc import Callable

PACKET_SECS = 0.020
PHASES = 20

_TIMESTAMPNS = 35  # SO_TIMESTAMPNS and SCM_TIMESTAMPNS of Linux; Python has no name for it
_STAMP = struct.Struct("qq")
_ANCILLARY = socket.CMSG_SPACE(_STAMP.size)
_LARGEST = 2048
_RECEIVE_BUFFER = 1 << 20  # bytes, so that nothing is lost here while this process does something else
_MOST_EVENTS = 512
_LOOK_PHASES = 4

Receive = Callable[[bytes, tuple[str, int], float], None]
now = time.time
"""Seconds of the clock by which the kernel stamps."""


class Switchboard:
    """Made inside a running loop; `close` at the end. `latest` is by how many seconds the clock was late at worst."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._connecting = select.epoll()
        self._connected = select.epoll()
        self._readers: dict[int, tuple[socket.socket, Receive]] = {}
        self._phases: list[list[Callable[[], None]]] = [[] for _ in range(PHASES)]
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0.0
        self._phase = 0
        self.latest = 0.0
        self._loop.add_reader(self._connecting.fileno(), self._drain, self._connecting)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._connecting.fileno())
        self._connecting.close()
        self._connected.close()

    def open(self, address: str, receive: Receive) -> socket.socket:
        """Return a bound UDP socket; `receive(datagram, source, at)` gets what comes."""
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        made.setsockopt(socket.SOL_SOCKET, _TIMESTAMPNS, 1)
        made.bind((address, 0))
        self._readers[made.fileno()] = (made, receive)
        self._connecting.register(made.fileno(), select.EPOLLIN)
        return made

    def calm(self, opened: socket.socket) -> None:
        """The call is connected: from here on it is enough that the clock looks for packets."""
        self._connecting.unregister(opened.fileno())
        self._connected.register(opened.fileno(), select.EPOLLIN)

    def shut(self, opened: socket.socket) -> None:
        """Close it; epoll forgets by itself what is closed. Again is no harm."""
        if self._readers.pop(opened.fileno(), None) is not None:
            opened.close()

    def add(self, send: Callable[[], None]) -> None:
        """Call `send` every 20 ms, in the phase that has the fewest."""
        min(self._phases, key=len).append(send)
        if self._timer is None:
            self._next = self._loop.time()
            self._timer = self._loop.call_at(self._next, self._tick)

    def remove(self, send: Callable[[], None]) -> None:
        for phase in self._phases:
            if send in phase:
                phase.remove(send)

    def _tick(self) -> None:
        moment = self._loop.time()
        self.latest = max(self.latest, moment - self._next)
        while self._next <= moment:
            for send in tuple(self._phases[self._phase]):
                send()
            self._phase = (self._phase + 1) % PHASES
            if self._phase % _LOOK_PHASES == 0:
                self._drain(self._connected)
            self._next += PACKET_SECS / PHASES
        self._timer = self._loop.call_at(self._next, self._tick)

    def _drain(self, epoll: select.epoll) -> None:
        while events := epoll.poll(0, _MOST_EVENTS):
            for number, _ in events:
                entry = self._readers.get(number)
                if entry is None:
                    continue
                try:
                    datagram, ancillary, _, source = entry[0].recvmsg(_LARGEST, _ANCILLARY)
                except (BlockingIOError, ConnectionError):
                    continue
                if ancillary:
                    seconds, nanoseconds = _STAMP.unpack(ancillary[0][2])
                    at = seconds + nanoseconds * 1e-9
                else:
                    at = now()
                if datagram:
                    entry[1](datagram, source, at)
