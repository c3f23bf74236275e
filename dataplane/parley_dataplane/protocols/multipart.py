"""The parts of a form as browsers and HTTP clients upload it (multipart/form-data, RFC 7578)."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message

from parley_dataplane.errors import BadMessage

MOST_PARTS = 16

_MOST_HEADER_BYTES = 2_048
_MOST_BOUNDARY_CHARS = 70  # RFC 2046, 5.1.1


@dataclass(frozen=True, slots=True)
class Part:
    """`content_type` as the part says it, "" where it does not; `filename` None where it is no file."""

    name: str
    filename: str | None
    content_type: str
    data: bytes


def parse(content_type: str, body: bytes) -> list[Part]:
    """All parts, in order. Raises BadMessage."""
    boundary = _boundary(content_type)
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary, MOST_PARTS + 2)
    if len(pieces) > MOST_PARTS + 2:
        raise BadMessage(
            f"a form of more than {MOST_PARTS} parts: send the recording, and what belongs to it"
        )
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):
        raise BadMessage("a form without its closing boundary: send it whole, as multipart/form-data")
    return [_part(piece) for piece in pieces[1:-1]]


def parameters(header: str) -> tuple[str, dict[str, str]]:
    """The value of a header in lower case, and its parameters."""
    message = Message()
    message["content-type"] = header.replace("\r", " ").replace("\n", " ")
    found = message.get_params() or [("", "")]
    return found[0][0].lower(), {name.lower(): str(value) for name, value in found[1:]}


def _boundary(content_type: str) -> bytes:
    boundary = parameters(content_type)[1].get("boundary", "")
    if not 0 < len(boundary) <= _MOST_BOUNDARY_CHARS or not boundary.isascii():
        raise BadMessage(
            f"a form without a boundary of 1 to {_MOST_BOUNDARY_CHARS} characters: "
            "let the client write the Content-Type"
        )
    return boundary.encode()


def _part(piece: bytes) -> Part:
    head, blank, data = piece.partition(b"\r\n\r\n")
    if not blank or len(head) > _MOST_HEADER_BYTES:
        raise BadMessage("a part of the form has no head, or one that is too long: see RFC 7578, 4.2")
    headers = {}
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    names = parameters(headers.get("content-disposition", ""))[1]
    return Part(names.get("name", ""), names.get("filename"), headers.get("content-type", ""), data)
