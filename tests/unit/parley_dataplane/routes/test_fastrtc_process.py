"""FastRTC's HTTP fallback: one recording in, one answer out, with fake engines on a virtual clock."""

from __future__ import annotations

import asyncio
import base64
import json
import tracemalloc
from collections.abc import AsyncIterator, Callable
from typing import Any

import numpy as np
import pytest

from parley_dataplane.doors import FASTRTC
from parley_dataplane.engines.base import TextDelta
from parley_dataplane.errors import EngineCrashed
from parley_dataplane.media import HEARING_RATE, SPEAKING_RATE, Pcm, wav
from parley_dataplane.protocols import fastrtc_http
from parley_dataplane.records import CallFinished, ErrorSeen, TurnFinished
from parley_dataplane.routes import fastrtc_process
from tests.clients.containers import opus, read_wav
from tests.one_call import ANSWER, LOUD, Call, history

PROCESS, SESSION = "/api/v1/rtc/process", "/api/v1/rtc/session"

Over = Callable[[Call], Any]


def recorded(*parts: tuple[str, float]) -> Pcm:
    """("voice" or "silence", seconds), one after the other."""
    waves = {"voice": np.array([LOUD, LOUD, -LOUD, -LOUD], np.int16), "silence": np.zeros(4, np.int16)}
    return np.concatenate([np.resize(waves[kind], round(secs * HEARING_RATE)) for kind, secs in parts])


def a_file(*parts: tuple[str, float]) -> bytes:
    return wav.render(recorded(*parts), HEARING_RATE)


QUESTION = a_file(("silence", 0.5), ("voice", 1.0))


def run(call: Call, over: Over, script: Callable[[Any], Any]) -> Any:
    """Run `script` with a server over the call's engines; what it returns."""
    results = []

    async def main(call: Call) -> None:
        results.append(await script(over(call)))

    call.run(main)
    return results[0]


def post(
    call: Call, over: Over, body: bytes = QUESTION, kind: str = "", path: str = PROCESS
) -> tuple[Any, list[str]]:
    """The answer to one request, and the errors that were counted."""

    async def script(server: Any) -> tuple[Any, list[str]]:
        answer = await server.http("POST", path, body, {"content-type": kind} if kind else {})
        seen = [record.code for record in call.records if isinstance(record, ErrorSeen)]
        return answer, seen + server.parley.errors

    return run(call, over, script)  # type: ignore[no-any-return]


def test_a_recording_is_answered_with_its_words_its_timing_and_its_sound(over: Over) -> None:
    call = Call(texts=["when do you open"])
    answer, errors = post(call, over)
    told = answer.json()
    assert (answer.status, errors) == (200, [])
    assert told["session_id"].startswith("rtc_")
    assert (told["transcript"], told["response"]) == ("when do you open", ANSWER)
    assert told["timing"]["total_ms"] == sum(told["timing"][f"{stage}_ms"] for stage in ("stt", "llm", "tts"))
    assert told["timing"]["stt_ms"] == pytest.approx(50, abs=5)
    pcm, rate = read_wav(base64.b64decode(told["audio"]))
    assert (told["audio_type"], rate, len(pcm)) == ("audio/wav", SPEAKING_RATE, 2 * SPEAKING_RATE)


def test_it_takes_less_time_than_its_sound_and_counts_as_heard(over: Over) -> None:
    call = Call(texts=["when"])

    async def script(server: Any) -> float:
        began = asyncio.get_running_loop().time()
        await server.http("POST", PROCESS, QUESTION)
        return asyncio.get_running_loop().time() - began

    assert run(call, over, script) < 0.5
    assert [record.outcome for record in call.records if isinstance(record, TurnFinished)] == ["heard"]
    ended = [(r.door, r.reason) for r in call.records if isinstance(r, CallFinished)]
    assert ended[0] == ("fastrtc", "end-session")


def test_a_pause_in_a_recording_ends_nothing(over: Over) -> None:
    """Fails where the silence that ends a turn on a stream, 1.5 s, ends one in a recording too."""
    call = Call(texts=["a table please for two"])
    body = a_file(("voice", 1.0), ("silence", 4.0), ("voice", 1.0), ("silence", 3.0))
    answer, _ = post(call, over, body)
    assert answer.json()["transcript"] == "a table please for two"
    assert call.stt.closed == 1


def test_an_utterance_that_does_not_end_is_cut_and_all_of_it_answered(over: Over) -> None:
    call = Call(texts=["on and on", "and on"])
    answer, _ = post(call, over, a_file(("voice", 31.0), ("silence", 1.0), ("voice", 1.0)))
    assert answer.json()["transcript"] == "on and on and on"
    assert read_wav(base64.b64decode(answer.json()["audio"]))[0].size >= 2 * SPEAKING_RATE


