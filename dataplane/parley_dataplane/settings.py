"""What the environment sets: the one reader of environment variables, each of which overrides the agent's file.

Rules: the names are those that the older systems had, so that their deployments go on unchanged; docs/settings.md lists
them. A wrong value is a BadSetting that says what to write; it is never guessed. A variable that is empty is not set.
A secret is read when its engine is made, and is in no Settings: those are printed. The login of a TURN server is no
such secret, as every caller is told it; it is not printed all the same.
"""

from __future__ import annotations

import ipaddress
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import ValidationError

from parley_api import VoiceAgent
from parley_api.kinds import VOICE_AGENT
from parley_api.media import IceServer
from parley_api.model import Model
from parley_api.schema import Schema, object_schema

LOG_LEVELS = ("debug", "info", "warning", "error")

DRAIN = "PARLEY_DRAIN_SECONDS"
LONGEST_DRAIN_SECS = 86_400
"""As long as the longest call may be."""

MEDIA_ADDRESS = "PARLEY_MEDIA_ADDRESS"
TURN_URIS, TURN_USERNAME, TURN_CREDENTIAL = (
    f"PARLEY_TURN_{what}" for what in ("URIS", "USERNAME", "CREDENTIAL")
)
TRUST = "PARLEY_TRUST_ENVIRONMENT"
OF_A_POD = ((MEDIA_ADDRESS,), (TURN_URIS, TURN_USERNAME, TURN_CREDENTIAL), (TRUST,))
"""What a pod is told of its surroundings, which its agent's file can't know."""

LARGEST_CHUNK = 16 * 1024 * 1024
"""Bytes of one message (server.MAX_MESSAGE_BYTES)."""


class BadSetting(ValueError):
    """An environment variable that can't be used: which, what was seen, what to write."""


@dataclass(frozen=True, slots=True)
class Variable:
    """`names` of one and the same setting; the `field` below `spec` that it overrides, whose bounds hold."""

    names: tuple[str, ...]
    field: str
    unit: str

    @property
    def schema(self) -> Schema:
        """Of the field, as the CRD has it."""
        schema: Schema = object_schema(VOICE_AGENT)["properties"]["spec"]
        for name in self.field.split("."):
            schema = schema["properties"][name]
        return schema

    def read(self, name: str, text: str) -> float:
        """The value; raises BadSetting."""
        schema = self.schema
        low, high = schema["minimum"], schema["maximum"]
        number = _number(text, int if schema["type"] == "integer" else float)
        if not low <= number <= high:
            such = f"such as {schema['default']}"
            raise BadSetting(f"{name}={text[:20]!r}: write {self.unit} from {low:g} to {high:g}, {such}")
        return number


VARIABLES = (
    Variable(
        ("MAX_SESSIONS_PER_POD", "MAX_SESSIONS", "max_sessions"), "sessions.limit", "a whole number of calls"
    ),
    Variable(
        ("SESSION_TIMEOUT", "SESSION_TIMEOUT_SEC", "session_timeout_sec"),
        "sessions.idleTimeoutSeconds",
        "whole seconds",
    ),
    Variable(("WEBRTC_TIMEOUT",), "media.connectTimeoutSeconds", "whole seconds"),
    Variable(("AUDIO_BITRATE",), "media.opus.bitrate", "whole bits per second"),
    Variable(("BENCH_TONE_SECS",), "engines.tts.tone.seconds", "seconds"),
)


@dataclass(frozen=True, slots=True)
class Constant:
    """A setting of older systems that is no choice here: `possible` are the values that say what is so anyway."""

    names: tuple[str, ...]
    possible: Sequence[int]
    instead: str

    def check(self, name: str, text: str) -> None:
        """Raises BadSetting."""
        if _number(text, int) not in self.possible:
            raise BadSetting(f"{name}={text[:20]!r}: write {self.instead}")


CONSTANTS = (
    Constant(
        ("AUDIO_SAMPLE_RATE", "audio_sample_rate"),
        (16_000, 48_000),
        "48000 or 16000, or leave it out: WebRTC has the one, WebSockets the other",
    ),
    Constant(("AUDIO_CHANNELS", "audio_channels"), (1,), "1, or leave it out: a call's audio is mono"),
    Constant(
        ("AUDIO_CHUNK_SIZE", "audio_chunk_size"),
        range(1, LARGEST_CHUNK + 1),
        f"whole bytes from 1 to {LARGEST_CHUNK}, such as 4096, or leave it out: pieces of any size are heard",
    ),
)


@dataclass(frozen=True, slots=True)
class Override:
    """The variable `name` sets the `field` below `spec` to `value`."""

    name: str
    field: str
    value: float


