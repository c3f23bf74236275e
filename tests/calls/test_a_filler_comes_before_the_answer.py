"""On `/ws`, with the embedded engines: two questions, each answered by a filler as text and sound, then the answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from tests import agent_file
from tests.calls.doors import OTHER_QUESTION, QUESTION, ask, history
from tests.clients.sockets import DuplexClient
from tests.server import ParleyServer

pytestmark = pytest.mark.calls

AT_ONCE_SECS = 0.2
"""From the final transcript to the filler's first sound: some 20 ms, and what a busy machine may add."""


@dataclass(frozen=True)
class Turn:
    """`before` and `after`: seconds of audible audio that came before and after the answer began to leave.

    `delay`: seconds from the final transcript to the first sound.
    """

    texts: list[dict[str, Any]]
    metrics: dict[str, Any]
    before: float
    after: float
    delay: float


async def _turn(client: DuplexClient, server: ParleyServer, question: str) -> Turn:
    ended = await ask(client, server, question).ended()
    leaves = await client.answer_leaves(ended)
    await client.heard.quiet(1.0)
    (metrics,) = client.events.of("metrics", ended)
    texts, heard = client.events.of("text", ended), client.heard
    understood = next(e.at for e in client.events.all if e.at >= ended and e.body.get("type") == "transcript")
    delay = heard.audible(ended)[0].at - understood
    return Turn(texts, metrics, heard.seconds(ended, leaves), heard.seconds(leaves), delay)


async def _two_turns(server: ParleyServer) -> tuple[list[Turn], list[dict[str, Any]]]:
    async with DuplexClient(server.url) as client:
        await asyncio.sleep(1.0)
        turns = [await _turn(client, server, question) for question in (QUESTION, OTHER_QUESTION)]
        return turns, await history(client, server)


def test_a_filler_is_text_and_sound_and_then_comes_the_answer(reception: ParleyServer) -> None:
    turns, messages = asyncio.run(_two_turns(reception))
    fillers = [turn.texts[0] for turn in turns]
    assert [(filler["text"], filler["filler"]) for filler in fillers] == [
        ("Hmm... ", True),
        ("Let me think... ", True),
    ]
    for question, turn in zip((QUESTION, OTHER_QUESTION), turns, strict=True):
        answer = "".join(text["text"] for text in turn.texts[1:])
        assert answer.rstrip() in agent_file.answers_to(question)
        assert turn.before > 0.1, "the filler sounds"
        assert turn.after > 1.0, "the answer follows"
        assert turn.delay <= AT_ONCE_SECS
        assert turn.metrics["perceived_ms"] < turn.metrics["total_ms"]
    said = [message["text"] for message in messages if message["role"] == "assistant"]
    assert said == ["".join(text["text"] for text in turn.texts[1:]).rstrip() for turn in turns], (
        "no filler in it"
    )
