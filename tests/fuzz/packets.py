"""What comes as UDP datagrams once a call is secured: RTP with all that stands behind it, RTCP, SCTP.

An input is a list of steps (see `Choices`), so that bytes reach states that no single packet does.
"""

from __future__ import annotations

import asyncio
import functools
import struct
from typing import Any, cast

import numpy as np
from aiortc import RTCDtlsTransport
from aiortc.rtcsctptransport import serialize_packet
from aiortc.rtp import RtcpRrPacket, RtcpSrPacket

from parley_dataplane.media import HEARING_RATE
from parley_dataplane.media.opus import OpusSettings, new_encoder
from parley_dataplane.transports.webrtc.receiver import AudioReceiver, Received
from parley_dataplane.transports.webrtc.rtp import is_rtcp, parse_rtcp, parse_rtp
from parley_dataplane.transports.webrtc.sctp import MOST_CHUNKS, MOST_STREAMS, BoundedSctp
from parley_dataplane.transports.webrtc.sender import AudioSender
from parley_dataplane.transports.webrtc.texts import MOST_CHANNELS, Texts
from tests.fuzz.choices import Choices
from tests.fuzz.invariants import held_bytes
from tests.virtual_time import run

_OPUS = 111
_OURS, _THEIRS = 0x0BADCAFE, 0x12345678
_START = 1_000.0  # seconds of the monotonic clock
_WALL = 1_700_000_000.0
_MOST_HELD = 192 * 1024
"""Bytes of one receiver: a window of packets, and what was decoded ahead of a hole: the seconds that a flood brings."""


def rtp(data: bytes) -> None:
    """A stream with everything wrong that can be: order, numbers, times, sources, payloads."""
    choices = Choices(data)
    receiver = AudioReceiver(_OPUS)
    now, sequence, timestamp, ssrc = _START, choices.number(2), choices.number(4), _THEIRS
    last, steps, listeners = b"", 0, _Listeners()
    while choices and steps < 250:
        steps += 1
        kind = choices.byte()
        payload = _packets()[kind >> 4]
        match kind & 0x0F:
            case 0 | 1 | 2 | 3:
                pass  # the next packet, 20 ms later
            case 4:
                sequence += choices.signed(1)
            case 5:
                sequence += choices.signed(2)
            case 6:
                timestamp += 120 * choices.signed(1)
            case 7:
                timestamp += choices.signed(4)
            case 8:
                payload = choices.text()
            case 9:
                ssrc = _THEIRS + (choices.byte() & 3)
            case 10:
                now += choices.byte() / 50  # and nothing comes: up to 5 s, ticked below
            case 11:
                now -= 0.020  # the next packet comes at the same time
            case 12:
                payload = b""
            case 13:
                last = choices.text()
                listeners.get(receiver.receive(last, now))
                continue
            case 14:
                listeners.get(receiver.receive(last, now))
                continue
            case _:
                receiver.sender_reported(ssrc, choices.number(8), now)
                continue
        sequence, timestamp, now = sequence + 1 & 0xFFFF, timestamp + 960 & 0xFFFFFFFF, now + 0.020
        last = struct.pack("!BBHLL", 0x80, _OPUS, sequence, timestamp, ssrc) + payload
        listeners.get(receiver.receive(last, now))
        listeners.get(receiver.tick(now))
        if steps % 16 == 0:
            assert len(parse_rtcp(receiver.report(_OURS, now))) <= 1
            assert held_bytes(receiver) <= _MOST_HELD, "more is held than the buffer's window"
    for _ in range(50):
        now += 0.020
        listeners.get(receiver.tick(now))
    most = _most_secs(now - _START)
    for samples in (listeners.heard, listeners.sensed):
        assert samples / HEARING_RATE <= most, f"{samples / HEARING_RATE:.1f} s in {now - _START:.1f} s"


def rtcp(data: bytes) -> None:
    """Compound packets, and what the call does with them."""
    choices = Choices(data)
    receiver = AudioReceiver(_OPUS)
    receiver.receive(struct.pack("!BBHLL", 0x80, _OPUS, 1, 0, _THEIRS) + _packets()[0], _START)
    sender = _sender()
    sender.packet(None, _WALL)
    now = 0.0
    while choices:
        now += 0.5
        packet = choices.take(choices.number(2) & 0x3FF)
        is_rtcp(packet)
        parts = parse_rtcp(packet)
        assert len(parts) <= len(packet) // 4
        for part in parts:
            if isinstance(part, RtcpSrPacket):
                receiver.sender_reported(part.ssrc, part.sender_info.ntp_timestamp, _START + now)
            if isinstance(part, RtcpSrPacket | RtcpRrPacket):
                for report in part.reports:
                    sender.reported(report, _WALL + now)
        assert 0 <= sender.peer_lost <= 1
        assert sender.round_trip is None or 0 <= sender.round_trip < 60
        ours = sender.report(_WALL + now) + receiver.report(_OURS, _START + now)
        assert len(parse_rtcp(ours)) == 3
    parse_rtp(data)


