"""docs/settings.md against the code: every variable that is read, what it goes over, its bounds and its default."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from parley_api.kinds import VOICE_AGENT
from parley_api.schema import Schema, object_schema
from parley_cli.__main__ import MOST_MORE_PORTS, main
from parley_cli.config import HOST, PORT
from parley_dataplane.protocols.fastrtc import DEFAULTS, Config
from parley_dataplane.server import MAX_MESSAGE_BYTES
from parley_dataplane.settings import (
    CONSTANTS,
    DRAIN,
    LARGEST_CHUNK,
    LOG_LEVELS,
    LONGEST_DRAIN_SECS,
    OF_A_POD,
    VARIABLES,
    Constant,
    Variable,
)

PAGE = (Path(__file__).parents[3] / "docs/settings.md").read_text()
TABLES = [
    [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()]
    for table in re.findall(r"^\|---.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
]
ROWS = {tuple(re.findall(r"`(\w+)`", names)): rest for names, *rest in TABLES[0]}
FIELDS = {names.strip("`"): rest for names, *rest in TABLES[1]}


def test_every_variable_that_is_read_is_on_the_page_and_no_other_is() -> None:
    assert set(ROWS) == {
        ("LOG_LEVEL",),
        (DRAIN,),
        *OF_A_POD,
        *(one.names for one in (*VARIABLES, *CONSTANTS)),
    }


def test_no_two_settings_have_a_name_in_common() -> None:
    names = [name for one in (*VARIABLES, *CONSTANTS) for name in one.names]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.field)
def test_what_a_variable_goes_over_its_bounds_and_its_default_are_those_of_the_field(
    variable: Variable,
) -> None:
    schema = variable.schema
    bounds = f"{schema['minimum']:g} to {schema['maximum']:g}"
    assert ROWS[variable.names][:3] == [f"`spec.{variable.field}`", bounds, str(schema["default"])]


@pytest.mark.parametrize("constant", CONSTANTS, ids=lambda constant: constant.names[0])
def test_what_may_be_said_of_what_can_not_be_changed_is_on_the_page(constant: Constant) -> None:
    field, values, default, meaning = ROWS[constant.names]
    assert (field, default) == ("", "")
    assert meaning.startswith("changes nothing: ")
    said = [int(value) for value in re.findall(r"\d+", values)]
    ends = [constant.possible[0], constant.possible[-1]] if " to " in values else sorted(constant.possible)
    assert sorted(said) == ends


def test_every_log_level_is_on_the_page() -> None:
    assert re.findall(r"`(\w+)`", ROWS["LOG_LEVEL",][1]) == list(LOG_LEVELS)


def test_calls_may_drain_as_long_as_the_longest_may_last() -> None:
    longest = object_schema(VOICE_AGENT)["properties"]["spec"]["properties"]["sessions"]["properties"]
    assert longest["longestCallSeconds"]["maximum"] == LONGEST_DRAIN_SECS
    assert ROWS[DRAIN,][:3] == ["", f"0 to {LONGEST_DRAIN_SECS}", "0"]


def test_a_chunk_may_be_as_large_as_a_message() -> None:
    assert LARGEST_CHUNK == MAX_MESSAGE_BYTES


def test_every_field_of_a_fastrtc_session_is_on_the_page_with_its_default() -> None:
    assert set(FIELDS) == set(Config.__slots__)
    said = {name: default for name, (_, default) in FIELDS.items()}
    values = {name: getattr(DEFAULTS, name) for name in FIELDS}
    assert said == {name: "the agent's" if value is None else f"{value}" for name, value in values.items()}


def test_every_argument_of_parley_run_is_on_the_page_and_no_other_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    arguments = set(re.findall(r"^ +(--[\w-]+)", capsys.readouterr().out, re.MULTILINE))
    assert {argument.strip("`").split()[0] for argument, *_ in TABLES[2]} == arguments
    defaults = {argument.strip("`").split()[0]: default.strip("`") for argument, default, _ in TABLES[2]}
    assert (defaults["--host"], defaults["--port"]) == (HOST, str(PORT))
    assert f"at most {MOST_MORE_PORTS} more ports" in PAGE


def test_every_field_of_the_agent_on_the_page_exists() -> None:
    paths = set(re.findall(r"`spec\.([\w.]+)`", PAGE))
    assert len(paths) > 8
    for path in paths:
        schema: Schema = object_schema(VOICE_AGENT)["properties"]["spec"]
        for name in path.split("."):
            schema = schema["properties"][name]
