"""`parley cost [FILE]`: what a load costs a day, a user and a month, by the prices in the agent's file.

There are two sheets. One is of services: so many minutes, tokens and characters at the prices of `spec.prices`, whose
defaults are those of well-known providers, so that it tells what the built-in engines save. The other is of the engines
built in, which ask no fee and take the time of cores. Without FILE both are of an agent that sets nothing.

Rules: money is Decimal, and nothing is rounded before it is shown: each figure by itself to the cent, half up. What one
user costs may be less than a cent, and is shown with two figures at least; there it is cut, as sheets of cost do.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

from parley_api import InvalidFile, load
from parley_api.costs import Row, exact, of_services
from parley_api.engines import Engines
from parley_api.prices import Prices
from parley_cli.check import FAILED, WRONG, say, tell

CORES = {
    "moonshine": Decimal("0.0762"),
    "pocketsphinx": Decimal("0.0153"),
    "scripted": Decimal("0.0037"),
    "espeak": Decimal("0.0026"),
}
"""Cores of a call by itself: `python -m tests.bench.shares` on an Intel Xeon, PocketSphinx on an AMD EPYC. Each is a
process of its own."""

SERVER_CORES = Decimal("0.0654")
"""The same of the server: media, signaling, and the other engines. Of many calls at once each takes less."""

NOT_RECKONED = {"fasterWhisper", "openai", "piper"}
"""What these take depends on the model in the file, and on the machine that runs it."""

_CENT = Decimal("0.01")
_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Load:
    """A day: each of `users` talks for `minutes`; what is said in them is counted in words."""

    users: Decimal
    minutes: Decimal
    words_per_minute: Decimal
    tokens_per_word: Decimal
    characters_per_word: Decimal
    days: Decimal
    """Of a month."""

    @property
    def all_minutes(self) -> Decimal:
        return self.users * self.minutes

    @property
    def tokens(self) -> Decimal:
        return self.all_minutes * self.words_per_minute * self.tokens_per_word

    @property
    def characters(self) -> Decimal:
        return self.all_minutes * self.words_per_minute * self.characters_per_word


@dataclass(frozen=True, slots=True)
class Sheet:
    title: str
    rows: Sequence[Row]
    load: Load

    @property
    def day(self) -> Decimal:
        return sum((row.cost for row in self.rows), Decimal())

    @property
    def user(self) -> Decimal:
        return self.day / self.load.users

    @property
    def month(self) -> Decimal:
        return self.day * self.load.days


def cost(file: str | None, load_: Load, *, as_json: bool) -> int:
    """Print the sheets; returns the exit code."""
    prices, engines = Prices(), Engines()
    if file is not None:
        try:
            spec = load(file).spec
        except InvalidFile as invalid:
            tell(invalid)
            return WRONG
        prices, engines = spec.prices, spec.engines
    sheets = services(prices, load_), built_in(prices, engines, load_)
    return 0 if say(as_data(load_, *sheets) if as_json else as_text(load_, *sheets)) else FAILED


def services(prices: Prices, load_: Load) -> Sheet:
    """STT hears every minute; the words of every minute are the LLM's tokens and the TTS's characters."""
    rows = of_services(prices, load_.all_minutes, load_.tokens, load_.characters)
    return Sheet("As services, by the prices of spec.prices", rows, load_)


def built_in(prices: Prices, engines: Engines, load_: Load) -> Sheet:
    """The engines of the agent that are built in."""
    used = (engines.vad.chosen, engines.stt.chosen, engines.llm.chosen, engines.tts.chosen)
    beside = [name for name in used if name in NOT_RECKONED]
    inside = dict.fromkeys(name for name in used if name not in CORES and name not in beside)
    shares = {f"server with {', '.join(inside)}": SERVER_CORES}
    shares |= {name: CORES[name] for name in used if name in CORES}
    hours, price = load_.all_minutes / 60, exact(prices.core_per_hour)
    rows = tuple(Row(name, hours * share, "core hour", price) for name, share in shares.items())
    title = "With the engines built in: no fee, the time of cores"
    if beside:
        title += f"; without {', '.join(beside)}, which depends on model and machine"
    return Sheet(title, rows, load_)


def as_text(load_: Load, *sheets: Sheet) -> str:
    head = (
        f"{_many(load_.users, 'user')} x {_many(load_.minutes, 'minute')} a day: "
        f"{_many(load_.all_minutes, 'minute')}, {_many(load_.tokens, 'token')},"
        f" {_many(load_.characters, 'character')}"
    )
    return "\n".join((head, *(line for sheet in sheets for line in ("", *_lines(sheet)))))


def _lines(sheet: Sheet) -> list[str]:
    rows = [
        (f"{row.what}: {_many(row.amount, row.unit)} at {_price(row)}", _dollars(row.cost))
        for row in sheet.rows
    ]
    rows += [
        ("a day", _dollars(sheet.day)),
        ("a user and day", f"${cut(sheet.user):,f}"),
        (f"{_plain(sheet.load.days)} days", _dollars(sheet.month)),
    ]
    left, right = (max(map(len, column)) for column in zip(*rows, strict=True))
    return [sheet.title, *(f"  {what:<{left}}  {money:>{right}}" for what, money in rows)]


def as_data(load_: Load, *sheets: Sheet) -> str:
    """The same as JSON, in dollars, to the millionth."""
    data: dict[str, Any] = {
        "currency": "USD",
        "users": _number(load_.users),
        "minutes": _number(load_.all_minutes),
        "tokens": _number(load_.tokens),
        "characters": _number(load_.characters),
        "days": _number(load_.days),
    }
    for name, sheet in zip(("services", "built_in"), sheets, strict=True):
        data[name] = {
            "rows": [
                {
                    "what": row.what,
                    "amount": _number(row.amount),
                    "unit": row.unit,
                    "price": _number(row.price),
                    "per": _number(row.per),
                    "cost": _number(row.cost),
                }
                for row in sheet.rows
            ],
            "day": _number(sheet.day),
            "user": _number(sheet.user),
            "month": _number(sheet.month),
        }
    return json.dumps(data, indent=2)


def round_to(amount: Decimal, step: Decimal) -> Decimal:
    return amount.quantize(step, ROUND_HALF_UP)


def cut(amount: Decimal) -> Decimal:
    """To the cent, or to two figures where that shows more; the rest is left away."""
    places = max(2, 1 - amount.adjusted()) if amount else 2
    return amount.quantize(Decimal(1).scaleb(-places), ROUND_DOWN)


def _number(amount: Decimal) -> int | float:
    amount = round_to(amount, 1 / _MILLION)
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def _dollars(amount: Decimal) -> str:
    return f"${round_to(amount, _CENT):,f}"


def _price(row: Row) -> str:
    places = max(2, -int(row.price.normalize().as_tuple().exponent))
    unit = row.unit if row.per == 1 else "million"
    return f"${row.price:,.{places}f} a {unit}"


def _many(amount: Decimal, unit: str) -> str:
    return f"{_plain(amount)} {unit}{'' if amount == 1 else 's'}"


def _plain(amount: Decimal) -> str:
    """With commas, and with a fraction of two figures only where there is one."""
    whole = round_to(amount, _CENT)
    return f"{whole:,.0f}" if whole == whole.to_integral_value() else f"{whole:,f}"
