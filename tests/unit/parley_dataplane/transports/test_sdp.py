"""Which offers are answered, and how; which are refused, and with what sentence."""

from __future__ import annotations

import random
import re

import pytest

from parley_dataplane.errors import BadSdp
from parley_dataplane.transports.webrtc.sdp import LARGEST_SDP, Local, read_offer, write_answer

DIGEST = ":".join(["AB"] * 32)

# As Chromium 150 writes it, shortened.
CHROMIUM = f"""v=0
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
a=candidate:2 1 udp 2122260222 192.0.2.1 51000 typ host generation 0
a=ice-ufrag:4ZcD
a=ice-pwd:2/1muCWoOi3uLifh0NuRHlBc
a=ice-options:trickle
a=fingerprint:sha-256 {DIGEST}
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendrecv
a=msid:stream track
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=rtpmap:9 G722/8000
m=video 9 UDP/TLS/RTP/SAVPF 96 97
c=IN IP4 0.0.0.0
a=ice-ufrag:4ZcD
a=ice-pwd:2/1muCWoOi3uLifh0NuRHlBc
a=fingerprint:sha-256 {DIGEST}
a=setup:actpass
a=mid:1
a=sendrecv
a=rtcp-mux
a=rtpmap:96 VP8/90000
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:4ZcD
a=ice-pwd:2/1muCWoOi3uLifh0NuRHlBc
a=fingerprint:sha-256 {DIGEST}
a=setup:actpass
a=mid:2
a=sctp-port:5000
a=max-message-size:262144
""".replace("\n", "\r\n")

LOCAL = Local(
    ufrag="ours",
    password="p" * 22,
    fingerprints=[("sha-256", DIGEST)],
    candidates=[("192.0.2.9", 40_000, "x 1 udp 1 192.0.2.9 40000 typ host")],
    ssrc=77,
    cname="someone",
)


def without(pattern: str, text: str = CHROMIUM) -> str:
    return re.sub(rf"(?m)^{pattern}\r\n", "", text)


def sections(answer: str) -> list[str]:
    return answer.split("m=")[1:]


def test_a_browsers_offer_is_read() -> None:
    offer = read_offer(CHROMIUM)
    assert (offer.audio, offer.data, offer.transport, offer.bundle) == (0, 2, 0, ("0", "1", "2"))
    assert (offer.opus, offer.mid, offer.direction, offer.our_setup) == (111, "0", "sendrecv", "active")
    assert (offer.sctp_port, offer.largest_message) == (5_000, 262_144)
    assert sorted(offer.extensions.values()) == [1, 2, 4]
    assert len(offer.candidates) == 2


def test_the_answer_is_mono_opus_with_fec_under_the_offered_number() -> None:
    audio = sections(write_answer(read_offer(CHROMIUM), LOCAL))[0]
    assert audio.startswith("audio 40000 UDP/TLS/RTP/SAVPF 111\r\n")
    assert "a=rtpmap:111 opus/48000/2\r\n" in audio
    fmtp = re.search(r"a=fmtp:111 (.*)\r\n", audio)
    assert fmtp is not None
    assert {"useinbandfec=1", "stereo=0"} <= set(fmtp[1].split(";"))


def test_the_peer_is_asked_for_no_more_than_is_heard() -> None:
    audio = sections(write_answer(read_offer(CHROMIUM), LOCAL))[0]
    fmtp = re.search(r"a=fmtp:111 (.*)\r\n", audio)
    assert fmtp is not None
    assert {"maxplaybackrate=16000", "maxaveragebitrate=32000"} <= set(fmtp[1].split(";"))


def test_video_is_refused_without_leaving_the_bundle() -> None:
    answer = write_answer(read_offer(CHROMIUM), LOCAL)
    assert "a=group:BUNDLE 0 1 2\r\n" in answer
    video = sections(answer)[1]
    assert "a=inactive\r\n" in video
    assert "a=sendrecv" not in video


def test_what_is_outside_the_bundle_is_refused_by_port_0() -> None:
    answer = write_answer(read_offer(CHROMIUM.replace("BUNDLE 0 1 2", "BUNDLE 0 2")), LOCAL)
    assert "a=group:BUNDLE 0 2\r\n" in answer
    assert [section.split()[1] for section in sections(answer)] == ["40000", "0", "40000"]


def test_without_a_bundle_audio_is_answered_and_data_refused() -> None:
    offer = read_offer(without("a=group:.*"))
    assert (offer.data, offer.bundle) == (None, ())
    assert [section.split()[1] for section in sections(write_answer(offer, LOCAL))] == ["40000", "0", "0"]


def test_the_transport_is_that_of_the_bundles_first_section() -> None:
    offer = read_offer(CHROMIUM.replace("BUNDLE 0 1 2", "BUNDLE 2 0 1"))
    assert offer.transport == 2
    assert ["a=candidate" in section for section in sections(write_answer(offer, LOCAL))] == [
        False,
        False,
        True,
    ]


