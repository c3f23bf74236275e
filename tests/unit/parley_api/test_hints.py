"""Broken YAML is told with what to write instead: nearly always a text wants quotes."""

from __future__ import annotations

from pathlib import Path

import pytest

from parley_api import InvalidFile, load

HEAD = "apiVersion: parley.dev/v1alpha1\nkind: VoiceAgent\nmetadata: {name: a}\nspec:\n  conversation:\n"
PHRASE = 'put a phrase with {slot} in quotes inside [...], or write each phrase on its own line after "- "'


def special(character: str) -> str:
    return f"put the whole text in quotes: at its beginning {character} has a meaning in YAML"


BROKEN = {
    "    greeting: We are open: always\n": 'put the whole text in quotes: ": " in it begins another field',
    "    greeting: {name} is open\n": special("{"),
    "    greeting: [name] is open\n": special("["),
    "    greeting: * open\n": special("*"),
    "    greeting: & open\n": special("&"),
    "    greeting: % open\n": special("%"),
    "    greeting: '@home'\n    goodbye: @home\n": special("@"),
    "    greeting: `open`\n": special("`"),
    "    greeting: | open\n": special("|"),
    "    phrases:\n    - {day} at ten\n    - never\n": special("{"),
    "    phrases: [book for {day} at {time}, other]\n": PHRASE,
    "    phrases: [{day} please, other]\n": PHRASE,
    "    phrases: [number #1, other]\n    z: 1\n": 'put the whole text in quotes: " #" begins a comment',
    "    phrases: [a, b\n    z: 1\n": "end with ] what begins in line 6",
    "    greeting: 'it's fine'\n": (
        'put nothing after the closing quote; a text with \' in it goes in "..."'
    ),
    '    greeting: "never closed\n    z: 1\n': "end the quoted text that begins in line 6 with the same quote",
    "    greeting: a\n       goodbye: b\n": "indent this line as its neighbours, and write a colon after every name",
    "    greeting: a\n   goodbye: b\n": "indent this line as its neighbours, and write a colon after every name",
    "    greeting: - a\n": special("-"),
    "    greeting a\n    goodbye: b\n": (
        "indent this line as its neighbours, and write a colon after every name"
    ),
    "    greeting: a\n    goodbye b\n": (
        'write ": " between the name and the value in line 7, or indent a text further'
    ),
    "    greeting:\n\ta\n": "indent with spaces",
}


def told(folder: Path, text: str) -> str:
    file = folder / "agent.yaml"
    file.write_text(HEAD + text)
    with pytest.raises(InvalidFile) as wrong:
        load(file)
    return str(wrong.value)


@pytest.mark.parametrize("text", BROKEN)
def test_broken_yaml_is_told_with_what_to_write(text: str, tmp_path: Path) -> None:
    said = told(tmp_path, text)
    assert "saw broken YAML (" in said
    assert said.endswith(f"; {BROKEN[text]}")


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("    greeting: {name}\n", "in quotes if it begins with { or [ or holds a colon"),
        ("    greeting: *open\n", "put a text that begins with * in quotes"),
        ("    greeting: !open now\n", "put a text that begins with ! in quotes"),
    ],
)
def test_yaml_that_reads_as_something_else_is_told_with_quotes_too(
    text: str, instead: str, tmp_path: Path
) -> None:
    assert instead in told(tmp_path, text)
