"""All WebRTC calls of the process: the port that they share, what they have counted, and which of them gives way.

Rules: counts only grow: what a call has counted is added while it lives and once more, for good, when it has ended. A
call whose peer has not been seen holds its place only until another caller needs it: an offer costs a stranger nothing,
and 200 of them must not keep people out. One that goes on with a conversation gives way to nobody.
"""

from __future__ import annotations

import asyncio
import errno
from collections import Counter
from collections.abc import Callable
from dataclasses import fields, replace

from parley_api.media import Media
from parley_dataplane.errors import ParleyError, TooManyOffers
from parley_dataplane.media.opus import OpusSettings
from parley_dataplane.records import Observer, PeerReported
from parley_dataplane.transports.webrtc.call import CallCounts, CallSettings, WebRtcCall
from parley_dataplane.transports.webrtc.ice import host_addresses
from parley_dataplane.transports.webrtc.port import Reading, UdpPort
from parley_dataplane.transports.webrtc.reflexive import Reflexive, stun_servers

OFFERS_A_SECOND = 50
OFFERS_AT_ONCE = 250
"""Offers that are answered: each costs some 4 ms of the core that others talk on, and a stranger has as many as he
likes. All callers of a full pod may come at once.
"""

COUNTED = tuple(field.name for field in fields(CallCounts))


class Calls:
    """`open()` in the loop before the first call, `close()` after the last."""

    def __init__(self, media: Media, reading: Reading | None = None, media_address: str = "") -> None:
        """`reading` is told of each reading of the port. `media_address` is where others reach the same port, of the
        machine around this one: known, it need not be asked of a STUN server.
        """
        self._media_address = media_address
        self._media = media
        self._reading = reading
        self._settings = _settings(media)
        self.observe: Observer = lambda _: None
        self.port: UdpPort | None = None
        self._reflexive: Reflexive | None = None
        self._living: dict[WebRtcCall, str] = {}
        self._going_on: set[WebRtcCall] = set()
        self._ended: dict[str, Counter[str]] = {}
        self._offers = float(OFFERS_AT_ONCE)
        self._offered_at = 0.0

    def open(self) -> None:
        """Binds the port and loads what calls need. ParleyError, where the port of the spec can't be had."""
        try:
            self.port = UdpPort.open(host_addresses(), self._media.udp, self._reading)
        except OSError as error:
            raise ParleyError(_problem(self._media.udp.port, error)) from None
        self._ask_outside()
        WebRtcCall.warm_up()

    def close(self) -> None:
        if self._reflexive is not None:
            self._reflexive.close()
        if self.port is not None:
            self.port.close()

    def take(self, media: Media) -> None:
        """Calls from here on are as `media` says; the port stays what it is."""
        before, self._media = self._media, media
        self._settings = _settings(media)
        if media.ice_servers != before.ice_servers:
            self._ask_outside()

    async def answer(
        self, sdp: str, *, door: str, goes_on: bool = False, **callbacks: Callable[..., None]
    ) -> WebRtcCall:
        """WebRtcCall.answer on the shared port, as the spec says; counted under the name of its door. BadSdp, or
        TooManyOffers. `goes_on`: with a conversation, so its peer has all the time there is for its first check: who
        has just lost a network may lose our answer too, and asks again.
        """
        assert self.port is not None, "open() comes before the first call"
        self._let_in(asyncio.get_running_loop().time())

        def reported(round_trip: float | None, lost: float) -> None:
            self.observe(PeerReported(door, round_trip, lost))

        call = await WebRtcCall.answer(
            sdp,
            port=self.port,
            settings=replace(self._settings, unseen_secs=self._settings.connect_secs)
            if goes_on
            else self._settings,
            on_ended=self._ended_call,
            on_report=reported,
            **callbacks,
        )
        self._living[call] = door
        if goes_on:
            self._going_on.add(call)
        return call

    def make_room(self) -> bool:
        """Ends the oldest call whose peer was never seen, with the reason "gave way"; False where there is none."""
        unseen = next((call for call in self._living if not call.seen and call not in self._going_on), None)
        if unseen is None:
            return False
        unseen.end("gave way")
        return True

    def _ask_outside(self) -> None:
        """STUN servers, those of the spec and no others."""
        if self._reflexive is not None:
            self._reflexive.close()
        assert self.port is not None, "open() comes first"
        servers = [] if self._media_address else stun_servers(self._media.ice_servers)
        self._reflexive = Reflexive(self.port, servers)
        self._reflexive.start()
        if self._media_address:
            self.port.is_seen_at(self._media_address)

    def _let_in(self, now: float) -> None:
        """A token bucket of offers."""
        self._offers = min(OFFERS_AT_ONCE, self._offers + (now - self._offered_at) * OFFERS_A_SECOND)
        self._offered_at = now
        if self._offers < 1:
            raise TooManyOffers(
                f"over {OFFERS_A_SECOND} offers a second: try again in a second", retry_after=1
            )
        self._offers -= 1

    def living(self) -> Counter[str]:
        """By door, the calls that have been answered and have not ended."""
        return Counter(self._living.values())

    def counts(self) -> dict[str, Counter[str]]:
        """By door, the sum of what all calls have counted; the names are those of CallCounts."""
        sums = {door: counted.copy() for door, counted in self._ended.items()}
        for call, door in self._living.items():
            self._add(sums.setdefault(door, Counter()), call.counts)
        return sums

    def _ended_call(self, call: WebRtcCall) -> None:
        self._going_on.discard(call)
        door = self._living.pop(call, None)
        if door is not None:  # None where it ended while it was answered
            self._add(self._ended.setdefault(door, Counter()), call.counts)

    @staticmethod
    def _add(sums: Counter[str], counts: CallCounts) -> None:
        for name in COUNTED:
            sums[name] += getattr(counts, name)


def _settings(media: Media) -> CallSettings:
    connect_secs, opus = media.connect_timeout_seconds, media.opus
    return CallSettings(
        unseen_secs=min(CallSettings().unseen_secs, connect_secs),
        connect_secs=connect_secs,
        opus=OpusSettings(bitrate=opus.bitrate, complexity=opus.complexity, dtx=opus.dtx),
    )


def _problem(number: int, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE if number:
            return f"UDP port {number} is in use: stop what has it, or set spec.media.udp.port to another, or to 0"
        case errno.EACCES | errno.EPERM if number:
            return (
                f"UDP port {number} is not allowed to this user: set spec.media.udp.port to one from 1024 on"
            )
        case _:
            return f"no UDP port can be had for calls: {error.strerror}"
