"""compose.yaml and what it mounts, against the code: images, paths, ports, and each metric that the dashboard asks for.

There is no Docker engine in the tests: that the containers start, only a machine with one can show.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from parley_api.media import Media
from parley_dataplane.collector import Collector
from parley_dataplane.media.pacer import Pacer
from parley_dataplane.metrics import Metrics
from parley_dataplane.transports.webrtc import Calls
from tests.dashboard import check_panels
from tests.promql import asked

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "manifests/compose"
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
DASHBOARD = json.loads((FOLDER / "grafana/dashboards/parley.json").read_text())
EXPRESSIONS = [
    pytest.param(target["expr"], id=f"{panel['title']} {target['refId']}")
    for panel in DASHBOARD["panels"]
    for target in panel["targets"]
]
PORT, PROMETHEUS, GRAFANA = "9011", "127.0.0.1:9090", "3001"


def read(path: str) -> Any:
    return yaml.safe_load((FOLDER / path).read_text())


def default(text: str) -> str:
    """`text` where nothing is set in the environment."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def mounts(service: str) -> dict[str, str]:
    """Where in the container -> what of this machine, or the name of a volume."""
    parts = [default(mount).split(":") for mount in SERVICES[service].get("volumes", [])]
    return {part[1]: part[0] for part in parts}


def scraped() -> dict[str, set[str]]:
    """Each sample that /metrics can tell -> its labels, as docs/metrics.md has them, which a test holds to the code."""
    metrics = Metrics(Pacer(lambda call, error: None), Calls(Media()), Collector(), list)
    page = (ROOT / "docs/metrics.md").read_text()
    rows = {
        name: set(re.findall(r"`(\w+)`", row))
        for name, row in re.findall(r"^\| `(\w+)` \| (.*)$", page, re.M)
    }
    endings = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
    found: dict[str, set[str]] = {}
    for family in metrics.registry.collect():
        told = rows.get(family.name, set()) | rows.get(f"{family.name}_total", set())
        for ending in endings.get(family.type, [""]):
            found[family.name + ending] = told | ({"le"} if ending == "_bucket" else set())
    return found


SCRAPED = scraped()


def test_there_are_a_gateway_prometheus_and_grafana_and_each_image_has_one_version() -> None:
    assert set(SERVICES) == {"gateway", "prometheus", "grafana"}
    images = [service["image"] for service in SERVICES.values() if "image" in service]
    assert [image for image in images if not re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", image)] == []


def test_each_image_is_built_from_files_that_exist_and_that_the_build_may_see() -> None:
    dockerfiles = [SERVICES["gateway"]["build"]["dockerfile"], "operator/Dockerfile", "sysctl/Dockerfile"]
    lines = [
        line
        for dockerfile in dockerfiles
        for line in re.findall(r"^COPY (.*) \S+$", (ROOT / dockerfile).read_text(), re.MULTILINE)
    ]
    copied = {Path(name) for line in lines for name in line.split()}
    seen = {Path(n) for n in re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)}
    assert [name for name in copied if not any(name.is_relative_to(one) for one in seen)] == []
    assert [one for one in seen if not any(name.is_relative_to(one) for name in copied)] == []
    assert [name for name in copied if not (ROOT / name).exists()] == []
    on_path = re.search(r"PYTHONPATH=(\S+)", (ROOT / dockerfiles[0]).read_text())
    assert on_path is not None
    assert [ROOT / path.removeprefix("/parley/") for path in on_path[1].split(":")] == [
        ROOT / name for name in ("crds", "dataplane", "cli")
    ]


def test_the_image_runs_what_its_arguments_say_and_its_user_is_nobody_on_the_machine() -> None:
    """A pod names the agent's file and the port; its security context asks for this uid, and for none of its own."""
    dockerfile = (ROOT / "dataplane/Dockerfile").read_text()
    last = dict(re.findall(r"^(USER|ENTRYPOINT|CMD) (.*)$", dockerfile, re.MULTILINE))
    assert last["USER"] == "1000:1000"
    assert json.loads(last["ENTRYPOINT"]) == ["python", "-m", "parley_cli"]
    assert json.loads(last["CMD"])[0] == SERVICES["gateway"]["command"][0] == "run"


