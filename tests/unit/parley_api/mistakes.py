"""Owns what load() says of a text as a file, and what such texts begin with."""

from __future__ import annotations

from pathlib import Path

from parley_api import InvalidFile, load

HEAD = "apiVersion: parley.dev/v1alpha1\nkind: VoiceAgent\nmetadata: {name: a}\n"
SPEC = HEAD + "spec:\n  conversation:\n    instructions: Be kind.\n"
INTENT = SPEC + "    intents:\n    - name: book\n"
BOOK = INTENT + "      phrases: [book a visit]\n"


def mistakes(folder: Path, text: str | bytes) -> list[str]:
    """What load says of a file, without the file's name: "line: path: saw ...; ..."."""
    file = folder / "agent.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    try:
        load(file)
    except InvalidFile as invalid:
        return [line.removeprefix(f"{file}:").strip() for line in str(invalid).splitlines()]
    return []
