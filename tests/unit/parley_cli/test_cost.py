"""`parley cost`: the known sheet to the cent, any other load, the file's own prices, and what is no load."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from parley_api.costs import exact
from parley_api.engines import Engines, FasterWhisper, Piper, Stt, Tts
from parley_api.prices import Prices
from parley_cli.__main__ import main
from parley_cli.cost import CORES, SERVER_CORES, Load, built_in, cut, services

KNOWN = ["cost", "--users", "10000", "--minutes", "5"]
AGENT = """\
apiVersion: parley.dev/v1alpha1
kind: VoiceAgent
metadata: {name: a}
spec:
  conversation: {instructions: Be kind.}
"""


def load_of(**changes: str) -> Load:
    day = {"users": "10000", "minutes": "5", "words_per_minute": "150", "tokens_per_word": "1.3"}
    month = {"characters_per_word": "6", "days": "30"}
    return Load(**{name: Decimal(value) for name, value in (day | month | changes).items()})


def agent(folder: Path, more: str) -> str:
    file = folder / "agent.yaml"
    file.write_text(AGENT + more)
    return str(file)


def printed_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main(["cost", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_known_sheet_comes_out_to_the_cent() -> None:
    sheet = services(Prices(), load_of())
    assert [row.amount for row in sheet.rows] == [50_000, 9_750_000, 45_000_000]
    assert [row.cost for row in sheet.rows] == [Decimal("215.00"), Decimal("5.85"), Decimal("675.00")]
    assert sheet.day == Decimal("895.85")
    assert sheet.month == Decimal("26875.50")
    assert sheet.user == Decimal("0.089585")
    assert cut(sheet.user) == Decimal("0.089")


def test_the_known_sheet_is_printed_as_people_know_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(KNOWN) == 0
    known, _, _ = capsys.readouterr().out.partition("With the engines built in")
    figures = [line.split()[-1] for line in known.splitlines() if "$" in line]
    assert figures == ["$215.00", "$5.85", "$675.00", "$895.85", "$0.089", "$26,875.50"]


def test_the_known_sheet_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    data = printed_json(capsys, *KNOWN[1:])
    assert [row["cost"] for row in data["services"]["rows"]] == [215, 5.85, 675]
    assert {name: data["services"][name] for name in ("day", "user", "month")} == {
        "day": 895.85,
        "user": 0.089585,
        "month": 26875.5,
    }


def test_any_other_load_is_reckoned_alike(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--users=3", "--minutes=2.5", "--words-per-minute=100", "--tokens-per-word=2"]
    data = printed_json(capsys, *options, "--characters-per-word=5", "--days=7")
    assert (data["minutes"], data["tokens"], data["characters"], data["days"]) == (7.5, 1_500, 3_750, 7)
    assert [row["cost"] for row in data["services"]["rows"]] == [0.03225, 0.0009, 0.05625]
    assert (data["services"]["day"], data["services"]["month"]) == (0.0894, 0.6258)


def test_the_prices_are_those_of_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prices = "{sttPerMinute: 0.01, llmPerMillionTokens: 0, ttsPerMillionCharacters: 2, corePerHour: 60}"
    file = agent(tmp_path, f"  prices: {prices}\n")
    data = printed_json(capsys, file, "--users=1", "--minutes=1")
    assert [row["cost"] for row in data["services"]["rows"]] == [0.01, 0, 0.0018]
    assert data["built_in"]["day"] == float(
        SERVER_CORES + sum(CORES[name] for name in ("moonshine", "scripted", "espeak"))
    )


def test_a_file_without_prices_has_the_default_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed_json(capsys, "examples/reception.yaml") == printed_json(capsys)


def test_the_engines_built_in_ask_no_fee_and_take_time_of_cores() -> None:
    sheet = built_in(Prices(core_per_hour=1.0), Engines(), load_of(users="60", minutes="1", days="2"))
    assert {row.what: row.cost for row in sheet.rows} == {
        "server with silero": SERVER_CORES,
        "moonshine": CORES["moonshine"],
        "scripted": CORES["scripted"],
        "espeak": CORES["espeak"],
    }
    assert sheet.month == 2 * sheet.day == 2 * sum(row.cost for row in sheet.rows)


def test_an_engine_whose_model_decides_what_it_takes_is_told_to_be_left_out() -> None:
    engines = Engines(stt=Stt(faster_whisper=FasterWhisper(model="m")), tts=Tts(piper=Piper(voice="v.onnx")))
    sheet = built_in(Prices(), engines, load_of())
    assert [row.what for row in sheet.rows] == ["server with silero", "scripted"]
    assert sheet.title.endswith("without fasterWhisper, piper, which depends on model and machine")


def test_engines_that_take_no_time_are_told_with_the_server(capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = printed_json(capsys, "examples/bench.yaml")["built_in"]["rows"]
    assert row["what"] == "server with silero, instant, tone"


@pytest.mark.parametrize(
    ("user", "shown"),
    [("0.089585", "0.089"), ("0.00027491", "0.00027"), ("1.239", "1.23"), ("0", "0.00"), ("12", "12.00")],
)
def test_what_a_user_costs_is_cut_and_keeps_two_figures(user: str, shown: str) -> None:
    assert str(cut(Decimal(user))) == shown


def test_a_price_is_what_stands_in_the_file() -> None:
    """Not the binary fraction nearest to it: a thousand million users would see the difference."""
    assert exact(0.0043) == Decimal("0.0043")
    assert services(Prices(stt_per_minute=0.1), load_of(users="1000000000")).rows[0].cost == 500_000_000


@pytest.mark.parametrize(
    ("option", "value", "range_"),
    [
        *(
            ("--users", value, "1 to 1000000000")
            for value in ("0", "1000000001", "10,000", "1e3", "-1", "", "٣")
        ),
        *(("--minutes", value, "0.01 to 1440") for value in ("0", "1441", "nan", "9" * 100, "1.2345678")),
        ("--days", "367", "1 to 366"),
    ],
)
def test_what_is_no_load_is_told_with_what_to_write(
    option: str, value: str, range_: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["cost", f"{option}={value}"])
    assert exit_.value.code == 2
    told = capsys.readouterr().err
    assert f"argument {option}: {value[:20]!r}: write a number from {range_}, in plain digits" in told


def test_a_wrong_price_is_told_as_any_mistake_of_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = agent(tmp_path, "  prices: {sttPerMinute: -1}\n")
    assert main(["cost", file]) == 2
    assert capsys.readouterr().err == (
        f"{file}:6: spec.prices.sttPerMinute: saw -1; write a number from 0 to 1000\n"
    )
