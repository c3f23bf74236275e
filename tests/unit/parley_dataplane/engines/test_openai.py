"""A server of chat completions is an LLM: streamed, stopped when interrupted, and each of its failures has a type."""

from __future__ import annotations

import asyncio
import sys
import zlib
from contextlib import aclosing
from typing import Any

import pytest

from parley_api.engines import OpenAi as Spec
from parley_dataplane.engines import openai
from parley_dataplane.engines.base import Message, TextDelta, UserTurn
from parley_dataplane.engines.openai import LONGEST_ANSWER, OpenAi
from parley_dataplane.errors import EngineCrashed, EngineError, EngineTimeout, EngineUnavailable
from tests.unit.parley_dataplane.engines.chat_server import (
    DONE,
    Behaviour,
    Write,
    answers,
    chat_server,
    chunk,
    data,
    event,
    says,
    streams,
)
from tests.unit.parley_dataplane.engines.chat_server import STREAM as STREAM_HEAD
from tests.unit.parley_dataplane.engines.contract import run, started

KEY = "sk-not-to-be-told"
TURN = UserTurn("When are you open?")


def engine(url: str, key: str | None = None, **settings: Any) -> OpenAi:
    return OpenAi(Spec(url=url, model="tiny", **settings), key, "You answer the telephone.")


async def asked(llm: OpenAi, history: tuple[Message, ...] = ()) -> str:
    async with aclosing(llm.reply(TURN, history, {})) as deltas:  # type: ignore[type-var]
        return "".join([delta.text async for delta in deltas if isinstance(delta, TextDelta)])


async def failure(behave: Behaviour, **settings: Any) -> EngineError:
    async with chat_server(behave) as server, started(engine(server.url, **settings)) as llm:
        with pytest.raises(EngineError) as raised:
            await asked(llm)
    return raised.value


def test_the_answer_comes_piece_by_piece_while_the_server_makes_it() -> None:
    async def test() -> None:
        go = asyncio.Event()

        async def behave(write: Write) -> None:
            await write(
                STREAM_HEAD + chunk(event(role="assistant", content="")) + chunk(event(content="From "))
            )
            await go.wait()
            await write(chunk(event(content="eight.")) + chunk(DONE) + b"0\r\n\r\n")

        async with (
            chat_server(behave) as server,
            started(engine(server.url)) as llm,
            aclosing(llm.reply(TURN, (), {})) as deltas,
        ):
            assert await anext(deltas) == TextDelta("From ")
            go.set()
            assert [delta async for delta in deltas] == [TextDelta("eight.")]

    run(test())


def test_the_server_is_told_who_it_is_what_was_said_and_what_was_not_heard() -> None:
    async def test() -> None:
        history = (
            Message("assistant", "Hello, this is the clinic."),
            Message("user", "What do you do?"),
            Message("assistant", "We look", unheard="after teeth."),
        )
        async with chat_server(says("Yes.")) as server:
            settings = {"temperature": 0.5, "max_tokens": 90, "key_variable": "A_KEY"}
            async with started(engine(server.url, KEY, **settings)) as llm:
                assert await asked(llm, history) == "Yes."
        [request] = server.requests
        assert server.paths == ["POST /v1/chat/completions HTTP/1.1"]
        assert server.headers[0]["authorization"] == f"Bearer {KEY}"
        assert (request["model"], request["stream"]) == ("tiny", True)
        assert (request["temperature"], request["max_tokens"]) == (0.5, 90)
        assert request["messages"] == [
            {
                "role": "system",
                "content": "You answer the telephone.\n\nWhat you have said before: Hello, this is the clinic.",
            },
            {"role": "user", "content": "What do you do?"},
            {"role": "assistant", "content": "We look"},
            {
                "role": "user",
                "content": "(I interrupted you and did not hear: after teeth.)\nWhen are you open?",
            },
        ]

    run(test())


