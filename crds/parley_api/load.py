"""A file -> a VoiceAgent, or every mistake in it at once.

Rules: the file is bounded as etcd bounds an object; what is wrong is said with path, line, what was seen and
what to write instead, the last made from the same schema as the CRD, so that a laptop and a cluster agree.
Other kinds in the same file are passed over, as `kubectl apply` would take them as well.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from parley_api import engine_files, references
from parley_api.document import Document, documents
from parley_api.hints import hint
from parley_api.knowledge import read_folder
from parley_api.metadata import LABEL_KEYS
from parley_api.problems import InvalidFile, Location, Problem, path_text, printable, shown
from parley_api.schema import Schema, voice_agent_schema
from parley_api.voiceagent import VoiceAgent
from parley_api.wanted import wanted

LARGEST_FILE = 1024 * 1024
"""Bytes. etcd refuses larger objects (its request limit is 1.5 MiB, with all that the cluster adds)."""

MOST_TOLD = 200
"""Mistakes: all of any file that a person wrote, and few enough that no file takes minutes."""

KIND = "VoiceAgent"

_WRITTEN_BY_CLUSTER = {
    *("creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "finalizers", "generateName"),
    *("generation", "managedFields", "ownerReferences", "resourceVersion", "selfLink", "uid"),
}
"""Fields of metadata that `kubectl get -o yaml` shows and no author writes."""


@dataclass(frozen=True, slots=True)
class AgentFile:
    """What a file held when it was read. `digest` is the SHA-256 of its bytes, in hex."""

    agent: VoiceAgent
    digest: str


def load(path: str | Path) -> VoiceAgent:
    """The VoiceAgent in the YAML file `path`.

    Reads files: not for the event loop. Raises InvalidFile with all mistakes.
    """
    return load_file(path).agent


def load_file(path: str | Path) -> AgentFile:
    """load(), and which bytes it was."""
    file = Path(path)
    try:
        raw = _bytes(file)
        agent = _agent(_only_agent(_documents(_text(raw))), file.parent)
    except _Wrong as wrong:
        raise InvalidFile(str(path), wrong.problems) from None
    return AgentFile(agent, hashlib.sha256(raw).hexdigest())


def folders(path: str | Path) -> list[Path]:
    """The folders of knowledge that the file `path` names, there or not, as far as it can be read. Reads the file."""
    file = Path(path)
    try:
        document = _only_agent(_documents(_text(_bytes(file))))
    except _Wrong:
        return []
    return [file.parent / name for _, name in references.config_maps(document.value)]


class _Wrong(Exception):
    def __init__(self, *problems: Problem) -> None:
        self.problems = problems


def _bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            raw = stream.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise _Wrong(Problem("", "no such file", "write the path of a VoiceAgent file")) from None
    except IsADirectoryError:
        raise _Wrong(Problem("", "a folder", "write the path of a VoiceAgent file in it")) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _Wrong(Problem("", printable(reason.lower()), "make it a file that can be read")) from None
    if len(raw) > LARGEST_FILE:
        raise _Wrong(
            Problem("", "more than 1 MiB", "move knowledge into a ConfigMap: a cluster takes no more")
        )
    return raw


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        seen = f"byte 0x{raw[error.start]:02x} at {error.start}, which is not UTF-8"
        raise _Wrong(
            Problem("", seen, "save the file as UTF-8", raw.count(b"\n", 0, error.start) + 1)
        ) from None


def _documents(text: str) -> list[Document]:
    try:
        return documents(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise _Wrong(Problem("", f"broken YAML ({error.problem})", hint(text, error), line)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        seen = "a control character, which YAML does not allow"
        raise _Wrong(
            Problem("", seen, "remove it, or write it as an escape in double quotes", line)
        ) from None


def _only_agent(found: list[Document]) -> Document:
    if not found:
        raise _Wrong(Problem("", "an empty file", f"write a {KIND} into it"))
    agents = [document for document in found if _kind(document) == KIND]
    if len(agents) == 1:
        return agents[0]
    if len(agents) > 1:
        lines = " and ".join(str(document.line) for document in agents[:5])
        raise _Wrong(Problem("", f"{len(agents)} of kind {KIND} (lines {lines})", "keep one in a file"))
    if len(found) == 1 and (_kind(found[0]) is None or _close(str(_kind(found[0])), [KIND])):
        return found[0]  # it was meant to be one: say all that is wrong with it
    kinds = ", ".join(shown(_kind(document)) for document in found[:5])
    if len(found) == 1 and _kind(found[0]) == "List":
        one = "write one of its items into a file, as `kubectl get voiceagent NAME -o yaml` prints it"
        raise _Wrong(Problem("kind", kinds, one, found[0].line_of(("kind",))))
    raise _Wrong(Problem("kind", kinds, f"write kind: {KIND} for one of them", found[0].line_of(("kind",))))


def _kind(document: Document) -> Any:
    return document.value.get("kind") if isinstance(document.value, dict) else None


def _agent(document: Document, base_dir: Path) -> VoiceAgent:
    value = _as_written(document.value)
    problems = [
        Problem(path_text(found.location), found.seen, found.instead, document.line_of(found.location))
        for found in islice(
            chain(references.mistakes(value), engine_files.mistakes(value, base_dir)), MOST_TOLD + 1
        )
    ]
    problems += _folders(value, base_dir, document)
    agent = None
    try:
        agent = VoiceAgent.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
        wrong = (one for one in details if one["type"] not in _SAID_BY_REFERENCES)
        problems += [_problem(one, document) for one in islice(wrong, MOST_TOLD + 1)]
    if agent is None or problems or document.problems:
        raise _Wrong(*_in_order(document.problems, problems))
    return agent


_SAID_BY_REFERENCES = {"references", "exactly_one"}


def _as_written(value: Any) -> Any:
    """The object without what a cluster adds to it."""
    if not isinstance(value, dict):
        return value
    value = {key: member for key, member in value.items() if key != "status"}
    if isinstance(metadata := value.get("metadata"), dict):
        value["metadata"] = {k: v for k, v in metadata.items() if k not in _WRITTEN_BY_CLUSTER}
    return value


def _folders(value: Any, base_dir: Path, document: Document) -> Iterator[Problem]:
    for location, name in references.config_maps(value):
        line = document.line_of(location)
        for problem in read_folder(base_dir, name, location)[1]:
            yield Problem(problem.path, problem.seen, problem.instead, line)


def _in_order(unread: list[Problem], wrong: list[Problem]) -> list[Problem]:
    """By line. What could not be read is not there, and need not be missed as well."""
    paths = {problem.path for problem in unread}
    told = unread + [problem for problem in wrong if problem.path not in paths]
    told.sort(key=lambda problem: problem.line or 0)
    if len(told) > MOST_TOLD:
        told[MOST_TOLD:] = [Problem("", "more mistakes than these", "correct these first")]
    return told


def _problem(error: ErrorDetails, document: Document) -> Problem:
    """One of pydantic's errors in our words."""
    location: Location = error["loc"]
    if location[-1:] == ("[key]",):
        location = location[:-1]
        seen, instead = "a key that is not allowed", LABEL_KEYS.message
    elif error["type"] == "extra_forbidden":
        seen, instead = "an unknown field", _unknown(location)
    else:
        schema = _schema_at(location)
        secret = schema.get("format") == "password"
        seen = "nothing" if error["type"] == "missing" else "a secret" if secret else shown(error["input"])
        instead = _advice(error["input"], schema)
        if error["type"] == "string_type" and location in document.plain:
            plain = "a secret" if secret else printable(document.plain[location])
            seen, instead = f"{plain} without quotes", "put a text in quotes"
        elif error["type"] == "string_type" and isinstance(error["input"], dict | list):
            instead += ", in quotes if it begins with { or [ or holds a colon"
        elif error["type"] == "string_too_long":
            seen = f"a text of {len(error['input'])} characters"
    return Problem(path_text(location), seen, instead, document.line_of(location))


