"""Settings from the environment: what is taken, what it overrides, and what is said about a wrong value."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from parley_api import load
from parley_api.media import IceServer
from parley_dataplane.settings import BadSetting, Override, Settings, trusts_environment

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.mark.parametrize(
    ("environ", "settings"),
    [
        ({}, Settings()),
        ({"LOG_LEVEL": "", "BENCH_TONE_SECS": "", "AUDIO_CHANNELS": " "}, Settings()),
        ({"HOME": "/root"}, Settings()),
        ({"LOG_LEVEL": "INFO"}, Settings("info", "LOG_LEVEL")),
        (
            {"LOG_LEVEL": "DEBUG", "BENCH_TONE_SECS": "15"},
            Settings("debug", "LOG_LEVEL", (Override("BENCH_TONE_SECS", "engines.tts.tone.seconds", 15.0),)),
        ),
        (
            {"AUDIO_SAMPLE_RATE": "48000", "audio_sample_rate": "16000", "audio_chunk_size": "4096"},
            Settings(constants=("AUDIO_SAMPLE_RATE", "audio_sample_rate", "audio_chunk_size")),
        ),
        ({"PARLEY_DRAIN_SECONDS": "3600"}, Settings(drain_seconds=3600.0)),
        ({"PARLEY_DRAIN_SECONDS": "0"}, Settings(drain_seconds=0.0)),
        ({"PARLEY_DRAIN_SECONDS": ""}, Settings()),
        ({"PARLEY_MEDIA_ADDRESS": "192.0.2.7"}, Settings(media_address="192.0.2.7")),
        ({"PARLEY_MEDIA_ADDRESS": "2001:DB8::7"}, Settings(media_address="2001:db8::7")),
        (
            {
                "PARLEY_TURN_URIS": "turn:a.example:3478 turns:b.example?transport=tcp",
                "PARLEY_TURN_USERNAME": "voice",
                "PARLEY_TURN_CREDENTIAL": "a password",
            },
            Settings(
                turn=IceServer(
                    urls=["turn:a.example:3478", "turns:b.example?transport=tcp"],
                    username="voice",
                    credential="a password",
                )
            ),
        ),
        ({"PARLEY_TURN_USERNAME": "voice", "PARLEY_TURN_CREDENTIAL": "a password"}, Settings()),
    ],
)
def test_settings_are_read_from_the_environment(environ: dict[str, str], settings: Settings) -> None:
    assert Settings.from_environ(environ) == settings


def test_the_environment_of_an_older_deployment_goes_over_the_file() -> None:
    agent = load(EXAMPLES / "bench.yaml")
    environ = {
        "LOG_LEVEL": "INFO",
        "MAX_SESSIONS_PER_POD": "50",
        "SESSION_TIMEOUT": "120",
        "WEBRTC_TIMEOUT": "20",
        "AUDIO_SAMPLE_RATE": "48000",
        "AUDIO_CHANNELS": "1",
        "AUDIO_BITRATE": "32000",
        "BENCH_TONE_SECS": "0.5",
    }
    spec = Settings.from_environ(environ).over(agent).spec
    assert (spec.sessions.limit, spec.sessions.idle_timeout_seconds) == (50, 120)
    assert (spec.media.connect_timeout_seconds, spec.media.opus.bitrate) == (20, 32_000)
    assert spec.engines.tts.tone is not None
    assert spec.engines.tts.tone.seconds == 0.5
    assert spec.sessions.longest_call_seconds == agent.spec.sessions.longest_call_seconds
    assert spec.conversation == agent.spec.conversation
    assert agent.spec.sessions.limit == 200, "the file's own is as it was"


def test_without_a_file_s_or_the_environment_s_word_a_pod_takes_100_sessions_of_300_seconds() -> None:
    sessions = type(load(EXAMPLES / "bench.yaml").spec.sessions)()
    assert (sessions.limit, sessions.idle_timeout_seconds) == (100, 300)


@pytest.mark.parametrize("name", ["max_sessions", "MAX_SESSIONS", "MAX_SESSIONS_PER_POD"])
def test_one_setting_is_known_by_the_names_of_each_system(name: str) -> None:
    assert Settings.from_environ({name: "7"}).overrides == (Override(name, "sessions.limit", 7),)


def test_two_names_of_one_setting_may_only_say_the_same() -> None:
    same = Settings.from_environ({"SESSION_TIMEOUT": "60", "session_timeout_sec": "60"})
    assert same.overrides == (Override("SESSION_TIMEOUT", "sessions.idleTimeoutSeconds", 60),)
    with pytest.raises(BadSetting) as wrong:
        Settings.from_environ({"SESSION_TIMEOUT": "60", "session_timeout_sec": "90"})
    assert str(wrong.value) == (
        "SESSION_TIMEOUT=60 and session_timeout_sec=90 are the same setting: write one of them"
    )


def test_an_engine_that_the_agent_does_not_have_stays_away() -> None:
    agent = load(EXAMPLES / "reception.yaml")
    assert Settings.from_environ({"BENCH_TONE_SECS": "15"}).over(agent) == agent


SECONDS = "write seconds from 0.02 to 600, such as 3.0"
DRAIN = "write seconds from 0 to 86400, such as 3600, or 0 for a goodbye at once"
RATE = "write 48000 or 16000, or leave it out: WebRTC has the one, WebSockets the other"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("LOG_LEVEL", "loud", "write one of debug, info, warning, error"),
        ("BENCH_TONE_SECS", "long", SECONDS),
        ("BENCH_TONE_SECS", "nan", SECONDS),
        ("BENCH_TONE_SECS", "-1", SECONDS),
        ("BENCH_TONE_SECS", "1e9", SECONDS),
        ("PARLEY_DRAIN_SECONDS", "1h", DRAIN),
        ("PARLEY_DRAIN_SECONDS", "-1", DRAIN),
        ("PARLEY_DRAIN_SECONDS", "86401", DRAIN),
        ("MAX_SESSIONS_PER_POD", "0", "write a whole number of calls from 1 to 10000, such as 100"),
        ("MAX_SESSIONS_PER_POD", "1.5", "write a whole number of calls from 1 to 10000, such as 100"),
        ("max_sessions", "many", "write a whole number of calls from 1 to 10000, such as 100"),
        ("SESSION_TIMEOUT", "5m", "write whole seconds from 1 to 86400, such as 300"),
        ("SESSION_TIMEOUT", "9" * 20, "write whole seconds from 1 to 86400, such as 300"),
        ("WEBRTC_TIMEOUT", "301", "write whole seconds from 1 to 300, such as 30"),
        ("AUDIO_BITRATE", "64k", "write whole bits per second from 6000 to 510000, such as 64000"),
        ("AUDIO_SAMPLE_RATE", "44100", RATE),
        ("audio_sample_rate", "CD", RATE),
        ("AUDIO_CHANNELS", "2", "write 1, or leave it out: a call's audio is mono"),
        (
            "audio_chunk_size",
            "0",
            "write whole bytes from 1 to 16777216, such as 4096, or leave it out: pieces of any size are heard",
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_to_write(name: str, value: str, said: str) -> None:
    with pytest.raises(BadSetting) as wrong:
        Settings.from_environ({name: value})
    assert str(wrong.value) == f"{name}={value!r}: {said}"


TURN = {"PARLEY_TURN_USERNAME": "voice", "PARLEY_TURN_CREDENTIAL": "a password"}


def test_a_turn_server_of_the_environment_is_told_to_callers_beside_those_of_the_file() -> None:
    agent = load(EXAMPLES / "bench.yaml")
    settings = Settings.from_environ({"PARLEY_TURN_URIS": "turn:turn.example.com", **TURN})
    [told] = settings.over(agent).spec.media.ice_servers
    assert told.as_client_knows_it() == {
        "urls": ["turn:turn.example.com"],
        "username": "voice",
        "credential": "a password",
    }
    assert "a password" not in repr(settings)


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"PARLEY_MEDIA_ADDRESS": "node-1"}, "write an IP address such as 192.0.2.7"),
        ({"PARLEY_TURN_URIS": "turn:a"}, "set PARLEY_TURN_USERNAME and PARLEY_TURN_CREDENTIAL as well"),
        (
            {"PARLEY_TURN_URIS": "https://a", **TURN},
            "write turn: and turns: URIs such as turn:turn.example.com:3478",
        ),
    ],
    ids=["a name for an address", "no login", "no TURN URI"],
)
def test_what_a_pod_is_told_wrongly_says_what_to_write(environ: dict[str, str], told: str) -> None:
    with pytest.raises(BadSetting, match=re.escape(told)) as raised:
        Settings.from_environ(environ)
    assert "a password" not in str(raised.value)


def test_the_environment_is_trusted_only_where_it_says_so() -> None:
    assert not trusts_environment({"HTTPS_PROXY": "http://proxy:3128"})
    assert not trusts_environment({"PARLEY_TRUST_ENVIRONMENT": "false"})
    assert trusts_environment({"PARLEY_TRUST_ENVIRONMENT": "True"})
    with pytest.raises(BadSetting, match="write true or false"):
        trusts_environment({"PARLEY_TRUST_ENVIRONMENT": "yes"})
