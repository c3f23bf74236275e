"""manifests/monitoring against the metrics that the operator has: each rule and each panel asks for what exists."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from parley_operator.kinds import PRIMARIES
from parley_operator.metrics import Metrics, Reading
from tests.dashboard import check_panels
from tests.promql import asked
from tests.unit.manifests.objects import MANIFESTS, documents, kustomization

FOLDER = MANIFESTS / "monitoring"
[RULES] = documents(FOLDER / "rules.yaml")
DASHBOARD = json.loads((FOLDER / "parley-operator.json").read_text())
PAGE = (MANIFESTS.parent / "docs/operator.md").read_text()

BY_THE_SCRAPE = {"pod", "job", "namespace", "container"}
"""Labels that Prometheus puts on what a PodMonitor finds."""


def scraped() -> dict[str, set[str]]:
    """Each sample that the operator's /metrics tells -> its labels."""
    metrics = Metrics(lambda: Reading(objects=(("Pod", 3),), said=(("VoiceAgent", "Ready", "True", 1),)))
    metrics.reconciled("VoiceAgent", "done", 0.01)
    metrics.wrote("apply", "Deployment", "done")
    metrics.polled("answered")
    return {
        sample.name: set(sample.labels) for family in metrics.registry.collect() for sample in family.samples
    }


def expressions() -> Iterator[Any]:
    for group in RULES["spec"]["groups"]:
        for rule in group["rules"]:
            yield pytest.param(rule["expr"], id=rule.get("alert") or rule["record"])
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield pytest.param(target["expr"], id=f"{panel['title']} {target['refId']}")


SCRAPED = scraped()
EXPRESSIONS = list(expressions())
ALERTS = [rule for group in RULES["spec"]["groups"] for rule in group["rules"] if "alert" in rule]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_each_metric_and_label_exists(expression: str) -> None:
    wanted = asked(expression)
    assert wanted.metrics
    assert wanted.metrics <= SCRAPED.keys()
    known = BY_THE_SCRAPE.union(*(SCRAPED[name] for name in wanted.metrics))
    assert wanted.labels <= known


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_each_outcome_that_is_asked_for_is_one_of_the_page(expression: str) -> None:
    """A word that no outcome has would be an alert that never comes."""
    assert asked(expression).values.get("outcome", set()) <= set(re.findall(r"`([a-z-]+|409)`", PAGE)) | {
        "409"
    }


def test_what_is_not_there_would_be_found() -> None:
    for wrong in ("sum(parley_operator_nothing)", "sum by (colour) (parley_operator_objects)", "sum(("):
        with pytest.raises((AssertionError, ValueError)):
            test_each_metric_and_label_exists(wrong)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["alert"]))
def test_an_alert_says_what_is_so_and_what_to_do_about_it(alert: dict[str, Any]) -> None:
    assert alert["for"]
    assert alert["labels"]["severity"] in {"warning", "critical"}
    assert set(alert["annotations"]) == {"summary", "description"}
    assert f"`{alert['alert']}`" in PAGE
    told = set(re.findall(r"\$labels\.(\w+)", json.dumps(alert["annotations"])))
    assert told <= asked(alert["expr"]).labels


def test_the_dashboard_is_found_by_grafana_s_sidecar_and_shows_every_kind() -> None:
    [generator] = kustomization(FOLDER)["configMapGenerator"]
    assert generator["files"] == ["parley-operator.json"]
    assert generator["options"]["labels"]["grafana_dashboard"] == "1"
    assert PRIMARIES
    assert [panel["title"] for panel in DASHBOARD["panels"] if "kind=" in json.dumps(panel["targets"])] == []


def test_the_panels_lie_beside_each_other() -> None:
    check_panels(DASHBOARD["panels"])
