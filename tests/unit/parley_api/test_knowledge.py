"""Knowledge is in the file or in a folder beside it; a folder that can't be read whole is a mistake of the file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from parley_api import InvalidFile, KnowledgeText, load
from parley_api.knowledge import LARGEST_TEXT, MOST_TEXTS, knowledge_texts

AGENT = """\
apiVersion: parley.dev/v1alpha1
kind: VoiceAgent
metadata: {name: a}
spec:
  conversation:
    instructions: Be kind.
    knowledge:
    - {title: Parking, text: Behind the house.}
    - configMap:
        name: leaflets
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "agent.yaml").write_text(AGENT)
    leaflets = tmp_path / "leaflets"
    leaflets.mkdir()
    return leaflets


def told(folder: Path) -> list[str]:
    with pytest.raises(InvalidFile) as caught:
        load(folder.parent / "agent.yaml")
    where = f"{folder.parent / 'agent.yaml'}:10: spec.conversation.knowledge[1].configMap.name: saw "
    return [line.removeprefix(where) for line in str(caught.value).splitlines()]


def test_texts_come_in_the_order_of_the_file_and_then_of_the_names(folder: Path) -> None:
    (folder / "b.md").write_text("No heading.\n")
    (folder / "a.md").write_text("Before.\n\n## Opening hours ##\nNine to five.\n")
    (folder / "c.txt").write_text("not Markdown")
    agent = load(folder.parent / "agent.yaml")
    assert knowledge_texts(agent, folder.parent) == [
        KnowledgeText("Parking", "Behind the house."),
        KnowledgeText("Opening hours", "Before.\n\n## Opening hours ##\nNine to five."),
        KnowledgeText("b", "No heading."),
    ]


def test_a_missing_folder_is_told_with_its_line(folder: Path) -> None:
    folder.rmdir()
    assert told(folder) == ['"leaflets", no such folder; put *.md into a folder leaflets beside the file']


def test_a_file_in_the_place_of_the_folder_is_told(folder: Path) -> None:
    folder.rmdir()
    folder.write_text("")
    assert told(folder) == ['"leaflets", not a directory; put *.md into a folder leaflets beside the file']


def test_a_folder_without_texts_is_told(folder: Path) -> None:
    assert told(folder) == [f'"leaflets", a folder with 0 *.md; put 1 to {MOST_TEXTS} *.md into it']


def test_every_text_that_can_not_be_read_is_told(folder: Path) -> None:
    (folder / "a.md").write_bytes(b"caf\xe9")
    (folder / "b.md").write_bytes(b"x" * (LARGEST_TEXT + 1))
    (folder / "c.md").write_bytes(b" \n")
    (folder / "d.md").mkdir()
    assert told(folder) == [
        "leaflets/a.md with byte 0xe9 at 3; save it as UTF-8",
        "leaflets/b.md, more than 256 KiB; split it into several files",
        "leaflets/c.md, an empty file; write something into it, or remove it",
        "leaflets/d.md, a folder; move it elsewhere, or name it without .md: only files are read",
    ]


def test_a_text_of_50_mb_is_told_and_not_read(folder: Path) -> None:
    with (folder / "a.md").open("wb") as huge:
        huge.truncate(50_000_000)
    assert told(folder) == ["leaflets/a.md, more than 256 KiB; split it into several files"]


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_text_in_another_encoding_is_told(folder: Path, encoding: str) -> None:
    (folder / "a.md").write_text("caf\xe9", encoding)
    (seen,) = told(folder)
    assert seen.startswith("leaflets/a.md with byte 0x")
    assert seen.endswith("; save it as UTF-8")


def test_a_pipe_among_the_texts_is_told_and_not_waited_for(folder: Path) -> None:
    """Bug: `parley check` never came back. Cause: to open a pipe is to wait for somebody who writes into it."""
    os.mkfifo(folder / "a.md")
    assert told(folder) == ["leaflets/a.md, no regular file; make it a file that can be read"]


def test_a_folder_larger_than_a_config_map_is_told(folder: Path) -> None:
    for index in range(5):
        (folder / f"{index}.md").write_bytes(b"x" * LARGEST_TEXT)
    assert told(folder) == [
        '"leaflets", a folder with more than 1 MiB of *.md; use several folders: a ConfigMap holds no more'
    ]


def test_a_folder_that_went_away_after_loading_is_an_invalid_file(folder: Path) -> None:
    (folder / "a.md").write_text("x")
    agent = load(folder.parent / "agent.yaml")
    (folder / "a.md").unlink()
    with pytest.raises(InvalidFile, match="a folder with 0"):
        knowledge_texts(agent, folder.parent)
