"""What a route reads of a stranger's request: so many bytes, in so many seconds."""

from __future__ import annotations

import asyncio

from fastapi import Request
from starlette.requests import ClientDisconnect

from parley_dataplane.errors import BadMessage, TooBig
from parley_dataplane.protocols.fields import MAX_JSON_BYTES

BODY_SECS = 10.0
"""A body that takes longer is given up."""

LINGER_SECS = 2.0
"""How long the rest of a body that is too big is read and thrown away: a server that closes on unread bytes
resets the connection, and the client would never see why (RFC 9112, 9.6).
"""


async def read_body(request: Request, limit: int = MAX_JSON_BYTES) -> bytes:
    """The body. Raises TooBig when it is more than `limit` bytes, which are all that is kept, and BadMessage
    when it does not come.
    """
    body, size = bytearray(), 0
    try:
        async with asyncio.timeout(BODY_SECS) as patience:
            async for chunk in request.stream():
                if size <= limit < size + len(chunk):
                    patience.reschedule(asyncio.get_running_loop().time() + LINGER_SECS)
                size += len(chunk)
                if size <= limit:
                    body += chunk
    except TimeoutError:
        if size <= limit:
            raise BadMessage(f"the body was not there after {BODY_SECS:.0f} s: send it at once") from None
    except ClientDisconnect:
        raise BadMessage("the peer left in the middle of its body") from None
    if size > limit:
        raise TooBig(f"a body of more than {limit} bytes: at most {limit} are read")
    return bytes(body)