def test_what_the_file_does_not_set_is_left_to_the_server_and_without_a_variable_no_key_is_sent() -> None:
    async def test() -> None:
        async with chat_server(says("Yes.")) as server, started(engine(server.url + "/")) as llm:
            await asked(llm)
        assert server.requests[0].keys() == {"model", "messages", "stream"}
        assert "authorization" not in server.headers[0]
        assert server.paths == ["POST /v1/chat/completions HTTP/1.1"]

    run(test())


def test_an_interrupted_answer_closes_its_stream_so_that_the_server_stops() -> None:
    async def test() -> None:
        server_says = says(*["word "] * 1_000, pause=0.01)
        async with chat_server(server_says) as server, started(engine(server.url)) as llm:
            async with aclosing(llm.reply(TURN, (), {})) as deltas:  # type: ignore[type-var]
                await anext(deltas)
            async with asyncio.timeout(2):
                while not server.left:
                    await asyncio.sleep(0.01)

    run(test())


def test_a_task_that_is_cancelled_while_the_server_thinks_leaves_at_once() -> None:
    async def test() -> None:
        async with chat_server(hang) as server, started(engine(server.url)) as llm:
            task = asyncio.create_task(asked(llm))
            while not server.requests:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            async with asyncio.timeout(2):
                while not server.left:
                    await asyncio.sleep(0.01)

    run(test())


async def hang(write: Write) -> None:
    await asyncio.Event().wait()


async def hang_in_the_middle(write: Write) -> None:
    await write(STREAM_HEAD + chunk(event(content="From ")))
    await asyncio.Event().wait()


FAILURES: dict[str, tuple[Behaviour, type[EngineError], str]] = {
    "a wrong key": (answers(401), EngineUnavailable, "answered 401: look at the key in A_KEY"),
    "a model that is not there": (answers(404), EngineUnavailable, "answered 404: look at url and model"),
    "too many requests": (
        answers(429),
        EngineUnavailable,
        "answered 429: more was asked of it than it allows",
    ),
    "a redirect": (answers(307), EngineUnavailable, "answered 307, to go elsewhere"),
    "a request that it does not take": (answers(400), EngineError, "the LLM's server answered 400"),
    "a failure of its own": (answers(500), EngineError, "the LLM's server answered 500"),
    "a page instead of a stream": (answers(200, b"<p>", "text/html"), EngineError, "does not stream"),
    "a whole answer instead of a stream": (answers(200), EngineError, "does not stream"),
    "a stream that breaks off": (streams(event(content="From "), end=b""), EngineCrashed, "broke off"),
    "a stream that ends too soon": (streams(event(content="From ")), EngineCrashed, "broke off"),
    "no stream at all": (streams(end=b""), EngineCrashed, "broke off"),
    "an answer without a word": (streams(event(content=""), DONE), EngineError, "without a word"),
    "no JSON": (streams(data("{")), EngineError, "what is no chat completion"),
    "JSON of another kind": (streams(data('["a"]')), EngineError, "what is no chat completion"),
    "a text that is none": (streams(event(content=7)), EngineError, "what is no chat completion"),
    "JSON without a bottom": (streams(data("[" * 100_000)), EngineError, "what is no chat completion"),
    "an error in the stream": (streams(data('{"error": {"message": "x"}}')), EngineError, "in the middle"),
    "a line without an end": (streams(*[b"data: " + b"x" * 60_000] * 6), EngineError, "more than 256 KiB"),
}


@pytest.mark.parametrize(("behave", "kind", "told"), FAILURES.values(), ids=FAILURES)
def test_a_failure_has_its_type_and_says_what_to_look_at(
    behave: Behaviour, kind: type[EngineError], told: str
) -> None:
    async def test() -> None:
        error = await failure(behave, key=KEY, key_variable="A_KEY")
        assert type(error) is kind
        assert told in error.detail
        assert KEY not in error.detail
        assert "127.0.0.1" not in error.detail

    run(test())