@pytest.mark.parametrize("service", SERVICES)
def test_whatever_is_mounted_is_there_or_is_a_volume(service: str) -> None:
    sources = mounts(service).values()
    assert sources
    assert [s for s in sources if s not in COMPOSE["volumes"] and not (ROOT / s).exists()] == []


def test_to_develop_is_the_same_gateway_with_the_source_that_is_saved() -> None:
    over = read("develop.yaml")["services"]
    assert set(over) == {"gateway"}
    gateway = over["gateway"]
    assert gateway["command"] == [*SERVICES["gateway"]["command"], "--reload"]
    mounted = {target: source for source, target, _ in (mount.split(":") for mount in gateway["volumes"])}
    dockerfile = (ROOT / "dataplane/Dockerfile").read_text()
    on_path = re.search(r"PYTHONPATH=(\S+)", dockerfile)
    assert on_path is not None
    assert set(mounted) == set(on_path[1].split(":"))
    assert {f"/parley/{(ROOT / source).resolve().name}" for source in mounted.values()} == set(mounted)
    assert "-f manifests/compose/develop.yaml" in (ROOT / "compose.yaml").read_text()


def test_prometheus_scrapes_the_port_that_the_gateway_listens_on() -> None:
    command = [default(word) for word in SERVICES["gateway"]["command"]]
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert command[command.index("--port") + 1] == PORT
    folder, _, agent = command[1].rpartition("/")
    assert (ROOT / mounts("gateway")[folder] / agent).exists()
    assert f'HTTPConnection("127.0.0.1", {PORT},' in SERVICES["gateway"]["healthcheck"]["test"][-1]
    (job,) = read("prometheus.yaml")["scrape_configs"]
    assert job["static_configs"] == [{"targets": [f"127.0.0.1:{PORT}"]}]
    assert f"--config.file={next(iter(mounts('prometheus')))}" in SERVICES["prometheus"]["command"]


def test_grafana_is_on_3001_and_finds_prometheus_and_the_dashboard() -> None:
    environment = SERVICES["grafana"]["environment"]
    assert (environment["GF_SERVER_HTTP_ADDR"], environment["GF_SERVER_HTTP_PORT"]) == ("127.0.0.1", GRAFANA)
    assert f"--web.listen-address={PROMETHEUS}" in SERVICES["prometheus"]["command"]
    (source,) = read("grafana/provisioning/datasources/prometheus.yaml")["datasources"]
    assert source["url"] == f"http://{PROMETHEUS}"
    assert {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]} == {source["uid"]}
    (provider,) = read("grafana/provisioning/dashboards/parley.yaml")["providers"]
    shown = mounts("grafana")[provider["options"]["path"]]
    assert (ROOT / shown / "parley.json").exists()
    assert (
        environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
        == f"{provider['options']['path']}/parley.json"
    )


def test_nothing_listens_to_other_machines_unless_it_is_told_to() -> None:
    """Host networking publishes whatever is bound to all addresses: none of it asks for a password."""
    assert {service["network_mode"] for service in SERVICES.values()} == {"host"}
    assert "0.0.0.0" not in json.dumps(SERVICES)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_each_metric_and_label_of_the_dashboard_exists(expression: str) -> None:
    wanted = asked(expression)
    assert wanted.metrics
    assert wanted.metrics <= SCRAPED.keys()
    assert wanted.labels <= set().union(*(SCRAPED[name] for name in wanted.metrics))


def test_a_metric_that_is_not_there_would_be_found() -> None:
    with pytest.raises(AssertionError):
        test_each_metric_and_label_of_the_dashboard_exists("sum by (door) (parley_nothing_total)")
    with pytest.raises(AssertionError):
        test_each_metric_and_label_of_the_dashboard_exists("sum by (colour) (parley_sessions_active)")


def test_the_panels_of_the_dashboard_lie_beside_each_other() -> None:
    check_panels(DASHBOARD["panels"])