def test_credentials_of_the_session_hold_for_sections_without_their_own() -> None:
    bare = without("a=(ice-ufrag|ice-pwd|fingerprint|setup):.*")
    session = (
        f"a=ice-ufrag:abcd\r\na=ice-pwd:{'x' * 22}\r\na=fingerprint:sha-256 {DIGEST}\r\na=setup:passive\r\n"
    )
    offer = read_offer(bare.replace("m=audio", session + "m=audio"))
    assert (offer.ufrag, offer.our_setup) == ("abcd", "active")


@pytest.mark.parametrize(
    ("theirs", "ours"), [("sendrecv", "sendrecv"), ("sendonly", "recvonly"), ("recvonly", "sendonly")]
)
def test_the_direction_is_answered_by_its_mirror(theirs: str, ours: str) -> None:
    offer = read_offer(CHROMIUM.replace("a=sendrecv", f"a={theirs}", 1))
    assert offer.direction == ours
    assert f"a={ours}\r\n" in sections(write_answer(offer, LOCAL))[0]
    assert offer.we_send == (ours != "recvonly")


def test_of_two_audio_sections_the_first_with_opus_is_answered() -> None:
    g711 = CHROMIUM[CHROMIUM.index("m=audio") : CHROMIUM.index("m=video")]
    g711 = g711.replace("opus/48000/2", "PCMU/8000").replace("a=mid:0", "a=mid:9")
    offer = read_offer(CHROMIUM.replace("m=audio", g711 + "m=audio", 1))
    assert (offer.audio, offer.mid) == (1, "0")


@pytest.mark.parametrize(
    ("offer", "sentence"),
    [
        pytest.param("", "v=0", id="nothing"),
        pytest.param("hello", "v=0", id="no-sdp"),
        pytest.param("v=0\r\n", "no audio section", id="no-sections"),
        pytest.param(CHROMIUM.replace("m=audio 51000", "m=audio 0"), "no audio section", id="audio-refused"),
        pytest.param(CHROMIUM.replace("m=audio", "m=text"), "no audio section", id="no-audio"),
        pytest.param(CHROMIUM.replace("opus/48000", "iLBC/8000"), "opus/48000", id="no-opus"),
        pytest.param(CHROMIUM.replace("rtpmap:111", "rtpmap:abc"), "opus/48000", id="payload-type-no-number"),
        pytest.param(CHROMIUM.replace("111", "72"), "opus/48000", id="payload-type-of-rtcp"),
        pytest.param(CHROMIUM.replace("a=sendrecv", "a=inactive"), "inactive", id="inactive"),
        pytest.param(without("a=ice-ufrag:.*"), "a=ice-ufrag", id="no-ufrag"),
        pytest.param(without("a=ice-pwd:.*"), "a=ice-pwd", id="no-password"),
        pytest.param(without("a=fingerprint:.*"), "a=fingerprint", id="no-fingerprint"),
        pytest.param(CHROMIUM.replace("sha-256", "md5"), "a=fingerprint", id="weak-fingerprint"),
        pytest.param(CHROMIUM.replace(DIGEST, "AB:CD"), "a=fingerprint", id="short-fingerprint"),
        pytest.param(CHROMIUM.replace("actpass", "holdconn"), "offer actpass", id="wrong-setup"),
        pytest.param(without("a=rtcp-mux"), "a=rtcp-mux", id="no-rtcp-mux"),
        pytest.param(CHROMIUM.replace("m=video 9", "m=video x"), "line m=", id="broken-media-line"),
        pytest.param(CHROMIUM.replace("a=mid:1", "a=mid:0"), "the same a=mid", id="a-mid-twice"),
        pytest.param(CHROMIUM + "a=x:y\r\n" * 10_000, f"at most {LARGEST_SDP}", id="huge"),
        pytest.param(
            CHROMIUM + "m=x 1 Y 1\r\n".replace("x", "text") * 40, "more than 32", id="many-sections"
        ),
    ],
)
def test_an_offer_that_can_not_be_answered_says_why(offer: str, sentence: str) -> None:
    with pytest.raises(BadSdp, match=re.escape(sentence)):
        read_offer(offer)


def test_however_an_offer_is_damaged_it_is_answered_or_refused() -> None:
    rng = random.Random(23)
    answered = 0
    for _ in range(3_000):
        text = list(CHROMIUM)
        for _ in range(rng.randrange(1, 12)):
            at = rng.randrange(len(text))
            text[at : at + rng.choice((0, 1, 1, 40))] = rng.choice(
                ("", "\r\n", " ", "m=", ":", "é", "0", "a=")
            )
        try:
            answer = write_answer(read_offer("".join(text)), LOCAL)
        except BadSdp:
            continue
        answered += 1
        assert answer.startswith("v=0\r\n")
    assert answered > 100
