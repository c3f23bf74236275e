"""The SDP of a call as this client offers it, and what it needs to know of an answer (RFC 8866, RFC 9429). Pure.

The offer is what Chrome's is for one microphone and, if asked for, a data channel, in one bundle.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

OPUS = 111
"""Payload type, as Chrome numbers it."""

AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
EXTENSIONS = {
    1: AUDIO_LEVEL,
    2: "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    4: "urn:ietf:params:rtp-hdrext:sdes:mid",
}


class BadAnswerError(Exception):
    """The server's answer lacks something without which there is no call."""


@dataclass(frozen=True)
class Us:
    """Our side: ICE's credentials, the certificate's SHA-256, the source number, where we listen."""

    ufrag: str
    password: str
    fingerprint: str
    ssrc: int
    address: str
    port: int


@dataclass(frozen=True)
class Answer:
    """The peer's side. `candidates` are (address, port) of UDP over IPv4; `we_are_server`: of DTLS.

    `level_extension` is 0 where the peer does not take audio levels, `sctp_port` where it takes no data channel;
    `playback_rate` is the highest sampling rate in Hz that it can use (RFC 7587, 6.1).
    """

    ufrag: str
    password: str
    fingerprints: Sequence[tuple[str, str]]
    we_are_server: bool
    candidates: Sequence[tuple[str, int]]
    opus: int
    playback_rate: int
    level_extension: int
    sctp_port: int
    largest_message: int


def write_offer(us: Us, *, data_channel: bool) -> str:
    """Return a whole offer: its one candidate is in it."""
    transport = [
        f"a=ice-ufrag:{us.ufrag}",
        f"a=ice-pwd:{us.password}",
        f"a=fingerprint:sha-256 {us.fingerprint}",
        "a=setup:actpass",
        f"a=candidate:1 1 udp 2130706431 {us.address} {us.port} typ host",
        "a=end-of-candidates",
    ]
    lines = [
        "v=0",
        f"o=- {us.ssrc} 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {'0 1' if data_channel else '0'}",
        "a=msid-semantic: WMS microphone",
        f"m=audio {us.port} UDP/TLS/RTP/SAVPF {OPUS}",
        f"c=IN IP4 {us.address}",
        "a=rtcp:9 IN IP4 0.0.0.0",
        *transport,
        "a=mid:0",
        *(f"a=extmap:{number} {uri}" for number, uri in EXTENSIONS.items()),
        "a=sendrecv",
        "a=msid:microphone track",
        "a=rtcp-mux",
        f"a=rtpmap:{OPUS} opus/48000/2",
        f"a=fmtp:{OPUS} minptime=10;useinbandfec=1",
        f"a=ssrc:{us.ssrc} cname:bench",
        f"a=ssrc:{us.ssrc} msid:microphone track",
    ]
    if data_channel:
        lines += [
            f"m=application {us.port} UDP/DTLS/SCTP webrtc-datachannel",
            f"c=IN IP4 {us.address}",
            *transport,
            "a=mid:1",
            "a=sctp-port:5000",
            "a=max-message-size:262144",
        ]
    return "\r\n".join(lines) + "\r\n"


@dataclass
class _Section:
    kind: str
    port: int
    attributes: dict[str, list[str]] = field(default_factory=dict)

    def first(self, name: str, default: str = "") -> str:
        return (self.attributes.get(name) or [default])[0]


def read_answer(text: str) -> Answer:
    """Return what `text` says; raises BadAnswerError naming what is missing."""
    session, sections = _Section("", 0), []
    for line in text.splitlines():
        if line.startswith("m="):
            kind, port = line[2:].split()[:2]
            sections.append(_Section(kind, int(port)))
        elif line.startswith("a="):
            name, _, value = line[2:].partition(":")
            (sections[-1] if sections else session).attributes.setdefault(name, []).append(value)
    audio = next((s for s in sections if s.kind == "audio" and s.port), None)
    if audio is None:
        raise BadAnswerError("no audio section that is not refused")
    data = next((s for s in sections if s.kind == "application" and s.port), None)

    def of_transport(name: str) -> list[str]:
        return next((s.attributes[name] for s in (audio, session, *sections) if name in s.attributes), [])

    ufrag, password = of_transport("ice-ufrag"), of_transport("ice-pwd")
    fingerprints = [tuple(value.split(maxsplit=1)) for value in of_transport("fingerprint")]
    candidates = [c for s in sections for c in map(_candidate, s.attributes.get("candidate", [])) if c]
    if not (ufrag and password and fingerprints and candidates):
        raise BadAnswerError("no ICE credentials, no fingerprint or no candidate of UDP over IPv4")
    return Answer(
        ufrag=ufrag[0],
        password=password[0],
        fingerprints=[(name.lower(), value.upper()) for name, value in fingerprints],
        we_are_server=(of_transport("setup") or ["active"])[0] == "active",
        candidates=list(dict.fromkeys(candidates)),
        opus=_opus(audio),
        playback_rate=_playback_rate(audio),
        level_extension=_extension(audio, AUDIO_LEVEL),
        sctp_port=int(data.first("sctp-port", "5000")) if data else 0,
        largest_message=int(data.first("max-message-size", "65536")) if data else 0,
    )


def _candidate(value: str) -> tuple[str, int] | None:
    words = value.split()
    if len(words) < 8 or words[1] != "1" or words[2].lower() != "udp" or ":" in words[4]:
        return None
    return words[4], int(words[5])


def _opus(audio: _Section) -> int:
    for value in audio.attributes.get("rtpmap", []):
        number, _, codec = value.partition(" ")
        if codec.lower().startswith("opus/48000"):
            return int(number)
    raise BadAnswerError("the audio section names no opus/48000")


def _playback_rate(audio: _Section) -> int:
    found = re.search(r"\bmaxplaybackrate=(\d+)", " ".join(audio.attributes.get("fmtp", [])))
    return int(found[1]) if found else 48_000


def _extension(audio: _Section, wanted: str) -> int:
    for value in audio.attributes.get("extmap", []):
        number, _, uri = value.partition(" ")
        if uri.split()[0] == wanted:
            return int(number.partition("/")[0])
    return 0
