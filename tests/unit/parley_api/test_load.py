"""load() says every mistake of a file at once, in sentences that say what to write instead."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import yaml

from parley_api import InvalidFile, load
from parley_api.load import load_all, load_file
from tests.agent_file import AGENTS, EXAMPLES

HEAD = "apiVersion: parley.dev/v1alpha1\nkind: VoiceAgent\nmetadata: {name: a}\n"
SPEC = HEAD + "spec:\n  conversation:\n    instructions: Be kind.\n"
INTENT = SPEC + "    intents:\n    - name: book\n"
BOOK = INTENT + "      phrases: [book a visit]\n"
DAY = "      slots: [{name: day, kind: weekday, ask: 'Which day?'}]\n"


def mistakes(folder: Path, text: str | bytes) -> list[str]:
    """What load says of a file, without the file's name: "line: path: saw ...; ..."."""
    file = folder / "agent.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    try:
        load(file)
    except InvalidFile as invalid:
        return [line.removeprefix(f"{file}:").strip() for line in str(invalid).splitlines()]
    return []


WRONG = {
    # the file
    "an empty file": ("", "saw an empty file; write a VoiceAgent into it"),
    "comments alone": ("# later\n", "saw an empty file; write a VoiceAgent into it"),
    "a text": (
        "hello",
        '1: saw "hello"; write a map with apiVersion, kind, metadata, spec',
    ),
    "UTF-16": (
        "kind: VoiceAgent".encode("utf-16"),
        "1: saw byte 0xff at 0, which is not UTF-8; save the file as UTF-8",
    ),
    "a control character": (
        HEAD + "spec: a\x07b\n",
        "4: saw a control character, which YAML does not allow;"
        " remove it, or write it as an escape in double quotes",
    ),
    "a tab": (
        HEAD + "spec:\n\tlanguage: en\n",
        "5: saw broken YAML (found character that cannot start any token); indent with spaces",
    ),
    "broken YAML": (
        HEAD + "spec: [1\n",
        "5: saw broken YAML (did not find expected ',' or ']'); end with ] what begins in line 4",
    ),
    "more than etcd takes": (
        SPEC + "# " + "x" * 1024 * 1024,
        "saw more than 1 MiB; move knowledge into a ConfigMap: a cluster takes no more",
    ),
    "two agents": (
        SPEC + "---\n" + SPEC,
        "saw 2 of kind VoiceAgent (lines 1 and 8); keep one in a file",
    ),
    "no agent among others": (
        "kind: ConfigMap\n---\nkind: Secret\n",
        '1: kind: saw "ConfigMap", "Secret"; write kind: VoiceAgent for one of them',
    ),
    "a deployment": ("kind: Deployment\n", '1: kind: saw "Deployment"; write kind: VoiceAgent for one of them'),
    # YAML that has two meanings
    "a key twice": (
        SPEC + "  language: en-US\n  language: en-GB\n",
        "8: spec.language: saw the key language again, after line 7; keep one of the two",
    ),
    "an alias": (
        SPEC.replace("Be kind.", "&i Be kind.") + "    greeting: *i\n",
        "7: spec.conversation.greeting: saw the alias *i;"
        " write the value itself, and put a text that begins with * in quotes",
    ),
    "a tag": (
        SPEC.replace("Be kind.", "!!python/name:os.system x"),
        "6: spec.conversation.instructions: saw the tag tag:yaml.org,2002:python/name:os.system;"
        " write the value without a tag, and put a text that begins with ! in quotes",
    ),
    "a question in brackets": (
        SPEC + "    fillers: {phrases: [Well?, 'Hm?', Hm...]}\n",
        "7: spec.conversation.fillers.phrases[0]: saw Well?;"
        " put the text in quotes: to kubectl, a ? ends a text that stands in {...} or [...] without them",
    ),
    "a letter that YAML reads as true": (
        SPEC + "    fillers: {phrases: [y]}\n",
        "7: spec.conversation.fillers.phrases[0]: saw y without quotes; put a text in quotes",
    ),
    "a number in hexadecimal": (
        SPEC + "  sessions: {limit: 0x10}\n",
        "7: spec.sessions.limit: saw 0x10; write a number in plain decimal digits, or put a text in quotes",
    ),
    "more levels than there are fields": (
        SPEC + "  sessions: " + "[" * 40 + "]" * 40,
        "7: saw broken YAML (more than 32 levels); correct the YAML at this line",
    ),
    "a map as a key": (
        SPEC + "  ? {a: b}\n  : c\n",
        "7: spec: saw a key that is no text; write one word as the key",
    ),
    # fields
    "another version": (
        SPEC.replace("v1alpha1", "v1"),
        '1: apiVersion: saw "parley.dev/v1"; write parley.dev/v1alpha1',
    ),
    "a kind with a typing error": (
        SPEC.replace("VoiceAgent", "VoiceAgnet"),
        '2: kind: saw "VoiceAgnet"; write VoiceAgent',
    ),
    "a name that is no DNS label": (
        SPEC.replace("name: a", "name: My_Agent"),
        "3: metadata.name: saw \"My_Agent\";"
        " write a lower-case letter, then lower-case letters, digits and '-', at most 63, no '-' at the end",
    ),
    "a label that is a number": (
        SPEC.replace("{name: a}", "{name: a, labels: {tier: 1}}"),
        "3: metadata.labels.tier: saw 1 without quotes; put a text in quotes",
    ),
    "a label with a wrong key": (
        SPEC.replace("{name: a}", "{name: a, labels: {a b: c}}"),
        "3: metadata.labels.a b: saw a key that is not allowed;"
        " write letters, digits, '-', '_', '.', at most 63, after an optional DNS name and '/'",
    ),
    "nothing where a text must be": (
        SPEC.replace(" Be kind.", ""),
        "6: spec.conversation.instructions: saw nothing; write a text of 1 to 16384 characters",
    ),
    "a field that is not there": (
        HEAD + "spec: {}\n",
        "4: spec.conversation: saw nothing; write a map with instructions, greeting, fallback, apology, goodbye,"
        " handOver, stillThere, fillers, intents, knowledge",
    ),
    "a language that the engine does not hear": (
        SPEC + "  language: de-DE\n",
        '7: spec.language: saw "de-DE";'
        " write en-US, or choose another engine for stt:"
        " fasterWhisper hears other languages, moonshine and pocketsphinx English alone",
    ),
    "braces in an apology": (
        SPEC + "    apology: Sorry {name}.\n",
        '7: spec.conversation.apology: saw "Sorry {name}.";'
        " only phrases, questions and answers of intents may hold {slot}: write it without braces",
    ),
    "a filler at no time that there is": (
        SPEC + "    fillers: {when: sometimes}\n",
        '7: spec.conversation.fillers.when: saw "sometimes"; write one of always, onlyWhenSlow, never',
    ),
    "fillers without a phrase": (
        SPEC + "    fillers: {phrases: []}\n",
        "7: spec.conversation.fillers.phrases: saw an empty list; write a list of 1 to 20",
    ),
    "a filler of no words": (
        SPEC + "    fillers: {phrases: ['']}\n",
        '7: spec.conversation.fillers.phrases[0]: saw ""; write a text of 1 to 80 characters',
    ),
    "braces in a filler": (
        SPEC + "    fillers: {phrases: [Well..., 'Let me see, {name}']}\n",
        '7: spec.conversation.fillers.phrases[1]: saw "Let me see, {name}";'
        " only phrases, questions and answers of intents may hold {slot}: write it without braces",
    ),
    "a filler before the turn has ended": (
        SPEC + "    fillers: {afterMs: -1}\n",
        "7: spec.conversation.fillers.afterMs: saw -1; write a whole number from 0 to 10000",
    ),
    "a probability above 1": (
        SPEC + "  turnTaking: {vadThreshold: 7}\n",
        "7: spec.turnTaking.vadThreshold: saw 7; write a number from 0 to 1",
    ),
    "no number at all": (
        SPEC + "  turnTaking: {vadThreshold: .nan}\n",
        "7: spec.turnTaking.vadThreshold: saw nan; write a number from 0 to 1",
    ),
    "a number in quotes": (
        SPEC + '  turnTaking: {endOfTurnSilenceMs: "300"}\n',
        '7: spec.turnTaking.endOfTurnSilenceMs: saw "300"; write a whole number from 50 to 10000',
    ),
    "a number of a thousand digits": (
        SPEC + f"  sessions: {{limit: {'9' * 1000}}}\n",
        "7: spec.sessions.limit: saw inf; write a whole number from 1 to 10000",
    ),
    "a number for yes or no": (
        SPEC + "  turnTaking: {bargeIn: 1}\n",
        "7: spec.turnTaking.bargeIn: saw 1; write true or false",
    ),
    "a word that YAML reads as true": (
        SPEC + "    greeting: yes\n",
        "7: spec.conversation.greeting: saw yes without quotes; put a text in quotes",
    ),
    "a text that is too long": (
        SPEC + f"    greeting: {'x' * 1001}\n",
        "7: spec.conversation.greeting: saw a text of 1001 characters; write a text of 1 to 1000 characters",
    ),
    "a secret in the wrong place": (
        SPEC + f"  turnTaking: {{bargeIn: sk-{'s3cret' * 20}}}\n",
        f'7: spec.turnTaking.bargeIn: saw "sk-{("s3cret" * 20)[:56]}…"; write true or false',
    ),
    "a field with a typing error": (
        SPEC + "  turnTaking: {vadTreshold: 0.5}\n",
        "7: spec.turnTaking.vadTreshold: saw an unknown field; did you mean vadThreshold?",
    ),
    "a field in snake case": (
        SPEC + "  turn_taking: {}\n",
        "7: spec.turn_taking: saw an unknown field; did you mean turnTaking?",
    ),
    "a field at another place": (
        SPEC + "  vadThreshold: 0.5\n",
        "7: spec.vadThreshold: saw an unknown field; it belongs to spec.turnTaking",
    ),
    "a field with a typing error at another place": (
        SPEC + "  greting: Hello\n",
        "7: spec.greting: saw an unknown field; did you mean greeting of spec.conversation?",
    ),
    "a field of no one's": (
        SPEC + "  engines: {vad: {silero: {xyzzy: 1}}}\n",
        "7: spec.engines.vad.silero.xyzzy: saw an unknown field; nothing can be set here: remove it",
    ),
    # unions
    "no engine": (
        SPEC + "  engines: {stt: {pocketsphinx: }}\n",
        "7: spec.engines.stt: saw an empty map;"
        " write exactly one of moonshine, pocketsphinx, fasterWhisper, instant (for example moonshine: {})",
    ),
    "two engines": (
        SPEC + "  engines: {tts: {espeak: {}, tone: {}}}\n",
        "7: spec.engines.tts: saw a map with espeak, tone;"
        " write exactly one of espeak, piper, tone (for example espeak: {})",
    ),
    "an engine that there is not": (
        SPEC + "  engines: {stt: {whisper: {}}, llm: {gpt: {}}}\n",
        "7: spec.engines.stt.whisper: saw an unknown field; did you mean fasterWhisper?",
        "7: spec.engines.llm.gpt: saw an unknown field; write one of scripted, openai, modelServer, instant",
    ),
    "an engine by its name alone": (
        SPEC + "  engines: {stt: faster-whisper}\n",
        '7: spec.engines.stt: saw "faster-whisper"; write a map with moonshine, pocketsphinx, fasterWhisper, instant',
    ),
    "an engine that lacks what only the author knows": (
        SPEC + "  engines: {stt: {fasterWhisper: {}}}\n",
        "7: spec.engines.stt.fasterWhisper.model: saw nothing;"
        " write a path on this machine, from this file's folder on or absolute",
    ),
    "text and folder at once": (
        SPEC + "    knowledge: [{title: t, configMap: {name: k}}]\n",
        "7: spec.conversation.knowledge[0]: saw a map with title, configMap; write title and text, or configMap alone",
        '7: spec.conversation.knowledge[0].configMap.name: saw "k", no such folder;'
        " put *.md into a folder k beside the file",
    ),
    "a folder that leads elsewhere": (
        SPEC + "    knowledge: [{configMap: {name: ../k}}]\n",
        '7: spec.conversation.knowledge[0].configMap.name: saw "../k";'
        " write lower-case letters, digits and '-', at most 63, no '-' at the ends",
    ),
    # what refers to what
    "an intent without an answer": (
        BOOK,
        "8: spec.conversation.intents[0].answer: saw nothing; write answer, or several under answers",
    ),
    "a phrase without words": (
        INTENT + "      phrases: ['?', '{day}']\n      answer: Sure\n" + DAY,
        '9: spec.conversation.intents[0].phrases[0]: saw "?";'
        " write at least one word that people say, beside any {slot}",
        '9: spec.conversation.intents[0].phrases[1]: saw "{day}";'
        " write at least one word that people say, beside any {slot}",
    ),
    "a phrase with a slot that there is not": (
        INTENT + "      phrases: ['on {dya}']\n      answer: Sure\n" + DAY,
        '9: spec.conversation.intents[0].phrases[0]: saw "{dya}";'
        " there is no such slot of this intent: write one of {day}",
    ),
    "half a brace": (
        BOOK + "      answer: 'On {day'\n" + DAY,
        '10: spec.conversation.intents[0].answer: saw "On {day";'
        " write both braces around a slot's name, as in {day}",
    ),
    "an answer with a record that may not be there": (
        BOOK + "      stores: visit\n      answer: Sure\n" + DAY
        + "    - {name: ask, phrases: [when is it], answer: 'On {visit.day}'}\n",
        '13: spec.conversation.intents[1].answer: saw "{visit.day}";'
        " the record may not be there: write requires: visit and otherwise",
    ),
    "an answer with a slot that the record has not": (
        BOOK + "      stores: visit\n      answer: 'At {visit.hour}'\n" + DAY,
        '11: spec.conversation.intents[0].answer: saw "{visit.hour}";'
        " there is no such slot of this intent: write one of {day}, {visit.day}",
    ),
    "a greeting with a slot": (
        SPEC + "    greeting: 'Hi {name}'\n",
        '7: spec.conversation.greeting: saw "Hi {name}";'
        " only phrases, questions and answers of intents may hold {slot}: write it without braces",
    ),
    "a question with a slot that is asked for later": (
        BOOK + "      answer: Sure\n      slots:\n      - {name: day, kind: weekday, ask: 'At {time} on?'}\n"
        "      - {name: time, kind: time, ask: 'When on {day}?'}\n",
        '12: spec.conversation.intents[0].slots[0].ask: saw "{time}";'
        " there is no such slot of this intent: add it, or leave this out",
    ),
    "a required record that nobody stores": (
        BOOK + "      answer: Sure\n      requires: visit\n      otherwise: None yet\n",
        '11: spec.conversation.intents[0].requires: saw "visit";'
        " write the name of a record that an intent stores, in requires and in removes, or leave it out",
    ),
    "requires without otherwise": (
        BOOK + "      answer: Sure\n      stores: visit\n      requires: visit\n",
        "8: spec.conversation.intents[0].otherwise: saw nothing;"
        " write requires and otherwise together: what is said when the record is not there",
    ),
    "a follow-up without an answer, and one with too much": (
        BOOK + "      answer: Sure\n      followUps:\n      - phrases: ['yes']\n"
        "      - {phrases: [please], answer: Sure, intent: book}\n",
        "12: spec.conversation.intents[0].followUps[0]: saw neither;"
        " write either answer, or intent: the name of the intent that begins",
        "13: spec.conversation.intents[0].followUps[1]: saw both;"
        " write either answer, or intent: the name of the intent that begins",
    ),
    "a follow-up that begins what there is not": (
        BOOK + "      answer: Sure\n      followUps:\n      - {phrases: [please], intent: bok}\n",
        '12: spec.conversation.intents[0].followUps[0].intent: saw "bok";'
        " there is no such intent: write one of book",
    ),
    "a follow-up after what is never said": (
        BOOK + "      answer: Sure\n      followUps:\n      - {phrases: [please], intent: book, after: otherwise}\n",
        '12: spec.conversation.intents[0].followUps[0].after: saw "otherwise";'
        " write after: answer, or give the intent an otherwise that a follow-up can come after",
    ),
    "a follow-up with a record that is not there then": (
        BOOK + "      stores: visit\n      answer: Sure\n" + DAY
        + "    - name: ask\n      phrases: [when is it]\n      requires: visit\n      otherwise: None yet\n"
        "      answer: 'On {visit.day}'\n      followUps:\n"
        "      - {phrases: [really], after: otherwise, answer: 'On {visit.day}'}\n",
        '19: spec.conversation.intents[1].followUps[0].answer: saw "{visit.day}";'
        " the record may not be there: write requires: visit and otherwise",
    ),
    "two intents of one name, and of one phrase": (
        BOOK + "      answer: Sure\n    - {name: book, phrases: ['Book a visit!'], answer: Never}\n",
        '11: spec.conversation.intents[1].name: saw the name "book" a second time; keep one of the two',
        '11: spec.conversation.intents[1].phrases[0]: saw the phrase "book a visit", which intents[0] ("book") has too;'
        " keep it in one of the two, for nobody can tell which is meant",
    ),
    "an intent that has a phrase twice": (
        INTENT + "      phrases: [book a visit, 'Book: a visit.']\n      answer: Sure\n",
        '9: spec.conversation.intents[0].phrases[1]: saw the phrase "book a visit" a second time; keep one of the two',
    ),
    "two follow-ups that one word means, right after one answer": (
        BOOK + "      answer: Sure\n      requires: visit\n      otherwise: None yet\n      stores: visit\n"
        "      followUps:\n"
        "      - {phrases: [please, 'yes'], answer: Sure}\n"
        "      - {phrases: ['yes'], after: otherwise, answer: Never}\n"
        "      - {phrases: ['Yes!'], intent: book}\n",
        '17: spec.conversation.intents[0].followUps[2].phrases[0]: saw the phrase "yes", which followUps[0] has too;'
        " keep it in one of the two, for nobody can tell which is meant",
    ),
    "a kind of slot with a typing error": (
        BOOK + "      answer: Sure\n" + DAY.replace("kind: weekday", "kind: wekday"),
        '11: spec.conversation.intents[0].slots[0].kind: saw "wekday"; did you mean weekday?'
        " Write one of weekday, date, time, number, name, choice, text",
    ),
    "a choice of nothing": (
        BOOK + "      answer: Sure\n" + DAY.replace("kind: weekday", "kind: choice"),
        '11: spec.conversation.intents[0].slots[0].choices: saw nothing beside kind "choice";'
        " write choices for kind choice, and for no other kind",
    ),
    "choices of another kind": (
        BOOK + "      answer: Sure\n" + DAY.replace("kind: weekday", "kind: name, choices: [a]"),
        '11: spec.conversation.intents[0].slots[0].choices: saw a list of 1 beside kind "name";'
        " write choices for kind choice, and for no other kind",
    ),
    "bounds of a kind that has none": (
        BOOK + "      answer: Sure\n" + DAY.replace("ask:", "latest: '18:00', otherwise: Too late, ask:"),
        '11: spec.conversation.intents[0].slots[0].latest: saw latest beside kind "weekday";'
        " write weekdays for the kinds weekday and date, earliest and latest for kind time, least and most for kind"
        " number, and for no other kind",
    ),
    "a bound without what is said beyond it": (
        BOOK + "      answer: Sure\n" + DAY.replace("ask:", "weekdays: [monday], ask:"),
        "11: spec.conversation.intents[0].slots[0].otherwise: saw nothing;"
        " write otherwise beside weekdays, earliest, latest, least or most, and only there: what is said to a value"
        " that is not possible",
    ),
    "bounds between which no number is": (
        BOOK + "      answer: Sure\n"
        + DAY.replace("weekday, ask:", "number, least: 3, most: 2, otherwise: Not so many, ask:"),
        "11: spec.conversation.intents[0].slots[0].least: saw 3 over 2;"
        " write least not over most: no number would be possible",
    ),
    "an hour that no clock shows": (
        BOOK + "      answer: Sure\n"
        + DAY.replace("weekday, ask:", "time, latest: '24:00', otherwise: Too late, ask:"),
        '11: spec.conversation.intents[0].slots[0].latest: saw "24:00";'
        ' write hours and minutes of 24, as in "08:30"',
    ),
    "a wish with a slot": (
        BOOK + "      wish: 'to come on {day}'\n      answer: Sure\n" + DAY,
        '10: spec.conversation.intents[0].wish: saw "to come on {day}";'
        " only phrases, questions and answers of intents may hold {slot}: write it without braces",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "told"), [(text, told) for text, *told in WRONG.values()], ids=WRONG.keys())
def test_a_wrong_file_is_told_what_to_write_instead(
    tmp_path: Path, text: str | bytes, told: list[str]
) -> None:
    assert mistakes(tmp_path, text) == told


def test_all_mistakes_are_told_at_once_in_the_order_of_lines(tmp_path: Path) -> None:
    text = (
        BOOK.replace("name: a}", "name: A}")
        + "      requires: visit\n      otherwize: No\n"
        + "  turnTaking: {bargeIn: 1, bargeIn: 2}\n  engines: {vad: {}}\n"
    )
    told = mistakes(tmp_path, text)
    assert [line.split(": saw")[0] for line in told] == [
        "3: metadata.name",
        "8: spec.conversation.intents[0].answer",
        "8: spec.conversation.intents[0].otherwise",
        "10: spec.conversation.intents[0].requires",
        "11: spec.conversation.intents[0].otherwize",
        "12: spec.turnTaking.bargeIn",
        "13: spec.engines.vad",
    ]


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