@pytest.mark.parametrize("kind", ["webm", "ogg"])
def test_what_a_recording_is_its_bytes_tell_whatever_its_type_says(over: Over, kind: str) -> None:
    body = opus(recorded(("silence", 0.5), ("voice", 1.0)), HEARING_RATE, kind)
    answer, _ = post(Call(texts=["hi"]), over, body, "application/octet-stream")
    assert (answer.status, answer.json()["transcript"]) == (200, "hi")


@pytest.mark.parametrize("kind", ["audio/pcm", "audio/l16", "Audio/L16; rate=16000; channels=1"])
def test_raw_samples_are_taken_when_the_type_says_so(over: Over, kind: str) -> None:
    answer, _ = post(Call(texts=["hi"]), over, recorded(("voice", 1.0)).tobytes(), kind)
    assert (answer.status, answer.json()["transcript"]) == (200, "hi")


FORM = "multipart/form-data; boundary=xyz"


def form(*parts: tuple[str, bytes], end: bytes = b"--xyz--\r\n") -> bytes:
    return b"".join(b"--xyz\r\n%s\r\n\r\n%s\r\n" % (head.encode(), data) for head, data in parts) + end


FILE_HEAD = 'Content-Disposition: form-data; name="audio"; filename="a b.wav"\r\nContent-Type: audio/wav'


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, form(('Content-Disposition: form-data; name="user_id"', b"me"), (FILE_HEAD, QUESTION))),
        (
            FORM,
            form((FILE_HEAD.replace("wav", "pcm"), recorded(("voice", 1.0)).tobytes())),
        ),
        ("application/json", json.dumps({"data": base64.b64encode(QUESTION).decode()}).encode()),
    ],
    ids=["a file of a form", "raw samples in a form", "JSON as audio_base64 has it"],
)
def test_a_recording_may_come_in_other_wrappings(over: Over, kind: str, body: bytes) -> None:
    answer, _ = post(Call(texts=["hi"]), over, body, kind)
    assert (answer.status, answer.json()["transcript"]) == (200, "hi")