class _Dtls:
    """What SCTP asks of DTLS: a state, and a way out that keeps what was sent."""

    state = "connected"
    _role = "server"

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.transport = type("Ice", (), {"role": "controlled"})()

    async def _send_data(self, data: bytes) -> None:
        self.sent.append(data)

    def _register_data_receiver(self, receiver: object) -> None: ...

    def _unregister_data_receiver(self, receiver: object) -> None: ...


def sctp(data: bytes) -> None:
    """Chunks in well-formed packets: before the association is open, or where it is, the peer's numbers from 1 on."""
    run(_sctp(Choices(data)))


async def _sctp(choices: Choices) -> None:
    dtls = _Dtls()
    sctp = BoundedSctp(cast(RTCDtlsTransport, dtls))
    sctp._local_verification_tag = sctp._remote_verification_tag = 7
    sctp._local_tsn = sctp._reconfig_request_seq = 100
    sctp._last_sacked_tsn = sctp._advanced_peer_ack_tsn = 99
    texts = Texts(_nothing, _nothing)
    sctp.on("datachannel", texts.attach)
    await sctp.start(None, 5_000)
    if not choices.byte() & 1:  # else the peer's INIT is yet to come
        sctp._t1_cancel()
        sctp._last_received_tsn, sctp._ssthresh = 0, 65_536
        sctp._set_state(BoundedSctp.State.ESTABLISHED)
    received = 0
    while choices and received < 300:
        received += 1
        kind = choices.byte()
        if kind & 0xC0 == 0xC0:
            texts.send("x" * (kind & 0x3F) * 16)
        elif kind & 0xC0 == 0x80:
            await asyncio.sleep((kind & 0x3F) / 8)
        elif kind == 0x7F:
            await sctp._handle_data(choices.text())
        else:
            await sctp._handle_data(_packet(kind, choices))
        await asyncio.sleep(0)
        held = sum(len(stream.reassembly) for stream in sctp._inbound_streams.values())
        assert held <= 2 * MOST_CHUNKS
        assert len(sctp._sack_misordered) <= MOST_CHUNKS
        assert len(sctp._inbound_streams) <= MOST_STREAMS + 300 * 256
        assert len(texts._channels) <= MOST_CHANNELS
    assert len(dtls.sent) <= 64 * (received + 4), "an answer that is many times what was asked"
    await sctp.stop()
    texts.close()


def _packet(kind: int, choices: Choices) -> bytes:
    """One packet of one chunk, its sum and tag right."""
    flags = choices.byte()
    if kind & 0x3F == 0:  # DATA near what is expected: TSN, stream, its number, protocol
        head = struct.pack(
            "!LHHL", choices.number(2), choices.byte(), choices.byte(), 50 + choices.byte() % 8
        )
        body = head + choices.text()
    else:
        body = choices.text()
    number = (kind & 0x3F) if kind & 0x3F < 16 else (0xC0 if kind & 1 else 0x82)  # FORWARD TSN, RE-CONFIG
    chunk = struct.pack("!BBH", number, flags, len(body) + 4) + body + bytes(-len(body) % 4)
    return serialize_packet(5_000, 5_000, 0 if number == 1 else 7, cast(Any, chunk))


def rtp_seeds() -> list[bytes]:
    start = b"\xff\xf0\xff\xff\xf0\x00"
    packet = bytes((0x80, _OPUS)) + bytes(10)
    extended = bytes((0xB1, _OPUS)) + bytes(14) + b"\xbe\xde\0\1" + bytes(4) + b"\x08audio\0\0\3"
    return [
        start + bytes(range(0, 0x50, 0x10)) * 20,
        start + b"\x00\x04\x02\x00\x04\xfd\x0e\x0e" * 8,
        start + b"\x00\x05\x10\x00\x00\x05\x80\x00\x00" * 6,
        start + b"\x00\x06\x28\x07\x00\x10\x00\x00\x00\x07\xff\xf0\x00\x00" * 6,
        start + b"\x00\x08\x02\x7b\x30\x08\x01\xff\x08\x00\x0c" * 8,
        start + b"\x00\x09\x01\x00\x09\x02" * 20,
        start + b"\x00\x0a\x0a\x00\x0a\xff" * 10,
        start + b"\x0b" * 120,
        start + b"\x0b\x07\x00\x00\xbb\x80" * 60,
        start + b"\x0b\x04\x3e" * 60,
        start
        + b"\x00"
        + b"".join(bytes((13, len(raw))) + raw for raw in (packet, extended))
        + b"\x0e\x0f"
        + bytes(8),
    ]


