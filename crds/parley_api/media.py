"""How a call's audio is coded, through which UDP port it travels, and which servers help it on its way.

On a cluster, `reach` says how it comes to a pod: never through a Service, for kube-proxy drops what it knows of a UDP
flow when the flow's pod begins to end.
"""

from __future__ import annotations

from typing import Annotated, NotRequired, cast

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from parley_api.access import HOST, PORT
from parley_api.metadata import ObjectName
from parley_api.model import Model, OneOf, Rule, cel_rules

ICE_LOGIN = Rule(
    "has(self.username) == has(self.credential)"
    " && (has(self.username) || !self.urls.exists(url, url.startsWith('turn')))",
    "write username and credential together: a turn: server asks for both, a stun: server for neither",
)
ALLOTTED = Rule(
    "!has(self.reach.hostPort) || self.udp.port == 0",
    "write udp.port: 0, or leave it out, beside reach.hostPort: the operator allots the port",
    ".udp.port",
)


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


IceUrl = Annotated[
    str,
    Field(
        min_length=1,
        max_length=300,
        pattern=rf"^(stuns?:{HOST}(:{PORT})?|turns?:{HOST}(:{PORT})?(\?transport=(udp|tcp))?)$",
        json_schema_extra={
            "x-advice": "stun:host, stuns:host, turn:host or turns:host, with a :port where it is not the usual one,"
            " such as stun:stun.example.com:3478; a turn: may end in ?transport=tcp"
        },
    ),
]
"""RFC 7064 and RFC 7065."""


class RtcIceServer(TypedDict):
    """An RTCIceServer, as a client's RTCPeerConnection takes it."""

    urls: list[str]
    username: NotRequired[str]
    credential: NotRequired[str]


class IceServer(Model):
    """A STUN or TURN server, in the words of WebRTC's RTCIceServer."""

    model_config = ConfigDict(json_schema_extra=cel_rules(ICE_LOGIN))

    urls: list[IceUrl] = Field(
        min_length=1,
        max_length=8,
        description="Where it is. Clients use all of them, the server itself those that begin with stun: alone.",
    )
    username: str | None = Field(
        default=None, min_length=1, max_length=512, description="The name that a turn: server asks for."
    )
    credential: str | None = Field(
        default=None,
        min_length=1,
        max_length=512,
        repr=False,
        description="The password that a turn: server asks for. Whoever may call is told it.",
        json_schema_extra={"format": "password"},
    )

    def as_client_knows_it(self) -> RtcIceServer:
        """With WebRTC's own names."""
        return cast(RtcIceServer, self.model_dump(by_alias=True, exclude_none=True))


TurnUri = Annotated[
    str,
    Field(
        min_length=1,
        max_length=300,
        pattern=rf"^turns?:{HOST}(:{PORT})?(\?transport=(udp|tcp))?$",
        json_schema_extra={
            "x-advice": "turn:host or turns:host, with a :port where it is not the usual one, such as"
            " turn:turn.example.com:3478; it may end in ?transport=tcp"
        },
    ),
]
"""RFC 7065."""


class PodAddress(Model):
    """Callers reach the pods' own addresses: within the cluster, or where the network routes them."""


class Turn(Model):
    """Callers reach the pods through a TURN server."""

    uris: list[TurnUri] = Field(
        min_length=1,
        max_length=8,
        description="Where it is.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    secret_name: ObjectName = Field(
        description="Name of the Secret with the keys username and credential, by which it lets callers in."
    )


class HostPort(Model):
    """Callers reach a UDP port of the pod's node, allotted by the operator: one of an agent's pods per node. Namespaces
    that enforce Pod Security baseline or restricted refuse it.
    """


class Reach(OneOf):
    """How a call's audio comes to a pod of a cluster: exactly one member."""

    pod_address: PodAddress | None = Field(default=None, description="By the pod's own address.")
    turn: Turn | None = Field(default=None, description="Through a TURN server.")
    host_port: HostPort | None = Field(
        default=None, description="By a UDP port of its node, which the operator allots."
    )


class Media(Model):
    """How a WebRTC call's audio is coded, and how it travels."""

    model_config = ConfigDict(json_schema_extra=cel_rules(ALLOTTED))

    opus: OpusSettings = Field(default=OpusSettings(), description="How the agent's voice is coded.")
    connect_timeout_seconds: int = Field(
        default=30, ge=1, le=300, description="Seconds from an offer until its call must be connected."
    )
    udp: UdpSettings = Field(default=UdpSettings(), description="The UDP port that all calls share.")
    ice_servers: list[IceServer] = Field(
        default_factory=list,
        max_length=8,
        description="STUN and TURN servers by which clients, and the server itself, find a way through a NAT.",
    )
    reach: Reach = Field(
        default=Reach(pod_address=PodAddress()),
        description="How audio comes to a pod, on a cluster.",
    )
