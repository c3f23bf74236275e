"""What a schema can't say: which name refers to what, within one VoiceAgent.

Rules: works on plain values, also on those with mistakes in them, so that one reading finds everything; what
has the wrong type is passed over here, for the models say so. The models call it too: no agent with such a
mistake exists. On a cluster, the rules that CEL can say cheaply are in the CRD with the same sentences; the
rest is this file's.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Any

from parley_api import cluster_rules
from parley_api.conversation import (
    AFTER,
    ANSWER,
    BOUNDS,
    CHOICES,
    CLOCKS,
    FOLLOW_UP,
    IMPOSSIBLE,
    KNOWLEDGE,
    NUMBERS,
    OTHERWISE,
    STORED,
    TESTED,
)
from parley_api.engines import HEARS, Engines
from parley_api.media import ALLOTTED, ICE_LOGIN, Reach
from parley_api.model import OneOf, set_members
from parley_api.plain import Mistake, Mistakes, mapping, mappings, repeated, texts, union, whole
from parley_api.problems import Location, shown
from parley_api.scaling import REPLICAS, TARGET
from parley_api.turntaking import Sessions

_BRACES = re.compile(r"\{([^{}]*)\}")
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def mistakes(agent: Any) -> Mistakes:
    """All mistakes of reference in a VoiceAgent as plain values (camelCase, as in the file)."""
    spec = mapping(agent, "spec")
    yield from _unions(mapping(spec, "engines"))
    yield from _language(spec)
    yield from _ice_servers(mapping(spec, "media"))
    yield from _on_a_cluster(spec)
    conversation = mapping(spec, "conversation")
    here: Location = ("spec", "conversation")
    for name in ("greeting", "fallback", "apology", "goodbye", "handOver", "stillThere"):
        yield from _no_braces((*here, name), conversation.get(name))
    for location, phrase in texts(mapping(conversation, "fillers"), "phrases", (*here, "fillers")):
        yield from _no_braces(location, phrase)
    yield from _intents(mappings(conversation, "intents", here))
    yield from _tests(spec, conversation)
    for location, entry in mappings(conversation, "knowledge", here):
        known = entry.keys() & {"title", "text", "configMap"}
        if known not in ({"configMap"}, {"title", "text"}):
            yield Mistake(location, shown(entry), KNOWLEDGE.message)


def config_maps(agent: Any) -> Iterator[tuple[Location, str]]:
    """Each ConfigMap that the knowledge names, as far as the name can be one."""
    here: Location = ("spec", "conversation")
    for location, entry in mappings(mapping(mapping(agent, "spec"), "conversation"), "knowledge", here):
        name = mapping(entry, "configMap").get("name")
        if isinstance(name, str) and _DNS_LABEL.fullmatch(name):
            yield (*location, "configMap", "name"), name


def _unions(engines: dict[str, Any]) -> Mistakes:
    for role, info in Engines.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, OneOf):
            yield from union(("spec", "engines", role), engines.get(role), info.annotation)


def _language(spec: dict[str, Any]) -> Mistakes:
    language = spec.get("language")
    stt = mapping(mapping(spec, "engines"), "stt") or {"moonshine": {}}
    if not isinstance(language, str) or language == "en" or language.startswith("en-"):
        return
    if stt.get("moonshine") is not None or stt.get("pocketsphinx") is not None:
        yield Mistake(("spec", "language"), shown(language), HEARS.message)


def _ice_servers(media: dict[str, Any]) -> Mistakes:
    for location, server in mappings(media, "iceServers", ("spec", "media")):
        login = set_members(server, ["username", "credential"])
        asks = any(url.startswith("turn") for _, url in texts(server, "urls", location))
        if len(login) == 1 or (asks and not login):
            yield Mistake(location, shown(server), ICE_LOGIN.message)


def _on_a_cluster(spec: dict[str, Any]) -> Mistakes:
    yield from cluster_rules.scaling(spec, REPLICAS)
    limit = whole(mapping(spec, "sessions"), "limit", Sessions.model_fields["limit"].default)
    target = whole(mapping(spec, "autoscaling"), "targetSessions")
    if limit is not None and target is not None and target > limit:
        here = ("spec", "autoscaling", "targetSessions")
        yield Mistake(here, f"{target} beside sessions.limit: {limit}", TARGET.message)
    yield from _reach(mapping(spec, "media"))
    yield from cluster_rules.placement(spec)
    yield from cluster_rules.pods(spec)


def _reach(media: dict[str, Any]) -> Mistakes:
    here: Location = ("spec", "media")
    reach, port = mapping(media, "reach"), whole(mapping(media, "udp"), "port", 0)
    yield from union((*here, "reach"), media.get("reach"), Reach)
    if reach.get("hostPort") is not None and port:
        yield Mistake((*here, "udp", "port"), f"{port} beside reach.hostPort", ALLOTTED.message)
    yield from repeated(texts(mapping(reach, "turn"), "uris", (*here, "reach", "turn")), "URI")


def _intents(intents: list[tuple[Location, dict[str, Any]]]) -> Mistakes:
    records = _records(intents)
    yield from repeated([((*here, "name"), intent.get("name")) for here, intent in intents], "name")
    yield from _shared(
        [
            (at, words(phrase), f"intents[{here[-1]}] ({shown(intent.get('name'))})")
            for here, intent in intents
            for at, phrase in texts(intent, "phrases", here)
        ]
    )
    names = {name for _, intent in intents if isinstance(name := intent.get("name"), str)}
    for here, intent in intents:
        yield from _intent(here, intent, records)
        for at, follow_up in mappings(intent, "followUps", here):
            yield from _follow_up(at, follow_up, names, "otherwise" in intent)


def _tests(spec: dict[str, Any], conversation: dict[str, Any]) -> Mistakes:
    names = {
        name
        for _, intent in mappings(conversation, "intents", ())
        if isinstance(name := intent.get("name"), str)
    }
    for here, test in mappings(spec, "tests", ("spec",)):
        if isinstance(name := test.get("intent"), str) and name not in names:
            yield Mistake((*here, "intent"), shown(name), _one_of(TESTED.message, names))


def _records(intents: list[tuple[Location, dict[str, Any]]]) -> dict[str, set[str]]:
    """Each record that some intent stores, with the slots that it may hold."""
    records: dict[str, set[str]] = defaultdict(set)
    for here, intent in intents:
        if isinstance(record := intent.get("stores"), str):
            records[record] |= _slot_names(here, intent)
    return records


def _slot_names(here: Location, intent: dict[str, Any]) -> set[str]:
    return {slot["name"] for _, slot in mappings(intent, "slots", here) if isinstance(slot.get("name"), str)}


def _intent(here: Location, intent: dict[str, Any], records: dict[str, set[str]]) -> Mistakes:
    slots = _slot_names(here, intent)
    yield from _phrases(here, intent, slots)
    yield from _slots(here, intent, records)
    if "answer" not in intent and intent.get("answers", []) == []:
        yield Mistake((*here, "answer"), "nothing", ANSWER.message)
    if ("requires" in intent) != ("otherwise" in intent):
        missing = "otherwise" if "requires" in intent else "requires"
        yield Mistake((*here, missing), "nothing", OTHERWISE.message)
    for name in ("otherwise", "wish"):
        yield from _no_braces((*here, name), intent.get(name))
    for name in ("requires", "removes"):
        if isinstance(record := intent.get(name), str) and record not in records:
            yield Mistake((*here, name), shown(record), _one_of(STORED.message, records))
    own = _named(intent, "requires", "stores")
    answers = [((*here, "answer"), intent.get("answer"), own)]
    answers += [(at, answer, own) for at, answer in texts(intent, "answers", here)]
    for at, follow_up in mappings(intent, "followUps", here):
        without = follow_up.get("after") == "otherwise"
        answers.append(((*at, "answer"), follow_up.get("answer"), [] if without else own))
        yield from _phrases(at, follow_up, slots)
    for without in (False, True):
        yield from _shared(
            [
                (where, words(phrase), f"followUps[{at[-1]}]")
                for at, follow_up in mappings(intent, "followUps", here)
                if (follow_up.get("after") == "otherwise") is without
                for where, phrase in texts(follow_up, "phrases", at)
            ]
        )
    for at, answer, sure in answers:
        if isinstance(answer, str):
            yield from _template(at, answer, slots, sure, records)


def _follow_up(here: Location, follow_up: dict[str, Any], names: set[str], has_otherwise: bool) -> Mistakes:
    if ("answer" in follow_up) == ("intent" in follow_up):
        yield Mistake(here, "both" if "answer" in follow_up else "neither", FOLLOW_UP.message)
    if isinstance(name := follow_up.get("intent"), str) and name not in names:
        yield Mistake((*here, "intent"), shown(name), _no_such("intent", names))
    if follow_up.get("after") == "otherwise" and not has_otherwise:
        yield Mistake((*here, "after"), shown("otherwise"), AFTER.message)


def _named(intent: dict[str, Any], *fields: str) -> list[str]:
    return [intent[name] for name in fields if isinstance(intent.get(name), str)]


def _phrases(here: Location, holder: dict[str, Any], slots: set[str]) -> Mistakes:
    phrases = texts(holder, "phrases", here)
    yield from repeated([(at, words(phrase)) for at, phrase in phrases], "phrase")
    for at, phrase in phrases:
        yield from _template(at, phrase, slots, (), {})
        if phrase and not words(_BRACES.sub(" ", phrase)):
            yield Mistake(at, shown(phrase), "write at least one word that people say, beside any {slot}")


def _slots(here: Location, intent: dict[str, Any], records: dict[str, set[str]]) -> Mistakes:
    """A question may hold the slots before its own: slots are asked for in their order."""
    slots = mappings(intent, "slots", here)
    yield from repeated([((*at, "name"), slot.get("name")) for at, slot in slots], "name")
    for index, (at, slot) in enumerate(slots):
        if "kind" in slot and (slot["kind"] == "choice") != bool(slot.get("choices")):
            seen = shown(slot.get("choices")) + f" beside kind {shown(slot['kind'])}"
            yield Mistake((*at, "choices"), seen, CHOICES.message)
        yield from repeated(texts(slot, "choices", at), "choice")
        yield from _bounds(at, slot)
        if isinstance(ask := slot.get("ask"), str):
            earlier = {one["name"] for _, one in slots[:index] if isinstance(one.get("name"), str)}
            yield from _template((*at, "ask"), ask, earlier, _named(intent, "requires"), records)


_BOUNDED = {
    "weekdays": ("weekday", "date"),
    "earliest": ("time",),
    "latest": ("time",),
    "least": ("number",),
    "most": ("number",),
}
"""Bound -> the kinds of slots that it is for."""


def _bounds(here: Location, slot: dict[str, Any]) -> Mistakes:
    bounds = [name for name in _BOUNDED if slot.get(name) not in (None, [])]
    for name in bounds:
        if slot.get("kind") not in _BOUNDED[name]:
            yield Mistake((*here, name), f"{name} beside kind {shown(slot.get('kind'))}", BOUNDS.message)
    earliest, latest = slot.get("earliest"), slot.get("latest")
    if isinstance(earliest, str) and isinstance(latest, str) and earliest > latest:
        yield Mistake((*here, "earliest"), f"{shown(earliest)} after {shown(latest)}", CLOCKS.message)
    least, most = whole(slot, "least"), whole(slot, "most")
    if least is not None and most is not None and least > most:
        yield Mistake((*here, "least"), f"{least} over {most}", NUMBERS.message)
    if bool(bounds) != (slot.get("otherwise") is not None):
        yield Mistake((*here, "otherwise"), shown(slot.get("otherwise")), IMPOSSIBLE.message)
    yield from _no_braces((*here, "otherwise"), slot.get("otherwise"))


def _template(
    here: Location, text: str, slots: set[str], own: Collection[str], records: dict[str, set[str]]
) -> Mistakes:
    """`own` names those of `records` that are sure to be there when `text` is said."""
    if re.search(r"[{}]", _BRACES.sub("", text)):
        yield Mistake(here, shown(text), "write both braces around a slot's name, as in {day}")
    known = {*slots, *(f"{record}.{slot}" for record in own for slot in records.get(record, ()))}
    for name in dict.fromkeys(_BRACES.findall(text)):
        if name not in known:
            yield Mistake(here, shown("{" + name + "}"), _unfilled(name, known, records))


def _unfilled(name: str, known: set[str], records: dict[str, set[str]]) -> str:
    record, _, slot = name.partition(".")
    if slot in records.get(record, ()):
        return f"the record may not be there: write requires: {record} and otherwise"
    return _no_such("slot of this intent", [f"{{{slot}}}" for slot in known])


def _no_such(what: str, known: Collection[str]) -> str:
    names = ", ".join(sorted(known)[:20])
    return f"there is no such {what}: " + (f"write one of {names}" if names else "add it, or leave this out")


def _one_of(rule: str, known: Collection[str]) -> str:
    """A rule's sentence, and which names there are: more than CEL says."""
    names = ", ".join(sorted(known)[:20])
    return f"{rule}: one of {names}" if names else f"{rule}, or leave it out"


def _no_braces(location: Location, text: Any) -> Mistakes:
    if isinstance(text, str) and re.search(r"[{}]", text):
        instead = "only phrases, questions and answers of intents may hold {slot}: write it without braces"
        yield Mistake(location, shown(text), instead)


def _shared(phrases: list[tuple[Location, str, str]]) -> Mistakes:
    """Phrases of which each may be there once: (where, its words, what has it)."""
    seen: dict[str, str] = {}
    for location, phrase, holder in phrases:
        if phrase and (first := seen.setdefault(phrase, holder)) != holder:
            instead = "keep it in one of the two, for nobody can tell which is meant"
            yield Mistake(location, f"the phrase {shown(phrase)}, which {first} has too", instead)


def words(text: str) -> str:
    """A text as it is heard: lower case, without punctuation; {slot} stays, as a word of its own."""
    return " ".join(re.findall(r"\{[^{}]*\}|[^\W_]+(?:['’][^\W_]+)*", text.lower()))
