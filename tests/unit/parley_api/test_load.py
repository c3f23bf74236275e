"""load() reads what a cluster would take, whatever stands beside it; a file of anything else is an invalid one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import yaml

from parley_api import InvalidFile, load
from parley_api.load import load_all, load_file
from tests.agent_file import AGENTS, EXAMPLES
from tests.unit.parley_api.mistakes import HEAD, SPEC, mistakes


@pytest.mark.parametrize(
    "text",
    [
        "[" * 500_000,
        "{a: " * 250_000,
        "- " * 500_000,
        "a: &a [x]\n" + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [{'*a,' * 9}]\n" for i in range(20)),
        "k" * 1_000_000 + ": 1",
        "? " * 500_000,
        "\x85" * 100,
        "%YAML 1.1\n--- !<tag:x> |\n a",
        "---\n" * 10_000,
        "x: " + "1" * 900_000,
        "[" + "a," * 100_000 + "]",
        HEAD + "spec:\n" + "".join(f"  k{i}: 1\n" for i in range(80_000)),
        SPEC + "    intents: [" + "{name: a, phrases: ['{x}', '{y}']}," * 20_000 + "]",
    ],
    ids=lambda text: text[:12],
)
def test_a_hostile_file_is_told_as_an_invalid_one(tmp_path: Path, text: str) -> None:
    told = mistakes(tmp_path, text)
    assert told
    assert all(len(line) < 700 for line in told)


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"saw no such file; write the path of a VoiceAgent file"):
        load(tmp_path / "none.yaml")
    with pytest.raises(InvalidFile, match=r"saw a folder; write the path of a VoiceAgent file in it"):
        load(tmp_path)
    with pytest.raises(InvalidFile, match=r"saw embedded null byte"):
        load("a\0b")


def test_other_kinds_in_the_file_are_passed_over(tmp_path: Path) -> None:
    other = "kind: ConfigMap\ndata: {a: &x 1, b: *x}\n---\n"
    assert mistakes(tmp_path, other + SPEC + "---\n---\n" + other) == []


def test_what_a_cluster_adds_is_passed_over(tmp_path: Path) -> None:
    text = (
        SPEC.replace("{name: a}", "{name: a, uid: x, generation: 3, managedFields: []}") + "status: {x: 1}\n"
    )
    assert mistakes(tmp_path, text) == []


def test_what_kubectl_get_prints_is_an_agent_again(tmp_path: Path) -> None:
    """`kubectl get va a -o yaml > a.yaml` is how a file that is lost comes back: status, names and all."""
    applied = "kubectl.kubernetes.io/last-applied-configuration: " + "'" + "x" * 100_000 + "'"
    metadata = f"{{name: a, generateName: a-, resourceVersion: '7', annotations: {{{applied}}}}}"
    status = "status:\n  observedGeneration: 3\n  conditions: [{type: Ready, status: 'True'}]\n"
    assert mistakes(tmp_path, SPEC.replace("{name: a}", metadata) + status) == []


def test_what_kubectl_get_prints_of_several_is_told_how_to_get_one(tmp_path: Path) -> None:
    assert mistakes(tmp_path, "apiVersion: v1\nkind: List\nitems: []\n") == [
        '2: kind: saw "List"; write one of its items into a file, as `kubectl get voiceagent NAME -o yaml` prints it'
    ]


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    assert mistakes(tmp_path, b"\xef\xbb\xbf" + SPEC.encode()) == []


def test_a_file_is_known_by_the_sha_256_of_its_bytes(tmp_path: Path) -> None:
    """As `sha256sum` has it: byte order mark, comments and other documents too."""
    file, digests = tmp_path / "agent.yaml", set()
    for text in (SPEC, SPEC + "# a comment\n", "\ufeff" + SPEC, "kind: ConfigMap\n---\n" + SPEC):
        file.write_bytes(text.encode())
        read = load_file(file)
        assert read.agent == load(file)
        assert read.digest == hashlib.sha256(text.encode()).hexdigest()
        digests.add(read.digest)
    assert len(digests) == 4


def test_a_time_is_a_text_as_it_is_to_kubernetes(tmp_path: Path) -> None:
    file = tmp_path / "agent.yaml"
    file.write_text(SPEC + "    greeting: 12:30\n    goodbye: 2026-01-01\n")
    conversation = load(file).spec.conversation
    assert (conversation.greeting, conversation.goodbye) == ("12:30", "2026-01-01")


@pytest.mark.parametrize("example", AGENTS, ids=lambda file: file.name)
def test_every_example_of_an_agent_loads(example: Path) -> None:
    assert load(example).metadata.name == example.stem


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.name)
def test_every_example_is_one_object_of_a_kind(example: Path) -> None:
    (found,) = load_all(example)
    assert found.kind == yaml.safe_load(example.read_text())["kind"]


SERVER = """\
apiVersion: parley.dev/v1alpha1
kind: ModelServer
metadata: {name: voice}
spec:
  engine: {piper: {voice: en_US-lessac-medium}}
"""
TUNING = "apiVersion: parley.dev/v1alpha1\nkind: NodeTuning\nmetadata: {name: quick}\nspec: {}\n"
OTHER = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n"


def test_a_file_of_several_objects_is_read_as_a_cluster_would_take_it(tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    file.write_text("---\n".join([SERVER, OTHER, TUNING, SPEC + "    greeting: Hello.\n", SERVER]))
    kinds = [found.kind for found in load_all(file)]
    assert kinds == ["ModelServer", "NodeTuning", "VoiceAgent", "ModelServer"]
    assert load(file).spec.conversation.greeting == "Hello."


def test_the_mistakes_of_all_objects_of_a_file_are_told_each_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    wrong = TUNING.replace("spec: {}", "spec: {governor: fast}")
    file.write_text("---\n".join([SERVER.replace("piper", "pipe"), OTHER, wrong]))
    with pytest.raises(InvalidFile) as raised:
        load_all(file)
    told = [(problem.line, problem.path) for problem in raised.value.problems]
    assert told == [(5, "spec.engine.pipe"), (14, "spec.governor")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "saw an empty file; write a VoiceAgent into it"),
        (
            OTHER,
            'saw "ConfigMap"; write kind: VoiceAgent, ModelServer, NodeTuning or VoiceTenant for one of them',
        ),
        (SERVER.replace("ModelServer", "modelserver"), 'kind: saw "modelserver"; write ModelServer'),
        (
            SERVER.replace("name: voice", "name: Voice"),
            'metadata.name: saw "Voice"; write a lower-case letter',
        ),
    ],
    ids=["nothing", "another kind", "a kind in small letters", "a name that is none"],
)
def test_a_file_without_an_object_of_ours_is_told_what_to_write(text: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "object.yaml"
    file.write_text(text)
    with pytest.raises(InvalidFile) as raised:
        load_all(file)
    assert told in str(raised.value)
