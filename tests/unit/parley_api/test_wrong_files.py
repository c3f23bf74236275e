"""load() says every mistake of a file at once, in sentences that say what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.parley_api.mistakes import BOOK, HEAD, SPEC, mistakes

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