@dataclass(frozen=True, slots=True)
class Settings:
    """`log_level_from` is the variable or argument that has set it, "" for none. `constants` are the variables that are
    set and change nothing. `drain_seconds`: how long calls may go on after SIGTERM, None where nobody has said.
    `media_address`: that of the machine around this one, by which callers reach the same UDP port; "" for none. `turn`
    is told to callers beside the servers of the file.
    """

    log_level: str = "info"
    log_level_from: str = ""
    overrides: tuple[Override, ...] = ()
    constants: tuple[str, ...] = ()
    drain_seconds: float | None = None
    media_address: str = ""
    turn: IceServer | None = field(default=None, repr=False)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Raises BadSetting."""
        given = {name: text.strip() for name, text in environ.items() if text.strip()}
        level = given.get("LOG_LEVEL")
        constants = [(one, name) for one in CONSTANTS for name in one.names if name in given]
        for constant, name in constants:
            constant.check(name, given[name])
        return cls(
            log_level=_level(level) if level else "info",
            log_level_from="LOG_LEVEL" if level else "",
            overrides=tuple(_override(v, given) for v in VARIABLES if not given.keys().isdisjoint(v.names)),
            constants=tuple(name for _, name in constants),
            drain_seconds=_drain_seconds(given[DRAIN]) if DRAIN in given else None,
            media_address=_media_address(given[MEDIA_ADDRESS]) if MEDIA_ADDRESS in given else "",
            turn=_turn(given),
        )

    def over(self, agent: VoiceAgent) -> VoiceAgent:
        """`agent` with what the environment overrides. What it does not have, such as an engine, stays away."""
        spec = agent.spec
        for override in self.overrides:
            spec = _with(spec, override.field.split("."), override.value)
        if self.turn is not None:
            spec = _with(spec, ["media", "iceServers"], [*spec.media.ice_servers, self.turn])
        return agent.model_copy(update={"spec": spec})


def secret(name: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """What the variable `name`, which an agent's file names, holds: a server's key. None if it is not set."""
    return environ.get(name, "").strip() or None


def trusts_environment(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether an engine that asks a server goes by HTTP_PROXY, HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE.

    Not by itself: on somebody's own machine a proxy that was meant for something else would see the key. Raises
    BadSetting.
    """
    text = environ.get(TRUST, "").strip().lower() or "false"
    if text not in ("true", "false"):
        raise BadSetting(f"{TRUST}={text[:20]!r}: write true or false")
    return text == "true"


def _media_address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise BadSetting(f"{MEDIA_ADDRESS}={text[:40]!r}: write an IP address such as 192.0.2.7") from None


def _turn(given: Mapping[str, str]) -> IceServer | None:
    if TURN_URIS not in given:
        return None
    login = {"username": given.get(TURN_USERNAME), "credential": given.get(TURN_CREDENTIAL)}
    if None in login.values():
        raise BadSetting(f"{TURN_URIS} without a login: set {TURN_USERNAME} and {TURN_CREDENTIAL} as well")
    try:
        return IceServer.model_validate({"urls": given[TURN_URIS].split(), **login})
    except ValidationError:
        instead = "such as turn:turn.example.com:3478, with a space between two of them"
        raise BadSetting(
            f"{TURN_URIS}={given[TURN_URIS][:60]!r}: write turn: and turns: URIs {instead}"
        ) from None


def _override(variable: Variable, given: Mapping[str, str]) -> Override:
    """Of the names of one setting the first that is set; all of them must say the same."""
    first, *others = [
        Override(name, variable.field, variable.read(name, given[name]))
        for name in variable.names
        if name in given
    ]
    for other in others:
        if other.value != first.value:
            raise BadSetting(
                f"{first.name}={first.value} and {other.name}={other.value} are the same setting: write one of them"
            )
    return first


SomeModel = TypeVar("SomeModel", bound=Model)


def _with(model: SomeModel, path: Sequence[str], value: Any) -> SomeModel:
    name = next(name for name, field in type(model).model_fields.items() if path[0] == (field.alias or name))
    member = getattr(model, name)
    if len(path) == 1:
        return model.model_copy(update={name: value})
    return model if member is None else model.model_copy(update={name: _with(member, path[1:], value)})


def _level(text: str) -> str:
    if text.lower() not in LOG_LEVELS:
        raise BadSetting(f"LOG_LEVEL={text[:20]!r}: write one of {', '.join(LOG_LEVELS)}")
    return text.lower()


def _drain_seconds(text: str) -> float:
    seconds = _number(text, float)
    if not 0 <= seconds <= LONGEST_DRAIN_SECS:
        raise BadSetting(
            f"{DRAIN}={text[:20]!r}: write seconds from 0 to {LONGEST_DRAIN_SECS}, such as 3600,"
            " or 0 for a goodbye at once"
        )
    return seconds


def _number(text: str, kind: Callable[[str], float]) -> float:
    """NaN for what is no number, or a longer one than any setting has."""
    try:
        return kind(text) if len(text) <= 20 and text.isascii() else math.nan
    except ValueError:
        return math.nan
