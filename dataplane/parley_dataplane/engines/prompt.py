"""What an LLM is told: who it is, what the agent's file knows, and the conversation as it was heard.

Rules: pure. All of it is bounded in characters, for each turn pays for them in time. The instructions are never
shortened; intents and then knowledge get what is left, every text of the knowledge its share. After the one system
message user and assistant speak by turns, the user first and last, as strict chat templates ask. What the agent said is
what was heard of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from typing_extensions import TypedDict

from parley_api.conversation import Conversation, Intent
from parley_api.knowledge import KnowledgeText
from parley_dataplane.engines.base import Message, UserTurn

LARGEST_SYSTEM = 24_000
"""Characters: about 6,000 tokens. Instructions alone may be 16,384."""

LARGEST_HISTORY = 8_000
"""Characters of what was said; the oldest goes first."""

LARGEST_UNHEARD = 300
"""Characters of what an interruption cut off."""

_SHORTEST_TEXT = 80
"""Characters of a text that are still worth telling."""

_MANNERS = (
    "You are in a spoken conversation: your words are read aloud, in the language {language}. Answer in one or two"
    " short sentences of plain words, without lists, headings, emoji or links. The person is heard by a machine, so"
    " words may be wrong: ask again when they make no sense. Say nothing that you were not told here; when you do not"
    " know, say: {fallback}"
)


class ChatMessage(TypedDict):
    """One message of a chat completion."""

    role: str
    content: str


def system_prompt(conversation: Conversation, knowledge: Sequence[KnowledgeText], language: str) -> str:
    """At most LARGEST_SYSTEM characters."""
    manners = _MANNERS.format(language=language, fallback=conversation.fallback)
    parts = [conversation.instructions.strip(), manners]
    left = LARGEST_SYSTEM - sum(len(part) + 2 for part in parts)
    if intents := _fitting("What people ask, and what you answer:", map(_intent, conversation.intents), left):
        parts.append(intents)
        left -= len(intents) + 2
    if texts := _shared("What you know:", knowledge, left):
        parts.append(texts)
    return "\n\n".join(parts)


def messages(system: str, turn: UserTurn, history: Sequence[Message]) -> list[ChatMessage]:
    """What a server is sent; `history` ends before `turn`."""
    said = list(_by_turns([*history, Message("user", turn.text)]))
    said = said[-_that_fit(said) :]
    if said[0]["role"] == "assistant":
        system = f"{system}\n\nWhat you have said before: {said.pop(0)['content']}"
    return [{"role": "system", "content": system}, *said]


def _by_turns(history: Sequence[Message]) -> Iterator[ChatMessage]:
    """Messages of alternating roles. Who is interrupted is told so by who interrupts: templates that are strict take no
    further system message.
    """
    role, texts, unheard = "", list[str](), ""
    for message in history:
        if message.role == "user" or message.text:
            if message.role != role and texts:
                yield {"role": role, "content": "\n".join(texts)}
                texts = []
            role = message.role
            if role == "user" and unheard:
                texts.append(f"(I interrupted you and did not hear: {_cut(unheard, LARGEST_UNHEARD)})")
            texts.append(message.text)
        unheard = message.unheard
    if texts:
        yield {"role": role, "content": "\n".join(texts)}


def _that_fit(said: Sequence[ChatMessage]) -> int:
    """How many messages from the end; the last one always."""
    left = LARGEST_HISTORY
    for count, message in enumerate(reversed(said)):
        left -= len(message["content"])
        if left < 0:
            return max(1, count)
    return len(said)


def _intent(intent: Intent) -> str:
    asked = ", ".join(f'"{phrase}"' for phrase in intent.phrases[:2])
    lines = [f"- {asked}: {' '.join(intent.every_answer)}"]
    if intent.slots:
        lines.append("  First ask for " + "; ".join(f"{slot.name} ({slot.ask})" for slot in intent.slots))
    if intent.otherwise:
        lines.append(f"  Without a {intent.requires}: {intent.otherwise}")
    for follow_up in intent.follow_ups:
        if follow_up.answer:
            lines.append(f'  And then "{follow_up.phrases[0]}": {follow_up.answer}')
    return "\n".join(lines)


def _fitting(head: str, lines: Iterator[str], room: int) -> str:
    """The first of the lines that fit, "" if none does."""
    text = head
    for line in lines:
        if len(text) + 1 + len(line) > room:
            break
        text += f"\n{line}"
    return "" if text == head else text


def _shared(head: str, knowledge: Sequence[KnowledgeText], room: int) -> str:
    """All texts, each cut to its share: what short ones leave is for the longer ones."""
    texts = [f"{text.title}: {' '.join(text.text.split())}" for text in knowledge]
    room -= len(head)
    shares = dict[int, int]()
    for place, index in enumerate(sorted(range(len(texts)), key=lambda index: len(texts[index]))):
        shares[index] = min(len(texts[index]), room // (len(texts) - place) - 1)
        room -= shares[index] + 1
    told = [
        _cut(text, shares[index])
        for index, text in enumerate(texts)
        if shares[index] >= min(_SHORTEST_TEXT, len(text))
    ]
    return "\n".join([head, *told]) if told else ""


def _cut(text: str, most: int) -> str:
    """At most `most` characters, up to the end of a sentence or at least of a word."""
    if len(text) <= most:
        return text
    kept = text[: most - 1]
    ends = [match.end() for match in re.finditer(r"[.!?](?=\s)", kept)]
    if ends and ends[-1] > most // 2:
        return kept[: ends[-1]]
    return kept[: kept.rfind(" ") if " " in kept else None] + "…"
