"""Texts of strangers: SDP offers, the JSON of every door, and what wraps an uploaded recording."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from parley_dataplane.errors import BadSdp, PeerError
from parley_dataplane.protocols import alice, duplex, fastrtc, fastrtc_http, signaling, talk
from parley_dataplane.session_settings import MAX_TYPED_CHARS
from parley_dataplane.transports.webrtc.sdp import (
    MOST_CANDIDATES,
    MOST_SECTIONS,
    Local,
    read_offer,
    write_answer,
)
from parley_dataplane.transports.webrtc.texts import LONGEST_TEXT, Texts
from tests.fuzz.invariants import refused
from tests.fuzz.port import CANDIDATES

_DIGEST = ":".join(["AB"] * 32)
_LOCAL = Local(
    ufrag="ours",
    password="p" * 22,
    fingerprints=[("sha-256", _DIGEST)],
    candidates=[("192.0.2.9", 40_000, "x 1 udp 1 192.0.2.9 40000 typ host")],
    ssrc=77,
    cname="someone",
)
_ANSWER_PER_SECTION = 1_024
"""Bytes of an answer for each section, on top of what it repeats of the offer."""


def sdp(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    offer = refused(lambda: read_offer(text))
    if isinstance(offer, PeerError):
        assert isinstance(offer, BadSdp)
        return
    assert len(offer.sections) <= MOST_SECTIONS
    assert len(offer.candidates) <= MOST_CANDIDATES
    assert 0 <= offer.opus < 64 or 96 <= offer.opus < 128
    assert 0 <= offer.sctp_port <= 65_535
    assert all(1 <= number <= 14 for number in offer.extensions.values())
    answer = write_answer(offer, _LOCAL)
    lines = answer.split("\r\n")
    assert len(answer) <= len(text) + _ANSWER_PER_SECTION * (1 + len(offer.sections)), "longer than it may be"
    assert lines.pop() == ""
    assert all(line[1:2] == "=" and line == line.strip() for line in lines), "a line of the peer's making"
    assert sum(line.startswith("m=") for line in lines) == len(offer.sections), "each section has its answer"
    assert sum(line == "a=sctp-port:5000" for line in lines) == (offer.data is not None)
    # Our own answer is an offer that we can read, with the roles turned round.
    again = read_offer(answer.replace("a=setup:passive", "a=setup:actpass").replace("\r\n", "\n"))
    assert (again.opus, again.audio, again.ufrag) == (offer.opus, offer.audio, _LOCAL.ufrag)


def messages(data: bytes) -> None:
    """One message to each door: read, answered or refused, and what is read has its bounds."""
    text = data.decode("utf-8", "replace")
    assert signaling.kind_of(text) in signaling.KINDS
    for parse in _PARSERS:
        message = refused(lambda parse=parse: parse(text))  # type: ignore[misc]
        again = refused(lambda parse=parse: parse(text))  # type: ignore[misc]
        assert repr(message) == repr(again)
        match message:
            case talk.Text(typed):
                assert len(typed) <= MAX_TYPED_CHARS
            case signaling.Candidate(line) if line is not None:
                assert len(line) <= 1_024
                json.dumps(message.as_dict()).encode()
            case fastrtc.Config() | fastrtc.StartSession():
                config = message if isinstance(message, fastrtc.Config) else message.config
                json.loads(fastrtc.render_config(config))
                assert all(
                    value is None or isinstance(value, str | int | float)
                    for value in config.settings().values()
                )
            case fastrtc.Audio(audio):
                assert len(audio) <= len(text)
    for parse_body in (alice.parse_offer, alice.parse_stop):
        refused(lambda parse_body=parse_body: parse_body(data))  # type: ignore[misc]
    heard: list[str] = []
    texts = Texts(heard.append, _nothing)
    for message in (text, data, text + "\0" * (LONGEST_TEXT - 8)):
        texts._receive(message)
    assert texts.refused == 1 + (len(text) > 8)


def upload(data: bytes) -> None:
    """A body of /process behind the line of its Content-Type: refused, or a recording that lies within it."""
    kind, _, body = data.partition(b"\n")
    recording = refused(lambda: fastrtc_http.parse_recording(kind.decode("latin-1"), body, None))
    if isinstance(recording, fastrtc_http.Recording):
        assert len(recording.data) <= len(body)
        assert recording.session_id is None or len(recording.session_id) <= len(body)
    refused(lambda: fastrtc_http.parse_create(body))


def sdp_seeds() -> list[bytes]:
    audio = _CHROMIUM.split("m=video")[0].replace("BUNDLE 0 1 2", "BUNDLE 0")
    return [
        offer.strip().replace("\n", ending).replace("DIGEST", _DIGEST).encode() + ending.encode()
        for offer in (_CHROMIUM, _FIREFOX, _AIORTC, audio, audio.replace("m=audio 51000", "m=audio 0"))
        for ending in ("\r\n", "\n")
    ]


def messages_seeds() -> list[bytes]:
    candidate: dict[str, Any] = {"candidate": f"candidate:{CANDIDATES[0]}", "sdpMid": "0", "sdpMLineIndex": 0}
    bodies: list[Any] = [
        *({"type": kind} for kind in ("interrupt", "bye", "ping", "end_session", "start_session", "offer")),
        {"type": "text", "text": "What are your opening hours? \U0001f642"},
        {"type": "offer", "sdp": "v=0\r\ns=-\r\n"},
        {"type": "offer", "sdp": "v=0\r\ns=-\r\n", "test_tone": True},
        {"type": "candidate", **candidate},
        {"type": "ice-candidate", "candidate": candidate},
        {"type": "ice_candidate", "candidate": None},
        {
            "type": "start_session",
            "user_id": "u1",
            "config": {"vad_threshold": 0.5, "silence_timeout_ms": 800},
        },
        {"type": "config", "max_audio_duration_ms": 30_000, "language": "en", "voice_id": "default"},
        {"type": "audio_base64", "data": "UklGRiQAAABXQVZF"},
        {"type": "audio_base64", "data": "data:audio/wav;base64,UklG Ri\n Q"},
        {"session_id": "a" * 36},
        [1, 2.5, -3e7, True, None, {"a": {}}],
    ]
    texts = [json.dumps(body) for body in bodies]
    odd = ["[" * 2_000, "1" * 400, "NaN", '{"type":1e999}', '{"type":"text","text":"\\ud800"}', '"\\u0000"']
    return [text.encode() for text in texts + odd] + [
        texts[1].encode("utf-16"),
        texts[1].encode("utf-8-sig"),
        b"\xff",
    ]


def upload_seeds() -> list[bytes]:
    file = b"RIFF\x24\0\0\0WAVEfmt "
    part = b'--xyz\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
    form = (
        part % (b"session_id", b"", b"rtc_1")
        + part % (b"audio", b'; filename="a.wav"', file)
        + b"--xyz--\r\n"
    )
    raw = part % (b"audio", b"; filename*=utf-8''a.pcm\r\nContent-Type: audio/pcm; rate=16000", b"\0" * 8)
    return [
        b"audio/wav\n" + file,
        b"audio/l16; rate=16000; channels=1\n" + b"\0" * 8,
        b"multipart/form-data; boundary=xyz\n" + form,
        b'multipart/form-data; boundary="xyz"\n' + raw + b"--xyz--",
        b'application/json\n{"data": "UklGRiQAAABXQVZFZm10IA==", "session_id": "rtc_1"}',
        b'\n{"user_id": "u", "config": {"vad_threshold": 0.5}, "session_id": "rtc_1"}',
    ]


def _nothing(*_: object) -> None:
    return None


_PARSERS: tuple[Callable[[str], object], ...] = (talk.parse, duplex.parse, fastrtc.parse, signaling.parse)

# As Chromium 150, Firefox 140 and aiortc 1.16 write them, shortened.
_CHROMIUM = """
v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1 2
a=extmap-allow-mixed
a=msid-semantic: WMS stream
m=audio 51000 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
c=IN IP4 192.0.2.1
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:1 1 udp 2122260223 6f1c4b5a-6a8f-4f3c-9f1e-1c2d3e4f5a6b.local 51000 typ host generation 0
a=ice-ufrag:4ZcD
a=ice-pwd:2/1muCWoOi3uLifh0NuRHlBc
a=ice-options:trickle
a=fingerprint:sha-256 DIGEST
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendrecv
a=msid:stream track
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:9 G722/8000
m=video 9 UDP/TLS/RTP/SAVPF 96 97
c=IN IP4 0.0.0.0
a=ice-ufrag:4ZcD
a=ice-pwd:2/1muCWoOi3uLifh0NuRHlBc
a=fingerprint:sha-256 DIGEST
a=setup:actpass
a=mid:1
a=recvonly
a=rtcp-mux
a=rtpmap:96 VP8/90000
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:4ZcD
a=ice-pwd:2/1muCWoOi3uLifh0NuRHlBc
a=fingerprint:sha-256 DIGEST
a=setup:actpass
a=mid:2
a=sctp-port:5000
a=max-message-size:262144
"""
_FIREFOX = """
v=0
o=mozilla...THIS_IS_SDPARTA-99.0 8273648273642 0 IN IP4 0.0.0.0
s=-
t=0 0
a=sendrecv
a=fingerprint:sha-256 DIGEST
a=group:BUNDLE 0 1
a=ice-options:trickle
a=msid-semantic:WMS *
m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101
c=IN IP4 0.0.0.0
a=sendrecv
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level
a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid
a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1
a=fmtp:101 0-15
a=ice-pwd:5c7d9e1f3a5b7c9d1e3f5a7b9c1d3e5f
a=ice-ufrag:9b1d3f5a
a=mid:0
a=msid:{a} {b}
a=rtcp-mux
a=rtpmap:109 opus/48000/2
a=rtpmap:9 G722/8000/1
a=setup:actpass
a=ssrc:1234567890 cname:{c}
m=application 0 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=bundle-only
a=ice-pwd:5c7d9e1f3a5b7c9d1e3f5a7b9c1d3e5f
a=ice-ufrag:9b1d3f5a
a=mid:1
a=setup:actpass
a=sctp-port:5000
a=max-message-size:1073741823
"""
_AIORTC = """
v=0
o=- 3941272381 3941272381 IN IP4 0.0.0.0
s=-
t=0 0
a=group:BUNDLE 0 1
a=msid-semantic:WMS *
m=audio 40123 UDP/TLS/RTP/SAVPF 96 9 0 8
c=IN IP6 2001:db8::7
a=sendonly
a=mid:0
a=rtcp:9 IN IP4 0.0.0.0
a=rtcp-mux
a=ssrc:3735928559 cname:3f2504e0
a=rtpmap:96 opus/48000/2
a=candidate:c3c2a1 1 udp 2130706431 2001:db8::7 40123 typ host
a=end-of-candidates
a=ice-ufrag:dGhp
a=ice-pwd:c2lzYXBhc3N3b3Jkb2ZJQ0
a=fingerprint:sha-384 DIGEST
a=fingerprint:sha-256 DIGEST
a=setup:active
m=application 40123 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 192.0.2.1
a=mid:1
a=sctp-port:5000
a=max-message-size:65536
a=ice-ufrag:dGhp
a=ice-pwd:c2lzYXBhc3N3b3Jkb2ZJQ0
a=fingerprint:sha-256 DIGEST
a=setup:active
"""