REFUSED: dict[str, tuple[str, bytes, int, str]] = {
    "nothing": ("audio/wav", b"", 415, "unsupported-media"),
    "text": ("text/plain", b"what are your opening hours", 415, "unsupported-media"),
    "raw samples that do not say so": ("audio/wav", bytes(32_000), 415, "unsupported-media"),
    "MP4": ("audio/mp4", b"\0\0\0\x20ftypisom" + bytes(64), 415, "unsupported-media"),
    "raw samples at another rate": ("audio/l16; rate=8000", bytes(32_000), 415, "unsupported-media"),
    "raw samples in stereo": ("audio/pcm; channels=2", bytes(32_000), 415, "unsupported-media"),
    "raw samples at another rate in a form": (
        FORM,
        form((FILE_HEAD.replace("audio/wav", "audio/pcm; rate=8000"), bytes(32_000))),
        415,
        "unsupported-media",
    ),
    "half a sample": ("audio/pcm", bytes(321), 422, "bad-audio"),
    "a WAV without samples": ("audio/wav", QUESTION[:30], 422, "bad-audio"),
    "silence": ("audio/wav", a_file(("silence", 2.0)), 422, "no-speech"),
    "no samples at all": ("audio/pcm", b"", 422, "no-speech"),
    "two minutes and a bit": ("audio/pcm", bytes(121 * 2 * HEARING_RATE), 413, "too-big"),
    "over 16 MiB": ("audio/wav", bytes(16 * 2**20 + 1), 413, "too-big"),
    "a form without a file": (
        FORM,
        form(('Content-Disposition: form-data; name="a"', b"")),
        400,
        "bad-message",
    ),
    "a form that is cut": (FORM, form((FILE_HEAD, QUESTION), end=b""), 400, "bad-message"),
    "a form without a boundary": ("multipart/form-data", form((FILE_HEAD, QUESTION)), 400, "bad-message"),
    "a form of many parts": (FORM, form(*[(FILE_HEAD, b"")] * 17), 400, "bad-message"),
    "a part without a head": (FORM, b"--xyz\r\nabc\r\n--xyz--", 400, "bad-message"),
    "JSON without data": ("application/json", b"{}", 400, "bad-message"),
    "JSON of no base64": ("application/json", b'{"data": "!"}', 400, "bad-message"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_answered_is_told_and_counted_once(over: Over, name: str) -> None:
    kind, body, status, code = REFUSED[name]
    call = Call()
    answer, errors = post(call, over, body, kind)
    assert (answer.status, errors) == (status, [code])
    assert answer.json()["type"] == f"urn:parley:problem:{code}"


def test_a_voice_that_says_nothing_is_no_speech(over: Over) -> None:
    answer, errors = post(Call(texts=[""]), over)
    assert (answer.status, errors) == (422, ["no-speech"])


@pytest.mark.parametrize("engine", ["stt", "llm", "tts"])
def test_an_engine_that_fails_is_told_and_counted_once(over: Over, engine: str) -> None:
    call = Call(texts=[EngineCrashed("it is gone") if engine == "stt" else "hi"])
    if engine == "llm":
        call.llm.fails = EngineCrashed("it is gone")
    if engine == "tts":
        call.tts.dies_at = {1, 2}
    answer, errors = post(call, over)
    assert (answer.status, answer.json()["type"]) == (502, "urn:parley:problem:engine-crashed")
    assert errors == ["engine-crashed"]


def test_a_full_server_says_when_to_come_back(over: Over) -> None:
    answer, errors = post(Call(sessions={"limit": 1}), over)
    assert (answer.status, errors) == (503, ["too-many-sessions"])
    assert int(answer.headers["retry-after"]) > 0


def test_no_more_recordings_are_held_than_there_may_be_sessions(over: Over) -> None:
    """Each is up to 16 MiB, and comes before there is a session that would count."""

    async def script(server: Any) -> list[int]:
        slow = [asyncio.create_task(server.http("POST", PROCESS, [b"RIFF", b""])) for _ in range(3)]
        await asyncio.sleep(1.0)
        refused = await server.http("POST", PROCESS, QUESTION)
        assert refused.headers["retry-after"]
        given_up = [answer.status for answer in await asyncio.gather(*slow)]
        return [refused.status, *given_up, (await server.http("POST", PROCESS, QUESTION)).status]

    assert run(Call(texts=["hi"], sessions={"limit": 3}), over, script) == [503, 400, 400, 400, 200]


def test_a_session_that_waits_keeps_the_conversation_and_waits_again(over: Over) -> None:
    call = Call(texts=["when", "where", "why"])

    async def script(server: Any) -> None:
        made = (await server.http("POST", SESSION, b'{"config": {"voice_id": "f3"}}')).json()
        path = f"{PROCESS}?session_id={made['session_id']}"
        for question in ("when", "where"):
            told = (await server.http("POST", path, QUESTION)).json()
            assert (told["session_id"], told["transcript"]) == (made["session_id"], question)
        session = call.sessions.get(made["session_id"])
        assert [text for _, text, _ in history_of(session)] == ["when", ANSWER, "where", ANSWER]
        assert [request.voice for request in call.tts.said] == ["f3", "f3"]
        assert (session.has_door, session.kind) == (False, FASTRTC)
        metrics = (await server.http("GET", f"{SESSION}/{session.id}")).json()["metrics"]
        assert metrics["total_audio_bytes"] == 2 * (len(QUESTION) - wav.HEADER_BYTES)
        assert (metrics["stt_calls"], metrics["llm_calls"], metrics["tts_calls"]) == (2, 2, 2)
        assert metrics["total_latency_ms"] > 0
        async with server.socket("/api/v1/rtc/stream") as peer:
            peer.say({"type": "start_session", "session_id": session.id})
            assert (await peer.hear())["session_id"] == session.id
            assert (await server.http("POST", path, QUESTION)).status == 400, "it has a peer now"
        assert (await server.http("POST", path, QUESTION)).status == 410
        assert (await server.http("POST", f"{PROCESS}?session_id=nobody", QUESTION)).status == 404

    run(call, over, script)


def history_of(session: Any) -> list[tuple[str, str, str]]:
    return [(message.role, message.text, message.unheard) for message in session.history]


def test_a_form_and_json_may_name_the_session(over: Over) -> None:
    call = Call(texts=["when", "where"])

    async def script(server: Any) -> list[str]:
        session_id = (await server.http("POST", SESSION)).json()["session_id"]
        field = ('Content-Disposition: form-data; name="session_id"', session_id.encode())
        message = {"data": base64.b64encode(QUESTION).decode(), "session_id": session_id}
        bodies = (
            (FORM, form((FILE_HEAD, QUESTION), field)),
            ("application/json", json.dumps(message).encode()),
        )
        answers = [await server.http("POST", PROCESS, body, {"content-type": kind}) for kind, body in bodies]
        assert {answer.json()["session_id"] for answer in answers} == {session_id}
        return [answer.json()["transcript"] for answer in answers]

    assert run(call, over, script) == ["when", "where"]


def test_a_broken_recording_leaves_a_session_as_it_was(over: Over) -> None:
    call = Call(texts=["when"])

    async def script(server: Any) -> None:
        path = f"{PROCESS}?session_id={(await server.http('POST', SESSION)).json()['session_id']}"
        broken = opus(recorded(("voice", 3.0)), HEARING_RATE, "webm")
        broken = broken[: len(broken) // 2] + bytes(200) + broken[len(broken) // 2 :]
        assert (await server.http("POST", path, broken)).status == 422
        assert (await server.http("POST", path, QUESTION)).json()["transcript"] == "when"

    run(call, over, script)


def test_an_answer_without_end_is_interrupted(over: Over, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fastrtc_process, "LONGEST_ANSWER_SECS", 5.0)
    call = Call(texts=["tell me everything"])
    call.llm.answer = lambda turn: "One two three four. " * 10_000
    answer, _ = post(call, over)
    assert answer.status == 200
    assert 5.0 < read_wav(base64.b64decode(answer.json()["audio"]))[0].size / SPEAKING_RATE < 30.0
    assert answer.json()["response"].startswith("One two three four. One")
    assert history(call) == []


def test_an_answer_that_is_not_complete_in_time_is_given_up_and_its_session_can_go_on(
    over: Over, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every engine keeps to its own deadline here: each waits for one item, and there are many."""
    call = Call(texts=["when", "where"])
    soon = call.llm.reply

    async def dripping(*_: object) -> AsyncIterator[TextDelta]:
        while True:
            await asyncio.sleep(5.0)
            yield TextDelta("Some more. ")

    async def script(server: Any) -> tuple[Any, float, Any, list[str]]:
        path = f"{PROCESS}?session_id={(await server.http('POST', SESSION)).json()['session_id']}"
        clock = asyncio.get_running_loop().time
        began = clock()
        late = await server.http("POST", path, QUESTION)
        took = clock() - began
        monkeypatch.setattr(call.llm, "reply", soon)
        return late, took, await server.http("POST", path, QUESTION), server.parley.errors

    monkeypatch.setattr(call.llm, "reply", dripping)
    late, took, next_one, errors = run(call, over, script)
    assert (late.status, late.json()["type"]) == (504, "urn:parley:problem:answer-overdue")
    assert took == pytest.approx(fastrtc_process.ANSWER_SECS, abs=1.0)
    assert (next_one.status, next_one.json()["transcript"]) == (200, "where")
    assert errors == ["answer-overdue"]


def test_a_server_that_stops_meanwhile_says_so(over: Over) -> None:
    call = Call(texts=["when"])
    call.llm.secs = 5.0

    async def script(server: Any) -> Any:
        answering = asyncio.create_task(server.http("POST", PROCESS, QUESTION))
        await asyncio.sleep(1.0)
        await call.sessions.leave("server-stopping")
        return await answering

    answer = run(call, over, script)
    assert (answer.status, answer.json()["type"]) == (503, "urn:parley:problem:draining")


def test_nothing_of_a_recording_is_kept(over: Over) -> None:
    call = Call(texts=["once", "twice"])
    body = a_file(("voice", 1.0), ("silence", 100.0))

    async def script(server: Any) -> int:
        path = f"{PROCESS}?session_id={(await server.http('POST', SESSION)).json()['session_id']}"
        await server.http("POST", path, body)
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        assert (await server.http("POST", path, body)).status == 200
        kept = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        return kept

    assert run(call, over, script) < 300_000 < len(body) / 10


def test_a_long_answer_lets_others_have_their_turn_while_it_is_written(over: Over) -> None:
    """Five minutes of it were written as base64 in one go of 0.1 s, in which no call heard anything. Fails when it is
    not written bit by bit: nobody then has a turn between its last sample and the answer.
    """
    call = Call(texts=["tell me everything"])
    call.llm.answer = lambda turn: "One two three four. " * 100

    async def script(server: Any) -> int:
        turns, written = 0, asyncio.Event()
        render = fastrtc_http.render_audio

        def noted(pcm: Pcm) -> Any:
            written.set()
            return render(pcm)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fastrtc_http, "render_audio", noted)
            answering = asyncio.create_task(server.http("POST", PROCESS, QUESTION))
            await written.wait()
            while not answering.done():
                turns += 1
                await asyncio.sleep(0)
        assert (await answering).status == 200
        return turns

    assert run(call, over, script) > 20
