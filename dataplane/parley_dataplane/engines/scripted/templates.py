"""What an agent's file says with a place for values ("on {day} at {appointment.time}"), as it is said with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from parley_api.conversation import Intent
from parley_dataplane.engines.scripted.slots.speaking import goes_without_on, speak

_TEMPLATE = re.compile(r"(\bon )?\{(\w+)(?:\.(\w+))?\}")

Values = Mapping[str, str]


class Templates:
    """Of one file; shared by all calls."""

    def __init__(self, intents: Iterable[Intent]) -> None:
        self.record_kinds = {
            (intent.stores, slot.name): slot.kind for intent in intents for slot in intent.slots
        }
        """Of each slot of a record that an intent keeps."""

    def filled(
        self,
        template: str,
        intent: Intent,
        values: Values,
        records: Mapping[str, Values],
    ) -> str:
        """`values`: of the intent's slots; `records`: what a call keeps, by name. A value that lacks is "the day"."""
        kinds = {slot.name: slot.kind for slot in intent.slots}

        def told(match: re.Match[str]) -> str:
            on, first, second = match.groups(default="")
            kind, value = "", ""
            if not second and first in values:
                kind, value = kinds[first], values[first]
            elif second in records.get(first, {}):
                kind, value = self.record_kinds[first, second], records[first][second]
            if not value:
                return f"{on}the {second or first}".replace("_", " ")
            return ("" if goes_without_on(kind, value) else on) + speak(kind, value)

        return _TEMPLATE.sub(told, template)
