"""`parley run FILE --show-config`: each setting of an agent as it would be served, and where its value comes from."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator, Sequence

from parley_api import InvalidFile, VoiceAgent, load
from parley_api.model import Model, OneOf
from parley_api.problems import shown
from parley_api.voiceagent import FOR_A_CLUSTER
from parley_cli.check import FAILED, WRONG, say, tell
from parley_dataplane.settings import DRAIN, BadSetting, Settings

HOST, PORT = "127.0.0.1", 9011
"""Where `parley run` listens unless it is told otherwise."""

Row = tuple[str, str, str]
"""Setting, value, where it is from."""


def show_config(
    file: str, log_level: str | None, host: str | None, port: int | None, also_listen: Sequence[int]
) -> int:
    """Print the settings of the agent in `file`, and the arguments; returns the exit code."""
    arguments: list[Row] = [
        ("host", host or HOST, "--host" if host else "default"),
        ("port", str(port or PORT), "--port" if port else "default"),
        (
            "also listen",
            ", ".join(map(str, also_listen)) or "-",
            "--also-listen" if also_listen else "default",
        ),
    ]
    try:
        text = table(load(file), read_settings(log_level), arguments)
    except InvalidFile as invalid:
        tell(invalid)
        return WRONG
    except BadSetting as wrong:
        print(wrong, file=sys.stderr)
        return WRONG
    return 0 if say(text) else FAILED


def read_settings(log_level: str | None) -> Settings:
    """Those of the environment; `log_level` is the argument of that name, if it was given. Raises BadSetting."""
    settings = Settings.from_environ()
    if log_level is None:
        return settings
    return dataclasses.replace(settings, log_level=log_level, log_level_from="--log-level")


def table(agent: VoiceAgent, settings: Settings, arguments: Sequence[Row]) -> str:
    """`agent` is as its file has it."""
    variables = {f"spec.{override.field}": override.name for override in settings.overrides}
    values = {path: value for path, value, _ in _rows(settings.over(agent).spec, "spec")}
    rows, elsewhere = [], []
    for path, _, source in _rows(agent.spec, "spec"):
        if field := _for_a_cluster(path):
            elsewhere += [field] if source == "file" and field not in elsewhere else []
        else:
            rows.append((path, values[path], _variable(variables[path]) if path in variables else source))
    rows += [
        ("log level", settings.log_level, _log_level_source(settings.log_level_from)),
        ("drain seconds", f"{settings.drain_seconds or 0:g}", _drain_source(settings.drain_seconds)),
        *arguments,
    ]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = [f"{path:{widths[0]}}  {value:{widths[1]}}  {source}" for path, value, source in rows]
    idle = [name for path, name in variables.items() if path not in values]
    lines += [f"{_variable(name)} changes nothing: this agent has no such engine" for name in idle]
    lines += [f"{_variable(name)} changes nothing: it is so anyway" for name in settings.constants]
    lines += [f"{field} changes nothing here: it is for a cluster" for field in elsewhere]
    return "\n".join(lines)


def _rows(model: Model, path: str, written: bool = True) -> Iterator[Row]:
    """`written`: the file has this model."""
    if not type(model).model_fields:
        yield path, "{}", "file" if written else "default"
    for name, field in type(model).model_fields.items():
        value, here = getattr(model, name), f"{path}.{field.alias or name}"
        in_file = written and name in model.model_fields_set
        if isinstance(value, Model):
            yield from _rows(value, here, in_file)
        elif not (isinstance(model, OneOf) and value is None):
            yield here, shown(value), "file" if in_file else "default"


def _for_a_cluster(path: str) -> str | None:
    """The field of `path` that only a cluster does something with, if it is below one."""
    fields = (f"spec.{field}" for field in FOR_A_CLUSTER)
    return next((field for field in fields if f"{path}.".startswith(f"{field}.")), None)


def _variable(name: str) -> str:
    return f"environment variable {name}"


def _log_level_source(given_by: str) -> str:
    return "default" if not given_by else given_by if given_by.startswith("-") else _variable(given_by)


def _drain_source(seconds: float | None) -> str:
    return "default" if seconds is None else _variable(DRAIN)
