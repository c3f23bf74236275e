"""One WebRTC call with the test tone, as a page makes it, and what each step of it says.

What arrives is taken where it has just been decrypted: aiortc's own jitter buffer would hide gaps and make others. What
is sent is silence: the server reports how much of it was lost, and when, which gives the round trip. No STUN server is
asked: like the talk page, it offers its own addresses.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack
from aiortc.rtcrtpreceiver import RTCRtpReceiver
from aiortc.stats import RTCRemoteInboundRtpStreamStats

from parley_api.problems import printable
from parley_cli.doctor import line
from parley_cli.doctor.findings import Finding
from parley_cli.doctor.line import Packet, Tone
from parley_cli.doctor.reach import Answer, Failed, ask, reason
from parley_cli.doctor.target import Target
from parley_dataplane.errors import BadAudio
from parley_dataplane.media.opus import new_decoder

CONNECT_SECS = 10.0
"""From the answer until media is connected: a network that lets it through takes some hundred milliseconds."""

FIRST_SOUND_SECS = 3.0
QUIET_SECS = 0.5
LONGEST_SECS = 8.0
"""The tone ends with the first, and is waited for until the last of these; it is 4 s long."""

CLOSE_SECS = 3.0

MOST_ROUND_TRIP_MS = 150.0
MOST_JITTER_MS = 30.0
MOST_GAP_MS = 60.0
MOST_LOST = 0.01
"""What people begin to notice (ITU-T G.114 for the way, G.113 for loss); a gap of 60 ms are two packets too late."""

LEAST_PURE = 0.9
LEAST_SECS = line.TONE_SECS / 2


@dataclass(slots=True)
class Placed:
    """A call that is over: each field as far as it came. `round_trip_ms` and `sent_lost` (a share) as the server
    reports them.
    """

    answer: Answer | None = None
    problem: str = ""
    candidates: list[str] = field(default_factory=list)
    ice: str = "new"
    connection: str = "new"
    connected_ms: float | None = None
    greeted: bool = False
    packets: list[Packet] = field(default_factory=list)
    round_trip_ms: float | None = None
    sent_lost: float | None = None


async def place(target: Target, page: str | None) -> Placed:
    """Hold the call; `page` is the origin of the page that makes it, None for a program."""
    placed = Placed()
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    try:
        await _hold(peer, target, page, placed)
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECS):
                await peer.close()
    return placed


async def _hold(peer: RTCPeerConnection, target: Target, page: str | None, placed: Placed) -> None:
    changed, greeted = asyncio.Event(), asyncio.Event()
    peer.on("connectionstatechange", changed.set)
    transceiver = peer.addTransceiver(AudioStreamTrack(), "sendrecv")
    _tap(transceiver.receiver, placed.packets)
    channel = peer.createDataChannel("parley")

    def read(text: object) -> None:
        with contextlib.suppress(ValueError, TypeError, AttributeError):
            if json.loads(str(text)).get("type") == "session":
                greeted.set()

    channel.on("message", read)
    await peer.setLocalDescription(await peer.createOffer())
    if not await _offer(peer, target, page, placed):
        return
    began = time.monotonic()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CONNECT_SECS):
            while peer.connectionState in ("new", "connecting"):
                changed.clear()
                await changed.wait()
    placed.ice, placed.connection = peer.iceConnectionState, peer.connectionState
    if peer.connectionState != "connected":
        return
    placed.connected_ms = 1000 * (time.monotonic() - began)
    await _listen(placed.packets)
    placed.greeted = greeted.is_set()
    for told in (await transceiver.sender.getStats()).values():
        if isinstance(told, RTCRemoteInboundRtpStreamStats):
            placed.round_trip_ms = None if told.roundTripTime is None else 1000 * told.roundTripTime
            placed.sent_lost = told.packetsLost / max(1, told.packetsReceived + told.packetsLost)
    if channel.readyState == "open":
        channel.send('{"type": "bye"}')


async def _offer(peer: RTCPeerConnection, target: Target, page: str | None, placed: Placed) -> bool:
    """Whether it was answered, and the answer could be taken."""
    body = {"sdp": peer.localDescription.sdp, "type": "offer", "test_tone": True}
    headers = {"Content-Type": "application/json"} | ({} if page is None else {"Origin": page})
    try:
        placed.answer = await asyncio.to_thread(
            ask, target, "/api/webrtc/offer", "POST", json.dumps(body).encode(), headers
        )
    except Failed as error:
        placed.problem = reason(error)
        return False
    told = placed.answer.json()
    if placed.answer.status != 200 or not isinstance(told, dict):
        return False
    sdp = str(told.get("sdp", ""))
    placed.candidates = _addresses(sdp)
    try:
        await peer.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
    except Exception:  # whatever a stranger's SDP makes of aiortc's parser
        placed.problem = "the answer's SDP can't be read"
        return False
    return True


def _addresses(sdp: str) -> list[str]:
    """Where the server may be reached, as "10.0.0.5:40000", each once."""
    found = re.findall(r"^a=candidate:\S+ \d+ \S+ \d+ (\S+) (\d+) ", sdp, re.MULTILINE)
    return list(
        dict.fromkeys(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in found)
    )


def _tap(receiver: RTCRtpReceiver, packets: list[Packet]) -> None:
    decoder = new_decoder()

    async def arrived(packet: Any, arrival_time_ms: int) -> None:
        at = time.monotonic()
        with contextlib.suppress(BadAudio):
            pcm = decoder.decode(packet.payload)
            packets.append(Packet(at, packet.sequence_number, packet.timestamp, pcm))

    receiver._handle_rtp_packet = arrived  # type: ignore[method-assign]


async def _listen(packets: list[Packet]) -> None:
    """Until the tone is over, or none comes."""
    began, seen, last = time.monotonic(), 0, None
    while (now := time.monotonic()) < began + LONGEST_SECS:
        last = next((packet.at for packet in reversed(packets[seen:]) if packet.audible), last)
        seen = len(packets)
        if now - (began if last is None else last) > (FIRST_SOUND_SECS if last is None else QUIET_SECS):
            return
        await asyncio.sleep(0.1)


def findings(placed: Placed) -> Iterator[Finding]:
    """offer, media, messages, sound and line, as far as the call came."""
    offer = _of_offer(placed)
    yield offer
    if offer.failed:
        return
    media = _of_media(placed)
    yield media
    if media.failed:
        return
    yield _of_messages(placed)
    tone = line.tone(placed.packets)
    yield _of_sound(tone)
    if tone is not None:
        yield _of_line(tone, placed)


def _of_offer(placed: Placed) -> Finding:
    answer = placed.answer
    if answer is None or placed.problem:
        return Finding("offer", "FAIL", placed.problem, "look at the server's log")
    if answer.status != 200:
        seen = f"refused with {answer.status}{f': {answer.detail}' if answer.detail else ''}"
        return Finding("offer", "FAIL", seen, _INSTEAD.get(answer.problem, "look at the server's log"))
    return Finding("offer", "ok", f"answered within {answer.ms:.0f} ms", figures={"answered_ms": answer.ms})


_INSTEAD = {
    "too-many-sessions": "wait until a session ends, raise spec.sessions.limit, or run another process",
    "too-many-offers": "try again in a second; if that stays, somebody floods it with offers",
    "draining": "call again in a moment: it is about to stop",
    "foreign-origin": "add the page's origin to spec.access.origins in the agent's file",
}


def _of_media(placed: Placed) -> Finding:
    if placed.connected_ms is not None:
        seen = f"connected by UDP within {placed.connected_ms:.0f} ms"
        return Finding("media", "ok", seen, figures={"connected_ms": placed.connected_ms})
    where = printable(", ".join(placed.candidates[:3])) or "no address at all"
    if placed.ice in ("completed", "connected"):
        return Finding(
            "media",
            "FAIL",
            f"packets pass, but the DTLS handshake was not done within {CONNECT_SECS:.0f} s",
            "something on the way drops long datagrams: look at VPNs and at the MTU",
        )
    if placed.candidates and not any(map(_is_public, placed.candidates)):
        instead = "it is reached there from its own network alone: run it where it has an address that callers reach"
    else:
        instead = (
            "let UDP through to it: name the port in spec.media.udp.port, and open that in every firewall"
        )
    return Finding("media", "FAIL", f"no packet gets through: the server named {where} (UDP)", instead)


def _is_public(candidate: str) -> bool:
    host = candidate.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:  # a name
        return True


def _of_messages(placed: Placed) -> Finding:
    if placed.greeted:
        return Finding("messages", "ok", "the data channel brings captions")
    return Finding(
        "messages",
        "warn",
        "the data channel brings nothing: pages show no captions",
        "something on the way drops long datagrams, or the server is too busy: look at `line` and `clock`",
    )


def _of_sound(tone: Tone | None) -> Finding:
    if tone is None:
        return Finding(
            "sound",
            "FAIL",
            "connected, and no sound came",
            "look at the server's log, and at parley_pacer_skipped_ticks_total in /metrics",
        )
    seen = f"{line.HERTZ} Hz for {tone.seconds:.1f} s at {tone.level_db:.0f} dBFS (RMS)"
    figures = {"seconds": tone.seconds, "level_db": tone.level_db, "pure": tone.pure}
    if tone.pure < LEAST_PURE or tone.seconds < LEAST_SECS:
        return Finding(
            "sound",
            "FAIL",
            f"the test tone is damaged: {seen}, right in {tone.pure:.0%}",
            "look at `line`: if that is good, at the server's log",
            figures,
        )
    return Finding("sound", "ok", f"the test tone came: {seen}", figures=figures)


def _of_line(tone: Tone, placed: Placed) -> Finding:
    lost = tone.lost / tone.expected
    figures = {
        "round_trip_ms": placed.round_trip_ms,
        "lost": lost,
        "sent_lost": placed.sent_lost,
        "jitter_ms": tone.jitter_ms,
        "longest_gap_ms": tone.longest_gap_ms,
    }
    there_and_back = "not told" if placed.round_trip_ms is None else f"{placed.round_trip_ms:.0f} ms"
    sent_lost = "not told" if placed.sent_lost is None else f"{placed.sent_lost:.1%}"
    seen = (
        f"round trip {there_and_back}, lost {lost:.1%} here and {sent_lost} there,"
        f" jitter {tone.jitter_ms:.0f} ms, longest gap {tone.longest_gap_ms:.0f} ms"
    )
    bad = [
        name
        for name, value, most in (
            ("round trip", placed.round_trip_ms, MOST_ROUND_TRIP_MS),
            ("loss", max(lost, placed.sent_lost or 0.0), MOST_LOST),
            ("jitter", tone.jitter_ms, MOST_JITTER_MS),
            ("gap", tone.longest_gap_ms, MOST_GAP_MS),
        )
        if value is not None and value > most
    ]
    if not bad:
        return Finding("line", "ok", seen, figures=figures)
    instead = (
        f"{' and '.join(bad)}: try a cable for Wi-Fi and a nearer server, and look whether `clock` is on time"
    )
    return Finding("line", "warn", seen, instead, figures)
