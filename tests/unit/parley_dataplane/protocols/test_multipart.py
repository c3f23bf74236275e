"""Forms as clients upload them: what is in each part, byte by byte, and what is no form."""

from __future__ import annotations

import pytest

from parley_dataplane.errors import BadMessage
from parley_dataplane.protocols.multipart import MOST_PARTS, Part, parameters, parse

TYPE = "multipart/form-data; boundary=xyz"


def part(head: str, data: bytes) -> bytes:
    return b"--xyz\r\n%s\r\n\r\n%s\r\n" % (head.encode(), data)


def test_every_part_is_read_in_order_and_its_bytes_are_left_alone() -> None:
    data = bytes(range(256)) + b"\r\n--xy\r\n\r\n--\r\n"
    body = b"a preamble\r\n" + part('Content-Disposition: form-data; name="who"', b"me")
    body += part(
        'content-disposition: form-data; name="audio"; filename="b; c.wav"\r\nContent-Type: Audio/WAV; codecs=1',
        data,
    )
    assert parse(TYPE, body + b"--xyz--\r\nan epilogue") == [
        Part("who", None, "", b"me"),
        Part("audio", "b; c.wav", "Audio/WAV; codecs=1", data),
    ]


@pytest.mark.parametrize("boundary", ['"x y"', "x'y", "-" * 70])
def test_a_boundary_may_be_quoted_and_as_long_as_mail_allows(boundary: str) -> None:
    mark = boundary.strip('"').encode()
    body = b"--%s\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--%s--" % (mark, mark)
    assert parse(f"multipart/form-data; boundary={boundary}", body) == [Part("a", None, "", b"1")]


HEAD = "Content-Disposition: form-data; name=a"
WRONG = {
    "no boundary": ("multipart/form-data", part(HEAD, b"1") + b"--xyz--"),
    "a boundary of 71": (f"multipart/form-data; boundary={'x' * 71}", b""),
    "a boundary of other letters": ("multipart/form-data; boundary=\xe9", b""),
    "no end": (TYPE, part(HEAD, b"1")),
    "no part": (TYPE, b"--xyz--"),
    "no head": (TYPE, b"--xyz\r\nabc\r\n--xyz--"),
    "a head without end": (TYPE, part(HEAD + "; x=" + "y" * 3_000, b"") + b"--xyz--"),
    "too many parts": (TYPE, part(HEAD, b"1") * (MOST_PARTS + 1) + b"--xyz--"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_form_is_refused(name: str) -> None:
    with pytest.raises(BadMessage):
        parse(*WRONG[name])


def test_as_many_parts_as_are_allowed_are_read() -> None:
    assert len(parse(TYPE, part(HEAD, b"1") * MOST_PARTS + b"--xyz--")) == MOST_PARTS


@pytest.mark.parametrize(
    "header", ["", ";;;", "a;=b", "\xff; \xff=\xff", "a\r\nb: c", "a; b*=utf-8''c", "a; b*0=c"]
)
def test_any_header_has_parameters_or_none(header: str) -> None:
    kind, found = parameters(header)
    assert kind == kind.lower()
    assert all(isinstance(value, str) for value in found.values())
