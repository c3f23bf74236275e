"""How much a quota lacks, from the sentence in which the API server refuses a pod: it tells all but that."""

from __future__ import annotations

import re

from parley_operator import amounts

_SENTENCE = re.compile(r"exceeded quota: (\S+), requested: (\S+), used: (\S+), limited: (\S+)")
_OF_ITS_OWN = {"cpu": amounts.CPU, "memory": amounts.MEMORY, "storage": amounts.MEMORY}


def lacking(message: str) -> str:
    """As it stands after that sentence; "" where it is of no quota."""
    match = _SENTENCE.search(message)
    if match is None:
        return ""
    requested, used, limited = (_pairs(match[at]) for at in (2, 3, 4))
    told = []
    for name, text in requested.items():
        unit = _OF_ITS_OWN.get(name.rpartition(".")[2], "")
        asked, has, most = (amounts.amount(unit, one.get(name, "0")) for one in (requested, used, limited))
        if asked + has > most and text:
            told.append(f"{name} {amounts.text(unit, asked + has - most)}")
    return f" (the quota {match[1]} lacks {', '.join(told)})" if told else ""


def _pairs(text: str) -> dict[str, str]:
    found = (pair.partition("=") for pair in text.split(","))
    return {name: value for name, _, value in found}
