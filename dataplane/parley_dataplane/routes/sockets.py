"""What the WebSocket doors share: how a connection is served, and how its errors are told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from parley_dataplane.errors import Busy, ParleyError, TooBig
from parley_dataplane.process import Parley
from parley_dataplane.protocols import problem
from parley_dataplane.transports.websocket import Peer

GOING_AWAY = 1001
NORMAL = 1000

MOST_ERRORS = 200
"""Of one connection: each is a message back and a line in the log, and a peer that is wrong so often stays so."""


async def serve(
    parley: Parley, peer: Peer, handle: Callable[[str | bytes], Awaitable[None]], door: str = ""
) -> None:
    """Hand on what the peer says until it leaves. An error is told and counted, under the name of the door; few are
    worth the connection.
    """

    errors = 0

    async def tolerant(raw: str | bytes) -> None:
        nonlocal errors
        try:
            await handle(raw)
        except ParleyError as error:
            errors += 1
            peer.send_text(problem.message_of(error))
            if isinstance(error, TooBig | Busy) or errors >= MOST_ERRORS:
                raise
            parley.count_error(error, door)

    ended_by = await peer.run(tolerant)
    if ended_by is not None:
        parley.count_error(ended_by, door)


def close_code(reason: str) -> int:
    """RFC 6455, 7.4.1: 1001 when the server goes, 1000 otherwise."""
    return GOING_AWAY if reason == "server-stopping" else NORMAL


async def refuse(parley: Parley, peer: Peer, error: ParleyError) -> None:
    """Say why there is no session on this connection, and close it."""

    async def ignore(raw: str | bytes) -> None:
        """What comes before the close frame has arrived is for a session that there is not."""

    parley.count_error(error)
    peer.send_text(problem.message_of(error))
    peer.close(error.close_code, error.detail)
    await peer.run(ignore)
