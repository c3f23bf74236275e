"""What a sentence says of an intent's slots: which words are whose value, and which of them replace one known before.

Rules: pure; `said` are the words of one reading; a value said again replaces, a name only where it is corrected.
What was said and is no value is one of UNTAKEN (slots/found.py): the dialogue asks again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parley_api.conversation import Slot
from parley_dataplane.engines.scripted import builtin
from parley_dataplane.engines.scripted.matcher import Phrase
from parley_dataplane.engines.scripted.slots.finding import FARTHEST_OR, PRECEDENCE, find
from parley_dataplane.engines.scripted.slots.found import EITHER, NO_SUCH_DAY, PAST, UNCLEAR, UNTAKEN, Found
from parley_dataplane.engines.scripted.slots.free import FREE_KINDS, LONGEST_TEXT
from parley_dataplane.engines.scripted.words import is_content

CORRECTION_WORDS = 4
"""Words from the beginning among which one that corrects is looked for."""


def _is_correction(said: Sequence[str]) -> bool:
    return not builtin.CORRECTION.isdisjoint(said[:CORRECTION_WORDS])


def says_only_values(said: Sequence[str]) -> bool:
    """ "And at three": nothing else."""
    values = {
        at for kind in ("date", "time") for found in find(kind, said) for at in range(found.start, found.end)
    }
    return bool(values) and not any(is_content(word) for at, word in enumerate(said) if at not in values)


def _restates(said: Sequence[str]) -> bool:
    """ "No, I said four": of what was said before, and no answer to what was just asked."""
    return _is_correction(said) and not builtin.RESTATED.isdisjoint(said[:CORRECTION_WORDS])


def fill(
    wished: Sequence[Slot],
    phrases: Sequence[Phrase],
    said: Sequence[str],
    known: Mapping[str, str],
    asked: str,
) -> Mapping[str, str]:
    """`known` with the values in `said`. A slot that is named ("five people") is filled first, then the one asked for;
    a value said again replaces.
    """
    values = dict(known)
    taken: set[int] = set()
    fresh: set[str] = set()
    wanted = sorted(wished, key=lambda slot: PRECEDENCE.index(slot.kind))
    for slot in sorted(wanted, key=lambda slot: (slot.name not in said, slot.name != asked)):
        found = _free(slot, phrases, said) if slot.kind in FREE_KINDS else []
        is_asked = slot.name == asked and not (asked not in known and _restates(said))
        is_named = slot.name in said and slot.kind not in FREE_KINDS
        loose = is_asked or is_named
        left = ["" if at in taken else word for at, word in enumerate(said)]
        found = found or find(slot.kind, left, slot.choices, loose)
        if slot.kind == "number" and any(other.kind == "time" for other in wished):
            found = [one for one in found if not _is_hour(one, slot, said)]
        open_values = _wanted([one for one in found if not taken & set(range(one.start, one.end))], said)
        if not open_values or (slot.name in known and not _may_replace(slot, wished, said, asked)):
            continue
        # After "Monday, no, Tuesday" the last is meant; several slots of one kind take the values in order.
        alone = sum(other.kind == slot.kind and other.name not in fresh for other in wished) == 1
        between = said[open_values[0].end : open_values[-1].start]
        corrects = _is_correction(said) or not builtin.CORRECTION.isdisjoint(between)
        chosen = open_values[-1] if alone and corrects else _first(slot, open_values, said, alone)
        if chosen.value in UNTAKEN and slot.name in known and not (loose or _is_correction(said)):
            continue
        values[slot.name] = chosen.value
        fresh.add(slot.name)
        taken |= set(range(chosen.start, chosen.end))
    return values


def _first(slot: Slot, found: list[Found], said: Sequence[str], alone: bool) -> Found:
    """ "Friday the 30th of February" is no day, and "two adults and three children" no number that was
    said; "ships and animals" is no choice.
    """
    if no_day := next((one for one in found if one.value == NO_SUCH_DAY), None):
        return no_day
    if slot.kind in ("number", "choice") and alone and len(found) > 1:
        first, second = sorted(found, key=lambda one: one.start)[:2]
        between = said[first.end : second.start]
        if len(between) <= FARTHEST_OR and not builtin.ADDED.isdisjoint(between):
            value = UNCLEAR if slot.kind == "number" else EITHER
            return Found(value, first.start, second.end)
    return found[0]


def _is_hour(one: Found, slot: Slot, said: Sequence[str]) -> bool:
    """The "eight" of "no people at eight", though the slot that is named goes first."""
    return said[max(0, one.start - 1)] == "at" and said[one.end : one.end + 1] != (slot.name,)


def _wanted(found: list[Found], said: Sequence[str]) -> list[Found]:
    """Without those that are over ("yesterday"), or given up for another ("from Monday to Friday"), if that leaves
    any."""

    def is_given_up(one: Found) -> bool:
        before = said[max(0, one.start - 2) : one.start]
        if one.value == PAST:
            return True
        return not builtin.UNWANTED.isdisjoint(before[-1:]) or tuple(before) == ("instead", "of")

    return [one for one in found if not is_given_up(one)] or found


def _may_replace(slot: Slot, wished: Sequence[Slot], said: Sequence[str], asked: str) -> bool:
    """May a known value be replaced? A name only when corrected; of two slots alike, only the one asked."""
    if slot.name == asked:
        return True
    if slot.kind in FREE_KINDS:
        return _is_correction(said) and slot.kind == "name"
    alike = [other.name for other in wished if other.kind == slot.kind]
    return alike[-1] == slot.name and asked not in alike


def _free(slot: Slot, phrases: Sequence[Phrase], said: Sequence[str]) -> list[Found]:
    """A name or text where a phrase of the intent says it is ("a story about {anything}")."""
    for phrase in sorted(phrases, key=lambda one: -len(one.before)):
        if phrase.free == slot.name and (place := phrase.free_words(said)):
            start, end = place
            end = min(end, start + LONGEST_TEXT)
            return [Found(" ".join(said[start:end]), start, end)]
    return []
