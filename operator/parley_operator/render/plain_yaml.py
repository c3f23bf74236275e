"""Plain values as YAML, byte for byte the same with every version of every library.

A library's next version may break lines elsewhere, and every pod of every agent would roll for it. Rules: keys sorted,
one value a line, every text in double quotes with JSON's escapes, each of which YAML has too, so that none is taken
for a number, a date or a yes; no aliases, no tags.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_OTHERWISE_READ = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
"""Plain keys that YAML 1.1 takes for something else than a text."""

_ESCAPED = re.compile("[\\x7f-\\xa0\\xad\\u2028\\u2029\\ufeff\\ufffe\\uffff]")
"""What JSON leaves as it is, and YAML takes for the end of a line, or for no character at all."""


def text(value: dict[str, Any]) -> str:
    return "".join(f"{line}\n" for line in _map(value, ""))


def _map(value: dict[str, Any], indent: str) -> Iterator[str]:
    for key in sorted(value):
        yield from _entry(f"{indent}{_key(key)}:", value[key], f"{indent}  ")


def _list(items: list[Any], indent: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, dict) and item:
            first, *others = _map(item, f"{indent}  ")
            yield f"{indent}- {first.lstrip(' ')}"
            yield from others
        else:
            yield from _entry(f"{indent}-", item, f"{indent}  ")


def _entry(head: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, dict) and value:
        yield head
        yield from _map(value, indent)
    elif isinstance(value, list) and value:
        yield head
        yield from _list(value, indent)
    else:
        yield f"{head} {_scalar(value)}"


def _key(key: str) -> str:
    return key if _KEY.fullmatch(key) and key.lower() not in _OTHERWISE_READ else _scalar(key)


def _scalar(value: Any) -> str:
    """Also of an empty map or list."""
    written = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if isinstance(value, float) and "e" in written and "." not in written:
        written = written.replace("e", ".0e")  # 1e-07 is a text to YAML 1.1
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", written)