@pytest.mark.parametrize("behave", [hang, hang_in_the_middle], ids=["before", "in the middle"])
def test_a_server_that_says_nothing_is_given_up(behave: Behaviour, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai, "READ_SECS", 0.2)

    async def test() -> None:
        assert type(await failure(behave)) is EngineTimeout

    run(test())


def test_a_server_that_is_not_there_is_unavailable() -> None:
    async def test() -> None:
        async with chat_server(hang) as server:
            url = server.url
        async with started(engine(url)) as llm:
            with pytest.raises(EngineUnavailable, match="can't be reached"):
                await asked(llm)

    run(test())


@pytest.mark.parametrize("trusted", [True, False])
def test_a_proxy_of_the_environment_is_asked_only_where_it_is_trusted(
    trusted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On somebody's own machine one that was meant for something else would see the key."""

    async def test() -> None:
        async with chat_server(says("By the proxy.")) as proxy, chat_server(says("At once.")) as server:
            monkeypatch.setenv("HTTP_PROXY", proxy.url.removesuffix("/v1"))
            monkeypatch.delenv("NO_PROXY", raising=False)
            monkeypatch.delenv("no_proxy", raising=False)
            llm = OpenAi(Spec(url=server.url, model="tiny"), KEY, "", trusted)
            async with started(llm):
                assert await asked(llm) == ("By the proxy." if trusted else "At once.")

    run(test())


def test_an_answer_without_end_is_read_no_further_than_anyone_listens() -> None:
    async def test() -> None:
        async with chat_server(says(*["word " * 100] * 1_000)) as server, started(engine(server.url)) as llm:
            assert await asked(llm) == ("word " * 100 * 1_000)[:LONGEST_ANSWER]

    run(test())


def test_the_stream_may_be_cut_anywhere_and_hold_comments_and_other_fields() -> None:
    async def test() -> None:
        whole = b": ping\r\n\r\nevent: x\nid: 1\n" + event(content="Grüß ") + event(content="Gott.") + DONE
        pieces = [whole[at : at + 1] for at in range(len(whole))]
        async with chat_server(streams(*pieces)) as server, started(engine(server.url)) as llm:
            assert await asked(llm) == "Grüß Gott."

    run(test())


def test_a_reason_to_finish_ends_an_answer_as_done_does() -> None:
    async def test() -> None:
        finished = data('{"choices": [{"delta": {}, "finish_reason": "length"}], "usage": null}')
        usage = data('{"choices": [], "usage": {"total_tokens": 9}}')
        behave = streams(event(content="Yes."), finished, usage)
        async with chat_server(behave) as server, started(engine(server.url)) as llm:
            assert await asked(llm) == "Yes."

    run(test())


def test_a_compressed_stream_is_read_although_nobody_asked_for_it() -> None:
    async def test() -> None:
        async def behave(write: Write) -> None:
            body = zlib.compress(event(content="Yes.") + DONE)
            head = STREAM_HEAD.replace(b"\r\n\r\n", b"\r\ncontent-encoding: deflate\r\n\r\n")
            await write(head + chunk(body) + b"0\r\n\r\n")

        async with chat_server(behave) as server, started(engine(server.url)) as llm:
            assert await asked(llm) == "Yes."

    run(test())


@pytest.mark.parametrize(
    ("key", "told"),
    [
        (None, "environment variable A_KEY is not set"),
        ("a\nb", "holds what no key has"),
        ("kéy", "no key has"),
    ],
)
def test_a_key_that_is_not_there_or_can_be_none_is_told_at_the_start(key: str | None, told: str) -> None:
    async def test() -> None:
        with pytest.raises(EngineUnavailable, match=told):
            await engine("http://127.0.0.1:1/v1", key, key_variable="A_KEY").start()

    run(test())


def test_without_httpx2_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx2", None)

    async def test() -> None:
        with pytest.raises(EngineUnavailable, match=r"missing: .venv/bin/python -m pip install httpx2$"):
            await engine("http://127.0.0.1:1/v1").start()

    run(test())