def rtcp_seeds() -> list[bytes]:
    sender, receiver = _sender(), AudioReceiver(_OPUS)
    sender.packet(None, _WALL)
    receiver.receive(struct.pack("!BBHLL", 0x80, _OPUS, 1, 0, _THEIRS) + _packets()[0], _START)
    block = struct.pack("!LLLLLL", _OURS, 0x10000005, 7, 3, 0x5678_0000, 0x1000)
    nack = struct.pack("!BBHLLHH", 0x81, 205, 3, 1, _OURS, 7, 0x5555)
    remb = struct.pack("!BBHLL4sLL", 0x8F, 206, 5, 1, 0, b"REMB", 0x0100_4000, _OURS)
    reports = [
        sender.report(_WALL),
        receiver.report(_OURS, _START + 1),
        sender.report(_WALL) + sender.goodbye(),
        struct.pack("!BBHL", 0x81, 201, 7, _THEIRS) + block,
        struct.pack("!BBHLQLLL", 0x81, 200, 12, _THEIRS, 0x1234_5678_9ABC_DEF0, 1, 2, 3) + block,
        nack,
        remb,
        struct.pack("!BBHL", 0xA1, 203, 2, 1) + b"\0\0\0\4",
    ]
    return [len(r).to_bytes(2, "big") + r for r in reports] + [
        b"".join(len(r).to_bytes(2, "big") + r for r in reports)
    ]


def sctp_seeds() -> list[bytes]:
    opened = _data(1, 0, b"\x03\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00one")
    said = _data(2, 1, b'{"type":"interrupt"}', protocol=1)
    sack = b"\x03\x00\x10" + struct.pack("!LLHHHH", 100, 65_536, 1, 0, 1, 2)
    forward = b"\x11\x00\x08" + struct.pack("!LHH", 40, 0, 3)
    reset = b"\x10\x00\x12" + struct.pack("!HHLLLH", 13, 18, 1, 1, 50, 0)
    init = b"\x01\x00\x10" + struct.pack("!LLHHL", 7, 65_536, 16, 16, 1)
    steps = [
        opened + said + b"\xc4" + sack + b"\x90",
        opened + b"".join(_data(3 + 2 * n, n, b"piece", flags=4) for n in range(20)),
        opened + b"".join(_data(2 + n, 1, b"x" * 60, flags=2 if n == 0 else 0) for n in range(9)) + said,
        b"".join(
            _data(1 + n, n, b"\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", stream=n) for n in range(7)
        ),
        opened + said + b"\xff" * 20 + sack + b"\xbf" + sack,
        opened + forward + said + reset + b"\xa0" + reset,
        init + b"\x0a\x00\x04abcd" + b"\x0b\x00\x00",
        opened
        + b"\x04\x00\x08\x00\x01\x00\x08beat"
        + b"\x07\x00\x04\0\0\0\1"
        + b"\x08\x00\x00"
        + b"\x0e\x00\x00",
        opened + b"\x06\x00\x00" + said,
        b"\x7f\x20" + bytes(32),
    ]
    return [bytes((begun,)) + step for step in steps for begun in (0, 1)]


def _data(tsn: int, number: int, body: bytes, *, protocol: int = 0, stream: int = 0, flags: int = 3) -> bytes:
    """A DATA chunk as a step of `sctp`; protocol 0 is DCEP, 1 a text (RFC 8831, 8)."""
    return bytes((0, flags)) + struct.pack("!H", tsn) + bytes((stream, number, protocol, len(body))) + body


class _Listeners:
    """Samples that each of the two who listen has got: who hears in order, and who senses on arrival."""

    def __init__(self) -> None:
        self.heard = self.sensed = 0

    def get(self, received: Received) -> None:
        for pcm in (*received.heard, *received.sensed):
            assert pcm.dtype == np.int16
            assert pcm.ndim == 1
        self.heard += sum(map(len, received.heard))
        self.sensed += sum(map(len, received.sensed))


def _most_secs(elapsed: float) -> float:
    """Twice real time for ever, two seconds on top (a network that delivers at once what it held back), and a second
    that a gap may be filled with before its length is known.
    """
    return 2 * elapsed + 3.0


def _sender() -> AudioSender:
    return AudioSender(
        ssrc=_OURS,
        cname="someone",
        payload_type=_OPUS,
        sequence=0,
        timestamp=0,
        extensions={},
        mid="0",
        settings=OpusSettings(complexity=0),
    )


@functools.cache
def _packets() -> list[bytes]:
    """Sixteen payloads of a tone, 20 ms each."""
    encoder = new_encoder(OpusSettings(bitrate=16_000, complexity=0))
    tone = (6_000 * np.sin(np.arange(16 * 480) * 0.115)).astype(np.int16)
    return [encoder.encode(tone[480 * n : 480 * (n + 1)]) for n in range(16)]


def _nothing(*_: object) -> None:
    return None
