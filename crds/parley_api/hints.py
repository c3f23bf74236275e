"""What to write instead of YAML that can't be read, from the line where its parser gave up.

Rules: a hint names the usual cause, which is a text that should stand in quotes; where no cause shows, it says no more
than where to look. Nothing of the file is repeated but single characters.
"""

from __future__ import annotations

import re

import yaml

_VALUE = re.compile(r"\s*(?:- +)*(?:[\w./-]+:\s+)?(?P<value>\S.*)?$")
"""A line of a map or list, without its dashes and its key."""

_SPECIAL = "{[*&!%@`|>]},?"
_IN_QUOTES = "put the whole text in quotes"


def hint(text: str, error: yaml.MarkedYAMLError) -> str:
    """What to write instead, for the sentence "saw broken YAML; ..."."""
    mark, begun = error.problem_mark, error.context_mark
    if mark is None or (error.context is None and "levels" in str(error.problem)):
        return "correct the YAML at this line"
    lines = text.split("\n")
    line = lines[mark.line] if mark.line < len(lines) else ""
    if line[mark.column :].startswith("\t"):
        return "indent with spaces"
    if begun is not None and (found := _unclosed(error, lines, line)):
        return found
    return _value(line, mark.column) or "correct the YAML at this line"


def _unclosed(error: yaml.MarkedYAMLError, lines: list[str], line: str) -> str | None:
    """What began at the error's other mark, and was not ended as it should be."""
    mark, begun, context = error.problem_mark, error.context_mark, str(error.context)
    assert mark is not None
    assert begun is not None
    if "quoted scalar" in context:
        return f"end the quoted text that begins in line {begun.line + 1} with the same quote"
    if "simple key" in context:
        return f'write ": " between the name and the value in line {begun.line + 1}, or indent a text further'
    if "flow" not in context:
        return None
    first = lines[begun.line][begun.column :]
    if line[mark.column : mark.column + 1] == "{" or re.search(r"[\[,]\s*\{\w+\}\s*[^\s,\]]", first):
        return (
            'put a phrase with {slot} in quotes inside [...], or write each phrase on its own line after "- "'
        )
    if " #" in first:
        return f'{_IN_QUOTES}: " #" begins a comment'
    bracket = {"[": "]", "{": "}"}.get(first[:1], "]")
    if mark.line == begun.line:
        return f"put each text of the list in quotes, or end the list with {bracket}"
    return f"end with {bracket} what begins in line {begun.line + 1}"


def _value(line: str, column: int) -> str | None:
    """What is wrong with the value that stands in this line."""
    match = _VALUE.match(line)
    value = match["value"] if match else None
    if match is None or value is None or column < match.start("value"):
        return "indent this line as its neighbours, and write a colon after every name" if value else None
    if value[0] in "'\"":
        other = "'" if value[0] == '"' else '"'
        return f"put nothing after the closing quote; a text with {value[0]} in it goes in {other}...{other}"
    if value[0] in _SPECIAL or value.startswith("- "):
        return f"{_IN_QUOTES}: at its beginning {value[0]} has a meaning in YAML"
    if ": " in value or value.endswith(":"):
        return f'{_IN_QUOTES}: ": " in it begins another field'
    return None
