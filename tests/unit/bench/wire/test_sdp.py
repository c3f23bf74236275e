"""The client offers what servers take, and reads what they answer."""

from __future__ import annotations

import pytest
from aiortc.sdp import SessionDescription

from tests.bench.wire.sdp import AUDIO_LEVEL, BadAnswerError, Us, read_answer, write_offer

US = Us("abcd1234", "p" * 24, "AB:" * 31 + "CD", 4711, "127.0.0.1", 40_000)
ANSWER = """v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
m=audio 9000 UDP/TLS/RTP/SAVPF 111
c=IN IP4 192.0.2.7
a=rtpmap:111 opus/48000/2
a=extmap:1/recvonly urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=ice-ufrag:ours
a=ice-pwd:secret
a=fingerprint:SHA-256 ab:cd
a=setup:active
a=candidate:f 1 udp 2130706431 192.0.2.7 9000 typ host
a=candidate:g 1 udp 2130706431 2001:db8::1 9000 typ host
a=candidate:h 1 tcp 2130706431 192.0.2.7 9 typ host tcptype active
m=application 9000 UDP/DTLS/SCTP webrtc-datachannel
a=sctp-port:5000
a=max-message-size:65536
a=candidate:f 1 udp 2130706431 192.0.2.7 9000 typ host
"""


def test_an_offer_is_read_by_aiortc_as_one_bundle_of_opus_and_data() -> None:
    description = SessionDescription.parse(write_offer(US, data_channel=True))
    audio, data = description.media
    assert [codec.mimeType for codec in audio.rtp.codecs] == ["audio/opus"]
    assert AUDIO_LEVEL in [extension.uri for extension in audio.rtp.headerExtensions]
    assert (audio.ice_candidates[0].ip, audio.ice_candidates[0].port) == ("127.0.0.1", 40_000)
    assert data.sctp_port == 5000
    assert description.group[0].items == ["0", "1"]


def test_an_offer_without_a_data_channel_has_one_section() -> None:
    assert len(SessionDescription.parse(write_offer(US, data_channel=False)).media) == 1


def test_an_answer_gives_credentials_roles_and_udp_candidates_of_ipv4_once() -> None:
    answer = read_answer(ANSWER.replace("\n", "\r\n"))
    assert (answer.ufrag, answer.password) == ("ours", "secret")
    assert answer.fingerprints == [("sha-256", "AB:CD")]
    assert answer.we_are_server
    assert answer.candidates == [("192.0.2.7", 9000)]
    assert (answer.opus, answer.level_extension) == (111, 1)
    assert (answer.sctp_port, answer.largest_message) == (5000, 65_536)


def test_credentials_may_stand_above_the_sections() -> None:
    moved = ANSWER.replace("a=ice-ufrag:ours\na=ice-pwd:secret\n", "").replace(
        "t=0 0\n", "t=0 0\na=ice-ufrag:theirs\na=ice-pwd:secret\n"
    )
    assert read_answer(moved).ufrag == "theirs"


def test_a_refused_data_section_is_no_data_channel() -> None:
    answer = read_answer(ANSWER.replace("m=application 9000", "m=application 0"))
    assert answer.sctp_port == 0


@pytest.mark.parametrize(
    ("cut", "missing"),
    [
        ("m=audio 9000", "audio"),
        ("a=rtpmap:111 opus/48000/2", "opus"),
        ("a=ice-pwd:secret", "ICE"),
        ("a=fingerprint:SHA-256 ab:cd", "fingerprint"),
    ],
)
def test_an_answer_without_what_a_call_needs_is_told(cut: str, missing: str) -> None:
    with pytest.raises(BadAnswerError, match=missing):
        read_answer(ANSWER.replace(cut, "m=audio 0" if cut.startswith("m=") else "a=nothing"))


def test_what_a_server_plays_at_most_is_48_khz_unless_it_says_less() -> None:
    said = ANSWER.replace("a=setup", "a=fmtp:111 minptime=10;maxplaybackrate=16000;stereo=0\na=setup")
    assert read_answer(ANSWER).playback_rate == 48_000
    assert read_answer(said).playback_rate == 16_000
