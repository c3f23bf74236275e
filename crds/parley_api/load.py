"""A file -> its objects, or every mistake in them at once.

Rules: the file is bounded as etcd bounds an object; what is wrong is said with path, line, what was seen and
what to write instead, the last made from the same schema as the CRD, so that a laptop and a cluster agree.
Other kinds in the same file are passed over, as `kubectl apply` would take them as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from parley_api import advice, engine_files, references
from parley_api.document import Document, documents
from parley_api.hints import hint
from parley_api.kind import Kind, Resource
from parley_api.kinds import KINDS, VOICE_AGENT
from parley_api.knowledge import read_folder
from parley_api.problems import InvalidFile, Problem, path_text, printable, shown
from parley_api.schema import object_schema
from parley_api.voiceagent import VoiceAgent

LARGEST_FILE = 1024 * 1024
"""Bytes. etcd refuses larger objects (its request limit is 1.5 MiB, with all that the cluster adds)."""

MOST_TOLD = 200
"""Mistakes: all of any file that a person wrote, and few enough that no file takes minutes."""

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
        agent = _object(_only_agent(_documents(_text(raw))), VOICE_AGENT, file.parent)
    except _Wrong as wrong:
        raise InvalidFile(str(path), wrong.problems) from None
    assert isinstance(agent, VoiceAgent)
    return AgentFile(agent, hashlib.sha256(raw).hexdigest())


def load_all(path: str | Path) -> list[Resource]:
    """All objects of our kinds in the YAML file `path`, in their order: as many as a cluster would take from it.

    Reads files: not for the event loop. Raises InvalidFile with all mistakes in all of them.
    """
    file, found, problems = Path(path), list[Resource](), list[Problem]()
    try:
        ours = _all_of_ours(_documents(_text(_bytes(file))))
    except _Wrong as wrong:
        raise InvalidFile(str(path), wrong.problems) from None
    for document, kind in ours:
        try:
            found.append(_object(document, kind, file.parent))
        except _Wrong as wrong:
            problems += wrong.problems
    if problems:
        raise InvalidFile(str(path), _in_order([], problems))
    return found


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
        # It would be waited for, for ever; but under /dev are the pipes that a shell has already opened.
        if file.is_fifo() and not file.is_relative_to("/dev"):
            raise _Wrong(Problem("", "a pipe, no regular file", "make it a file that can be read"))
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
    name = VOICE_AGENT.name
    if not found:
        raise _Wrong(Problem("", "an empty file", f"write a {name} into it"))
    agents = [document for document in found if _kind(document) == name]
    if len(agents) == 1:
        return agents[0]
    if len(agents) > 1:
        lines = " and ".join(str(document.line) for document in agents[:5])
        raise _Wrong(Problem("", f"{len(agents)} of kind {name} (lines {lines})", "keep one in a file"))
    if len(found) == 1 and _meant(found[0], [name]):
        return found[0]  # it was meant to be one: say all that is wrong with it
    raise _other_kinds(found, name)


def _all_of_ours(found: list[Document]) -> list[tuple[Document, Kind]]:
    names = list(KINDS)
    ours = [(document, KINDS[name]) for document in found if (name := _kind(document)) in names]
    if not found:
        raise _Wrong(Problem("", "an empty file", f"write a {VOICE_AGENT.name} into it"))
    if ours:
        return ours
    if len(found) == 1 and (name := _meant(found[0], names)):
        return [(found[0], KINDS[name])]
    raise _other_kinds(found, f"{', '.join(names[:-1])} or {names[-1]}")


def _meant(document: Document, names: list[str]) -> str | None:
    """Which kind it was to be; the first where nothing is said."""
    said = _kind(document)
    return names[0] if said is None else advice.closest(str(said), names)


def _other_kinds(found: list[Document], wanted: str) -> _Wrong:
    kinds = ", ".join(shown(_kind(document)) for document in found[:5])
    if len(found) == 1 and _kind(found[0]) == "List":
        one = "write one of its items into a file, as `kubectl get voiceagent NAME -o yaml` prints it"
        return _Wrong(Problem("kind", kinds, one, found[0].line_of(("kind",))))
    return _Wrong(
        Problem("kind", kinds, f"write kind: {wanted} for one of them", found[0].line_of(("kind",)))
    )


def _kind(document: Document) -> Any:
    return document.value.get("kind") if isinstance(document.value, dict) else None


def _object(document: Document, kind: Kind, base_dir: Path) -> Resource:
    value = _as_written(document.value)
    across = kind.resource.mistakes(value)
    if kind is VOICE_AGENT:
        across = chain(across, engine_files.mistakes(value, base_dir))
    problems = [
        Problem(path_text(found.location), found.seen, found.instead, document.line_of(found.location))
        for found in islice(across, MOST_TOLD + 1)
    ]
    if kind is VOICE_AGENT:
        problems += _folders(value, base_dir, document)
    made = None
    try:
        made = kind.resource.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
        wrong = (one for one in details if one["type"] not in _SAID_BY_REFERENCES)
        problems += [
            advice.problem(one, document, object_schema(kind)) for one in islice(wrong, MOST_TOLD + 1)
        ]
    if made is None or problems or document.problems:
        raise _Wrong(*_in_order(document.problems, problems))
    return made


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
