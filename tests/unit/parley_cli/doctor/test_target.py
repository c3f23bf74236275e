"""Which addresses are taken, how they are written again, and what is said of the others."""

from __future__ import annotations

import pytest

from parley_cli.__main__ import main
from parley_cli.doctor.target import BadTarget, Target, read_target


@pytest.mark.parametrize(
    ("text", "target", "origin"),
    [
        ("http://127.0.0.1:9011", Target("http", "127.0.0.1", 9011), "http://127.0.0.1:9011"),
        ("http://Voice.Example/", Target("http", "voice.example", 80), "http://voice.example"),
        ("https://voice.example:443", Target("https", "voice.example", 443), "https://voice.example"),
        ("https://[2001:db8::1]:8443", Target("https", "2001:db8::1", 8443), "https://[2001:db8::1]:8443"),
        (
            "http://bücher.example",
            Target("http", "xn--bcher-kva.example", 80),
            "http://xn--bcher-kva.example",
        ),
    ],
)
def test_an_address_is_read_and_written_as_browsers_write_an_origin(
    text: str, target: Target, origin: str
) -> None:
    assert read_target(text) == target
    assert target.origin == origin


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1:9011",
        "localhost",
        "ws://127.0.0.1:9011",
        "http://",
        "http://a:0",
        "http://a:99999",
        "http://[::1",
        "http://a..b",
        "http://" + "a" * 70 + ".example",
        "http://\x1b[31m",
    ],
)
def test_what_is_no_address_is_told_with_what_to_write(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", text]) == 2
    told = capsys.readouterr().err
    assert "write http://HOST:PORT or https://HOST, such as http://127.0.0.1:9011" in told
    assert "\x1b" not in told


@pytest.mark.parametrize("text", ["http://a/fastrtc", "http://a?b", "http://a#b", "http://me:secret@a"])
def test_only_host_and_port_are_wanted(text: str) -> None:
    with pytest.raises(BadTarget, match="write host and port alone"):
        read_target(text)


def test_a_wrong_origin_is_told_likewise(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "http://127.0.0.1:1", "--origin", "example.com"]) == 2
    assert 'saw "example.com"' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True),
        ("a.localhost", True),
        ("127.8.0.1", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("localhost.example", False),
    ],
)
def test_browsers_know_their_own_machine(host: str, here: bool) -> None:
    assert Target("http", host, 80).is_this_machine is here
