"""What a file may say about Opus and the UDP port, and what it gets when it says nothing."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from parley_api.media import Media, OpusSettings, UdpSettings


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
