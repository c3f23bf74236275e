"""JSON objects from strangers, read field by field.

Rules: every error is a BadMessage that says what was seen and what to write instead; nothing of a peer's
text is repeated but a type's name and 40 characters of it; every text and number is bounded.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from parley_dataplane.errors import BadMessage, TooBig

MAX_JSON_BYTES = 64 * 1024
"""Every JSON message but those that hold audio."""

_SHOWN_CHARS = 40


def read_object(raw: str | bytes, limit: int = MAX_JSON_BYTES) -> Fields:
    """Parse one JSON object (RFC 8259). Raises TooBig, or BadMessage for anything else."""
    if len(raw) > limit:
        raise TooBig(f"a JSON message of {len(raw)} bytes: at most {limit} are read")
    try:
        value = json.loads(raw, parse_constant=_refuse_constant)
    except BadMessage:
        raise
    except (ValueError, RecursionError) as error:
        # UnicodeDecodeError and numbers of 4,300 digits are ValueErrors.
        raise BadMessage(f"not JSON ({_reason(error)}): send one JSON object, in UTF-8") from None
    if not isinstance(value, dict):
        raise BadMessage(f"JSON of type {_kind(value)}: send an object, {{...}}")
    return Fields(value)


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one object. A missing field and null are the same."""

    values: dict[str, Any]

    def has(self, name: str) -> bool:
        return self.values.get(name) is not None

    def type(self, known: Collection[str]) -> str:
        """Return the field "type", which is one of `known`."""
        seen = self.values.get("type")
        if not isinstance(seen, str) or seen not in known:
            what = "no type" if seen is None else f"type {shown(seen)}"
            raise BadMessage(f'{what}: "type" is one of {", ".join(known)}')
        return seen

    def text(self, name: str, limit: int, default: str | None = None) -> str:
        """Return a text of at most `limit` characters; without `default` it has to be there."""
        value = self.values.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            raise BadMessage(f'"{name}" is {_kind(value)}: write a text of at most {limit} characters')
        if len(value) > limit:
            raise BadMessage(f'"{name}" has {len(value)} characters: at most {limit} are read')
        if "\0" in value or not _is_unicode(value):
            raise BadMessage(f'"{name}" holds NUL or half a surrogate pair: write plain Unicode text')
        return value

    def optional_text(self, name: str, limit: int) -> str | None:
        return self.text(name, limit) if self.has(name) else None

    def flag(self, name: str) -> bool:
        """Return true or false; one that is not there is false."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, bool):
            raise BadMessage(f'"{name}" is {shown(value)}: write true or false')
        return bool(value)

    def number(self, name: str, low: float, high: float) -> float | None:
        """Return a number within `low` and `high`, or None when it is not there."""
        value = self.values.get(name)
        if value is None:
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not low <= value <= high:  # also false for what 1e999 becomes: infinity
            raise BadMessage(f'"{name}" is {shown(value)}: write a number from {low:g} to {high:g}')
        return float(value)

    def whole(self, name: str, low: int, high: int) -> int | None:
        """As `number`, rounded: JavaScript has one kind of number."""
        value = self.number(name, low, high)
        return None if value is None else round(value)

    def object(self, name: str) -> Fields:
        value = self.values.get(name)
        if not isinstance(value, dict):
            raise BadMessage(f'"{name}" is {_kind(value)}: write an object, {{...}}')
        return Fields(value)


def dump(message: Mapping[str, Any]) -> str:
    """One message as compact JSON."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def shown(value: object) -> str:
    """A stranger's value, short enough to be repeated."""
    if isinstance(value, str):
        return json.dumps(value[:_SHOWN_CHARS])
    if isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 10**18):
        return json.dumps(value)
    return "a huge number" if isinstance(value, int) else _kind(value)


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "missing"}
    return names.get(type(value), "a number")


def _is_unicode(text: str) -> bool:
    """JSON may hold a lone surrogate, which no UTF-8 can carry further (RFC 8259, 8.2)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse_constant(name: str) -> NoReturn:
    raise BadMessage(f"{name} is no JSON number (RFC 8259, 6): write a finite one")


def _reason(error: Exception) -> str:
    match error:
        case json.JSONDecodeError():
            return f"{error.msg} at character {error.pos}"
        case UnicodeDecodeError():
            return f"byte {error.start} is no UTF-8"
        case RecursionError():
            return "nested too deeply"
        case _:
            return "a number with too many digits"
