"""The knowledge of an agent as texts: those in its file, and the Markdown files of its folders.

On a cluster a ConfigMap is mounted as a folder of its name; on a laptop that folder lies beside the file.
Rules: every file and folder is bounded as a ConfigMap is, and read as UTF-8; a mistake is a Problem, never
half a text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from parley_api.problems import InvalidFile, Location, Problem, path_text, printable
from parley_api.voiceagent import VoiceAgent

LARGEST_TEXT = 256 * 1024
"""Bytes of one Markdown file."""

LARGEST_FOLDER = 1024 * 1024
"""Bytes of all Markdown files of a folder: a ConfigMap holds no more."""

MOST_TEXTS = 100
"""Markdown files of one folder."""


@dataclass(frozen=True, slots=True)
class KnowledgeText:
    """A text to find answers in. From a file: its first heading (or its name) and all of it."""

    title: str
    text: str


def knowledge_texts(agent: VoiceAgent, base_dir: Path) -> list[KnowledgeText]:
    """All knowledge of `agent`, in the order of its file; folders are in `base_dir`.

    Reads files: not for the event loop. Raises InvalidFile with every folder and file that can't be read.
    """
    texts: list[KnowledgeText] = []
    problems: list[Problem] = []
    for index, entry in enumerate(agent.spec.conversation.knowledge):
        if entry.config_map is not None:
            location = ("spec", "conversation", "knowledge", index, "configMap", "name")
            read, wrong = read_folder(base_dir, entry.config_map.name, location)
            texts += read
            problems += wrong
        elif entry.title is not None and entry.text is not None:
            texts.append(KnowledgeText(entry.title, entry.text))
    if problems:
        raise InvalidFile(str(base_dir), problems)
    return texts


def read_folder(base_dir: Path, name: str, location: Location) -> tuple[list[KnowledgeText], list[Problem]]:
    """The *.md of the folder `name`, sorted by name, and what is wrong with them."""
    path, folder = path_text(location), base_dir / name
    try:
        files = sorted(file for file in folder.iterdir() if file.suffix == ".md")
    except OSError as error:
        reason = "no such folder" if isinstance(error, FileNotFoundError) else _reason(error)
        return [], [Problem(path, f'"{name}", {reason}', f"put *.md into a folder {name} beside the file")]
    if not files or len(files) > MOST_TEXTS:
        seen = f'"{name}", a folder with {len(files)} *.md'
        return [], [Problem(path, seen, f"put 1 to {MOST_TEXTS} *.md into it")]
    texts: list[KnowledgeText] = []
    problems: list[Problem] = []
    total = 0
    for file in files:
        read = _read_text(file, f"{name}/{printable(file.name)}")
        if isinstance(read, KnowledgeText):
            texts.append(read)
            total += len(read.text.encode())
        else:
            problems.append(Problem(path, *read))
        if total > LARGEST_FOLDER:
            seen = f'"{name}", a folder with more than 1 MiB of *.md'
            return [], [*problems, Problem(path, seen, "use several folders: a ConfigMap holds no more")]
    return texts, problems


def _read_text(file: Path, shown: str) -> KnowledgeText | tuple[str, str]:
    """The text, or (what was seen, what to do instead)."""
    if file.is_dir():
        return f"{shown}, a folder", "move it elsewhere, or name it without .md: only files are read"
    if file.exists() and not file.is_file():
        # A pipe would be waited for, for ever.
        return f"{shown}, no regular file", "make it a file that can be read"
    try:
        with file.open("rb") as stream:
            raw = stream.read(LARGEST_TEXT + 1)
    except OSError as error:
        return f"{shown}, {_reason(error)}", "make it a file that can be read"
    if len(raw) > LARGEST_TEXT:
        return f"{shown}, more than {LARGEST_TEXT // 1024} KiB", "split it into several files"
    try:
        text = raw.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        return f"{shown} with byte 0x{raw[error.start]:02x} at {error.start}", "save it as UTF-8"
    if not text:
        return f"{shown}, an empty file", "write something into it, or remove it"
    return KnowledgeText(_title(text) or file.stem, text)


def _title(text: str) -> str | None:
    """The first heading of a Markdown text."""
    heading = re.search(r"^#{1,6}[ \t]+(.{1,200})", text, re.MULTILINE)
    return heading.group(1).strip(" \t#") if heading else None


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
