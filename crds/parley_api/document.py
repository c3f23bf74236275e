"""YAML text -> plain values, each with its line, as an API server would read them.

Rules: what has two meanings is a mistake, not a guess (duplicate keys, aliases, tags, 0x1F, 0777); nothing is
expanded, so that a small file can't become a large value; depth is bounded; a mistake does not end the
reading, so that all are found. Times and dates stay texts (PyYAML alone would make 12:30 the number 750,
where Kubernetes keeps a text). To Kubernetes a null is a field that is not there, so a null in a map is left
out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import yaml

from parley_api.problems import Location, Problem, cut, path_text, printable

DEEPEST = 32

_NULL = re.compile(r"~|null|Null|NULL|")
_TRUE = re.compile(r"true|True|TRUE|yes|Yes|YES|y|Y|on|On|ON")
_FALSE = re.compile(r"false|False|FALSE|no|No|NO|n|N|off|Off|OFF")
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(
    r"[-+]?(0|[1-9][0-9]*|(?=\.[0-9]))(\.[0-9]*)?([eE][-+]?[0-9]+)?"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
_AMBIGUOUS = re.compile(r"[-+]?(0[0-9_]+|0[xX][0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+|[0-9]+(_+[0-9]+)+)")

_NO_ALIAS = "write the value itself, and put a text that begins with * in quotes"
_NO_QUESTION = (
    "put the text in quotes: to kubectl, a ? ends a text that stands in {...} or [...] without them"
)
_NO_TAG = "write the value without a tag, and put a text that begins with ! in quotes"


@dataclass
class Document:
    """One document of a file. `plain` holds the unquoted scalars that YAML does not take for texts."""

    line: int
    value: Any = None
    lines: dict[Location, int] = field(default_factory=dict)
    plain: dict[Location, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line_of(self, location: Location) -> int:
        """The line of `location`, or of the nearest thing around it that is there."""
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location, self.line)


def documents(text: str) -> list[Document]:
    """All documents of a YAML text. Raises yaml.YAMLError where the text is no YAML at all."""
    events = _bounded(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    found = [_Reader(events, _line(event)).document for event in events if _begins(event)]
    return [document for document in found if document.value is not None or document.problems]


_Tagged = yaml.ScalarEvent | yaml.CollectionStartEvent


def _line(event: yaml.Event) -> int:
    assert event.start_mark is not None, "a parser marks every event"
    return event.start_mark.line + 1


def _bounded(events: Iterator[yaml.Event]) -> Iterator[yaml.Event]:
    """The same events, down to DEEPEST: a parser's time grows with the square of the depth, and our stack with it."""
    depth = 0
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            mark = cast(yaml.Mark, event.start_mark)  # libyaml's own mark has the same fields
            raise yaml.MarkedYAMLError(problem=f"more than {DEEPEST} levels", problem_mark=mark)
        yield event


def _begins(event: yaml.Event) -> bool:
    return isinstance(event, yaml.DocumentStartEvent)


class _Reader:
    """Reads one document from a parser's events."""

    def __init__(self, events: Iterator[yaml.Event], line: int) -> None:
        self.events = events
        self.brackets = 0
        self.document = Document(line)
        first = next(events)
        self.document.line = _line(first)
        self.document.value = self._value(first, ())

    def _problem(self, event: yaml.Event, location: Location, seen: str, instead: str) -> None:
        line = _line(event)
        self.document.problems.append(Problem(path_text(location), seen, instead, line))

    def _value(self, event: yaml.Event, location: Location) -> Any:
        if isinstance(event, yaml.AliasEvent):
            self._problem(event, location, f"the alias *{cut(event.anchor or '')}", _NO_ALIAS)
            return None
        if isinstance(event, _Tagged) and event.tag not in (None, "!"):
            self._problem(event, location, f"the tag {printable(str(event.tag))}", _NO_TAG)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, location)
        bracket = isinstance(event, yaml.CollectionStartEvent) and bool(event.flow_style)
        self.brackets += bracket
        value = self._list(location) if isinstance(event, yaml.SequenceStartEvent) else self._map(location)
        self.brackets -= bracket
        return value

    def _skip(self) -> None:
        """Pass over the rest of the container that has just begun."""
        depth = 1
        while depth:
            event = next(self.events)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)

    def _list(self, location: Location) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            here = (*location, len(items))
            self.document.lines[here] = _line(event)
            items.append(self._value(event, here))
        return items

    def _map(self, location: Location) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        first_lines: dict[str, int] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._problem(event, location, "a key that is no text", "write one word as the key")
                if isinstance(event, yaml.CollectionStartEvent):
                    self._skip()
                self._value(next(self.events), (*location, "?"))
                continue
            key, here, line = event.value, (*location, event.value), _line(event)
            if key in first_lines:
                seen = f"the key {printable(key)} again, after line {first_lines[key]}"
                self._problem(event, here, seen, "keep one of the two")
                self._value(next(self.events), (*location, "?"))
                continue
            first_lines[key] = self.document.lines[here] = line
            value = self._value(next(self.events), here)
            if value is not None:
                entries[key] = value
        return entries

    def _scalar(self, event: yaml.ScalarEvent, location: Location) -> Any:
        if not event.implicit[0]:
            return event.value
        if _AMBIGUOUS.fullmatch(event.value):
            instead = "write a number in plain decimal digits, or put a text in quotes"
            self._problem(event, location, printable(event.value), instead)
            return None
        if self.brackets and "?" in event.value:
            self._problem(event, location, printable(event.value), _NO_QUESTION)
        value = _plain(event.value)
        if not isinstance(value, str):
            self.document.plain[location] = event.value
        return value


def _plain(text: str) -> Any:
    """An unquoted scalar by YAML 1.1's core, as Kubernetes reads it."""
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text) or _FALSE.fullmatch(text):
        return _TRUE.fullmatch(text) is not None
    if _INTEGER.fullmatch(text):
        return int(text)
    return (
        float(text.lower().replace(".inf", "inf").replace(".nan", "nan")) if _NUMBER.fullmatch(text) else text
    )
