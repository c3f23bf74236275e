"""How a call's audio is coded, and through which UDP port it travels."""

from __future__ import annotations

from pydantic import Field

from parley_api.model import Model


class OpusSettings(Model):
    """How the agent's voice is coded for WebRTC calls."""

    bitrate: int = Field(
        default=64_000, ge=6_000, le=510_000, description="Bits per second of the agent's voice."
    )
    complexity: int = Field(
        default=3,
        ge=0,
        le=10,
        description="What the encoder may spend: 0 costs least, 10 sounds best at low bit rates.",
    )
    dtx: bool = Field(default=True, description="Whether almost nothing is sent while the agent is silent.")


class UdpSettings(Model):
    """The one UDP port that all WebRTC calls of a pod (or `parley run`) share."""

    port: int = Field(default=0, ge=0, le=65_535, description="UDP port of all calls; 0 takes any free one.")
    receive_buffer_bytes: int = Field(
        default=4_194_304,
        ge=65_536,
        le=268_435_456,
        description="Bytes that may wait to be read; the kernel grants at most net.core.rmem_max.",
    )
    send_buffer_bytes: int = Field(
        default=4_194_304,
        ge=65_536,
        le=268_435_456,
        description="Bytes that may wait to be sent; the kernel grants at most net.core.wmem_max.",
    )


class Media(Model):
    """How a WebRTC call's audio is coded, and through which UDP port it travels."""

    opus: OpusSettings = Field(default=OpusSettings(), description="How the agent's voice is coded.")
    connect_timeout_seconds: int = Field(
        default=30, ge=1, le=300, description="Seconds from an offer until its call must be connected."
    )
    udp: UdpSettings = Field(default=UdpSettings(), description="The UDP port that all calls share.")
