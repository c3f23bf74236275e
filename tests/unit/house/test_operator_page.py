"""docs/operator.md against the operator: every setting with bounds and default, every metric with type and labels."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from parley_operator.metrics import Metrics, Reading
from parley_operator.settings import VARIABLES, Settings, Variable

PAGE = (Path(__file__).parents[3] / "docs/operator.md").read_text()


def table(section: str) -> list[list[str]]:
    rows = re.findall(
        r"^\|(.*)\|$", PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0], re.MULTILINE
    )
    return [[cell.strip() for cell in row.split("|")] for row in rows[2:]]


SETTINGS, METRICS = table("Settings"), table("Metrics")
CLIENTS_OWN = re.compile(r"(process|python)_|.*_created$")


def said(variable: Variable) -> list[str]:
    default = getattr(Settings(), variable.field)
    shown = (
        "the host's name"
        if variable.field == "identity"
        else f"{default:g}"
        if default != str(default)
        else default
    )
    if variable.choices:
        bounds = ", ".join(variable.choices)
    else:
        bounds = "text" if isinstance(default, str) else f"{variable.low:g} to {variable.high:g}"
    return [f"`{variable.name}`", shown, bounds, variable.meaning]


def test_every_setting_is_on_the_page_with_its_default_and_bounds_and_no_other_is() -> None:
    assert [said(variable) for variable in VARIABLES] == SETTINGS


def scraped() -> str:
    metrics = Metrics(lambda: Reading(objects=(("Pod", 3),), said=(("VoiceAgent", "Ready", "True", 2),)))
    metrics.reconciled("VoiceAgent", "done", 0.01)
    metrics.wrote("apply", "Deployment", "done")
    metrics.polled("answered")
    return metrics.text().decode()


def test_every_metric_is_on_the_page_with_its_type_and_no_other_is() -> None:
    found = dict(re.findall(r"^# TYPE (\w+) (\w+)$", scraped(), re.MULTILINE))
    found = {name: kind for name, kind in found.items() if not CLIENTS_OWN.match(name)}
    assert {name.strip("`"): kind for name, kind, _, _ in METRICS} == found


def test_every_label_is_on_the_page_and_no_other_is() -> None:
    labels: dict[str, set[str]] = {name.strip("`"): set() for name, *_ in METRICS}
    for family in text_string_to_metric_families(scraped()):
        for sample in family.samples:
            name = sample.name if sample.name in labels else re.sub(r"_(bucket|count|sum)$", "", sample.name)
            if name in labels:
                labels[name] |= sample.labels.keys() - {"le"}
    assert {name.strip("`"): set(re.findall(r"`(\w+)`", names)) for name, _, names, _ in METRICS} == labels