def _schema_at(location: Location) -> Schema:
    schema = voice_agent_schema()
    for part in location:
        if isinstance(part, int):
            schema = schema["items"]
        else:
            schema = schema.get("properties", {}).get(part) or schema["additionalProperties"]
    return schema


def _advice(value: Any, schema: Schema) -> str:
    """What to write for a field, in words made from its schema."""
    names = schema.get("enum", [])
    if len(names) > 1 and isinstance(value, str) and (close := _close(value, names)):
        return f"did you mean {close}? Write {wanted(schema)}"
    return f"write {wanted(schema)}"


def _unknown(location: Location) -> str:
    """What was meant by a field that does not exist: a name like it here, or the same name elsewhere."""
    name, names = str(location[-1]), list(_schema_at(location[:-1]).get("properties", {}))
    places = _places()
    if name in places:
        return f"it belongs to {places[name]}"
    if close := _close(name, names):
        return f"did you mean {close}?"
    if similar := _close(name, list(places)):
        return f"did you mean {similar} of {places[similar]}?"
    return f"write one of {', '.join(names)}" if names else "nothing can be set here: remove it"


def _close(name: str, names: list[str]) -> str | None:
    if len(name) > 64:
        return None
    by_lower = {candidate.lower(): candidate for candidate in names}
    found = difflib.get_close_matches(name.lower().replace("_", ""), by_lower, n=1)
    return by_lower[found[0]] if found else None


@cache
def _places() -> dict[str, str]:
    """Each field of the spec that has only one place, and that place."""
    places: dict[str, list[str]] = {}

    def walk(schema: Schema, path: str) -> None:
        for name, member in schema.get("properties", {}).items():
            places.setdefault(name, []).append(path)
            walk(member, f"{path}.{name}")
        if "items" in schema:
            walk(schema["items"], f"{path}[]")

    walk(voice_agent_schema()["properties"]["spec"], "spec")
    return {name: found[0] for name, found in places.items() if len(found) == 1}
