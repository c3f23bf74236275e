"""What is read of a packet, and what is made of one that is damaged."""

from __future__ import annotations

from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensionsMap, RtpPacket

from parley_dataplane.transports.webrtc.rtp import parse_rtp
from parley_dataplane.transports.webrtc.sdp import MID


def test_a_packet_is_read_past_sources_extension_and_padding() -> None:
    packet = RtpPacket(payload_type=111, sequence_number=5, timestamp=6, ssrc=7, payload=b"abc")
    packet.csrc = [1, 2]
    packet.extensions.mid = "0"
    packet.padding_size = 4
    extensions = HeaderExtensionsMap()
    extensions.configure(RTCRtpParameters(headerExtensions=[RTCRtpHeaderExtensionParameters(id=4, uri=MID)]))
    assert parse_rtp(packet.serialize(extensions)) == (111, 5, 6, 7, b"abc")
