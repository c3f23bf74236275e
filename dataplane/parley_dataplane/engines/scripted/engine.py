"""The LLM that is a script: one `Dialogue` shared by all calls, told sentence by sentence."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from typing import Any

from parley_api.conversation import Conversation
from parley_api.knowledge import KnowledgeText
from parley_dataplane.engines.base import Message, Remember, TextDelta, UserTurn
from parley_dataplane.engines.expected import examples
from parley_dataplane.engines.scripted import builtin
from parley_dataplane.engines.scripted.dialogue import Dialogue
from parley_dataplane.engines.scripted.meaning import Meaning
from parley_dataplane.engines.scripted.state import State
from parley_dataplane.engines.scripted.vectors import Vectors, vectors_file

_SENTENCE = re.compile(r".+?(?:[.!?]\s+|$)", re.DOTALL)


class Scripted:
    """Answers from the intents and the knowledge of the file, and says so when it has no answer."""

    name = "scripted"

    def __init__(self, conversation: Conversation, entries: Iterable[KnowledgeText] = ()) -> None:
        self._dialogue = Dialogue(conversation, entries)
        self._conversation = conversation
        phrases = {intent.name: examples(intent) for intent in conversation.intents}
        file = vectors_file()
        self._meaning = Meaning(phrases, self._dialogue.passages, Vectors(file) if file else None)

    def set_sentences(self) -> Iterator[str]:
        """What every agent says, and of its file the answers and the questions for slots."""
        for name, value in vars(builtin).items():
            if name.isupper() and isinstance(value, str):
                yield value
            elif name.isupper() and isinstance(value, tuple):
                yield from value
        for intent in self._conversation.intents:
            yield from intent.every_answer
            yield from (slot.ask for slot in intent.slots)
            yield from (follow_up.answer for follow_up in intent.follow_ups if follow_up.answer)
            if intent.otherwise:
                yield intent.otherwise

    async def start(self) -> None:
        """Raises EngineUnavailable when the network of meanings is missing."""
        await self._meaning.start()

    async def close(self) -> None:
        await self._meaning.close()

    def expect(self, turn: UserTurn) -> None:
        """Tell its meaning ahead, which takes 40 ms: a person's silence is longer."""
        self._meaning.expect(turn.text, turn.alternatives)

    async def reply(
        self, turn: UserTurn, history: Sequence[Message], memory: Mapping[str, Any]
    ) -> AsyncGenerator[TextDelta | Remember, None]:
        """The sentences together are the answer; `history` is not read: `memory` holds all that counts."""
        near = await self._meaning.near(turn.text, turn.alternatives)
        answer, state = self._dialogue.answer(State.from_memory(memory), turn, near)
        for sentence in sentences(answer):
            yield TextDelta(sentence)
        yield Remember(state.to_memory())


def sentences(answer: str) -> list[str]:
    """The answer cut after each sentence; nothing is lost, for a new line is heard as a pause."""
    return _SENTENCE.findall(answer.strip())
