"""What a file may say about Opus, the UDP port and ICE servers, and what it gets when it says nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from parley_api import InvalidFile, load
from parley_api.kinds import VOICE_AGENT
from parley_api.media import IceServer, Media, OpusSettings, UdpSettings
from parley_api.schema import object_schema


def test_an_agent_that_says_nothing_gets_speech_at_64_kb_and_any_free_port() -> None:
    media = Media()
    assert media.opus == OpusSettings(bitrate=64_000, complexity=3, dtx=True)
    assert media.udp == UdpSettings(
        port=0, receive_buffer_bytes=4 * 1024 * 1024, send_buffer_bytes=4 * 1024 * 1024
    )


def test_it_is_written_in_camel_case() -> None:
    read = Media.model_validate(
        {"opus": {"dtx": False}, "udp": {"port": 3_478, "receiveBufferBytes": 65_536}}
    )
    assert (read.opus.dtx, read.udp.port, read.udp.receive_buffer_bytes) == (False, 3_478, 65_536)


@pytest.mark.parametrize(
    "section",
    [
        {"opus": {"bitrate": 5_999}},
        {"opus": {"bitrate": 510_001}},
        {"opus": {"complexity": 11}},
        {"udp": {"port": 65_536}},
        {"udp": {"sendBufferBytes": 1}},
    ],
    ids=str,
)
def test_what_opus_or_the_kernel_can_not_do_is_refused(section: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"(greater|less) than or equal"):
        Media.model_validate(section)


SPEC = """\
apiVersion: parley.dev/v1alpha1
kind: VoiceAgent
metadata: {name: a}
spec:
  conversation: {instructions: Be kind.}
  media:
    iceServers:
      - %s
"""
LOGIN = "write username and credential together: a turn: server asks for both, a stun: server for neither"


def ice_server(folder: Path, written: str) -> IceServer:
    file = folder / "agent.yaml"
    file.write_text(SPEC % written)
    (server,) = load(file).spec.media.ice_servers
    return server


@pytest.mark.parametrize(
    "urls",
    [
        *('"stun:stun.example.com"', '"stun:192.0.2.7:3479"', '"stuns:stun.example.com:5349"'),
        *('"stun:[2001:db8::7]:3478"', '"stun:a.example", "stun:b.example"'),
    ],
)
def test_a_stun_server_needs_nothing_but_its_address(urls: str, tmp_path: Path) -> None:
    server = ice_server(tmp_path, f"urls: [{urls}]")
    assert server.as_client_knows_it() == {"urls": urls.replace('"', "").split(", ")}


def test_a_turn_server_is_told_to_clients_with_its_name_and_password(tmp_path: Path) -> None:
    written = '{urls: ["turn:t.example:3478?transport=tcp"], username: me, credential: "open sesame"}'
    server = ice_server(tmp_path, written)
    assert server.as_client_knows_it() == {
        "urls": ["turn:t.example:3478?transport=tcp"],
        "username": "me",
        "credential": "open sesame",
    }
    assert "sesame" not in repr(server)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "stun.example.com",
            "http://stun.example.com",
            "stun://stun.example.com",
            "stun:",
            "turn:t.example:0",
        ),
        *("stun:stun.example.com?transport=udp", "turn:t.example?transport=sctp", "turn:me@t.example"),
    ],
)
def test_what_no_browser_takes_for_the_url_of_an_ice_server_is_told(url: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidFile) as invalid:
        ice_server(tmp_path, f'{{urls: ["{url}"], username: me, credential: x}}')
    assert f'spec.media.iceServers[0].urls[0]: saw "{url}"; write stun:host, ' in str(invalid.value)


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ('{urls: ["turn:t.example"]}', "a map with urls"),
        ('{urls: ["turns:t.example"], username: me}', "a map with urls, username"),
        ('{urls: ["stun:t.example"], credential: hidden}', "a map with urls, credential"),
    ],
)
def test_half_of_what_a_turn_server_asks_for_is_told_without_a_secret(
    written: str, seen: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidFile) as invalid:
        ice_server(tmp_path, written)
    assert str(invalid.value).partition(":8: ")[2] == f"spec.media.iceServers[0]: saw {seen}; {LOGIN}"


@pytest.mark.parametrize("credential", ["12345678", "[12345678]", '""'])
def test_a_password_that_is_none_is_told_without_showing_it(credential: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidFile) as invalid:
        ice_server(tmp_path, f'{{urls: ["turn:t.example"], username: me, credential: {credential}}}')
    assert "spec.media.iceServers[0].credential: saw a secret" in str(invalid.value)
    assert "12345678" not in str(invalid.value)


def test_the_example_of_the_doors_page_is_one() -> None:
    (shown,) = re.findall(
        r"^    media: .*\n((?:     .*\n)+)", Path("docs/doors.md").read_text(), re.MULTILINE
    )
    media = Media.model_validate(yaml.safe_load(shown))
    assert [bool(server.credential) for server in media.ice_servers] == [False, True]


def test_the_rule_of_the_crd_says_the_same() -> None:
    schema = object_schema(VOICE_AGENT)["properties"]["spec"]["properties"]["media"]["properties"][
        "iceServers"
    ]
    assert [rule["message"] for rule in schema["items"]["x-kubernetes-validations"]] == [LOGIN]
    assert schema["items"]["properties"]["credential"]["format"] == "password"
