"""One property of a rendered object per test; the golden files show them whole."""

from __future__ import annotations

from typing import Any

import pytest

from parley_api.media import Media
from parley_dataplane.collector import Collector
from parley_dataplane.media.pacer import Pacer
from parley_dataplane.metrics import Metrics
from parley_dataplane.transports.webrtc import Calls
from parley_operator.render.subject import CALLS
from tests.small_cluster import BOTH_KINDS, SmallCluster, only, voice_agent

Object = dict[str, Any]


def rendered(kind: str, **spec: Any) -> Object:
    cluster = SmallCluster(voice_agent(**spec))
    cluster.see(
        kinds=BOTH_KINDS,
        secrets=frozenset({"login", "keys", "registry"}),
        config_maps=frozenset({"ca", "guide", "prices"}),
    )
    return only(cluster.plan().objects, kind)


def pod(**spec: Any) -> Object:
    template: Object = rendered("Deployment", **spec)["spec"]["template"]["spec"]
    return template


def environment(**spec: Any) -> dict[str, Any]:
    [container] = pod(**spec)["containers"]
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in container["env"]}


def test_the_metric_that_is_scaled_by_is_one_that_the_data_plane_tells() -> None:
    metrics = Metrics(Pacer(lambda call, error: None), Calls(Media()), Collector(), list)
    told = {family.name: family for family in metrics.registry.collect()}
    assert told[CALLS].type == "gauge"


def test_an_autoscaler_keeps_the_replicas_as_the_least_and_goes_by_calls_a_pod() -> None:
    made = rendered(
        "HorizontalPodAutoscaler", replicas=2, autoscaling={"maxReplicas": 9, "targetSessions": 40}
    )
    spec = made["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 9)
    [metric] = spec["metrics"]
    assert metric["pods"]["metric"] == {"name": CALLS}
    assert metric["pods"]["target"] == {"type": "AverageValue", "averageValue": "40"}
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop-agent"}


def test_keda_asks_for_the_calls_of_this_agent_alone() -> None:
    keda = {"serverAddress": "http://prometheus.monitoring:9090"}
    made = rendered("ScaledObject", autoscaling={"maxReplicas": 9, "targetSessions": 40, "keda": keda})
    [trigger] = made["spec"]["triggers"]
    assert trigger["metadata"] == {
        "serverAddress": keda["serverAddress"],
        "threshold": "40",
        "query": 'sum(parley_sessions_active{namespace="voice-ai",parley_dev_agent="shop"})',
    }
    assert trigger["metricType"] == "AverageValue"
    assert rendered("PodMonitor")["spec"]["podTargetLabels"] == ["parley.dev/agent"], (
        "where that label comes from"
    )


def test_scaling_in_is_slow_and_scaling_out_is_not() -> None:
    behavior = rendered("HorizontalPodAutoscaler", autoscaling={"maxReplicas": 9, "targetSessions": 4})[
        "spec"
    ]["behavior"]
    assert behavior["scaleDown"]["policies"] == [{"type": "Pods", "value": 1, "periodSeconds": 60}]
    assert behavior["scaleUp"]["stabilizationWindowSeconds"] == 0


def test_a_service_keeps_each_client_at_its_pod_on_port_80() -> None:
    spec = rendered("Service")["spec"]
    assert (spec["type"], spec["sessionAffinity"]) == ("ClusterIP", "ClientIP")
    assert [(port["port"], port["targetPort"]) for port in spec["ports"]] == [(80, "http")]
    assert "externalTrafficPolicy" not in spec


def test_a_load_balancer_is_a_network_load_balancer_that_shows_the_clients_address() -> None:
    made = rendered("Service", service={"loadBalancer": True})
    assert made["spec"]["type"] == "LoadBalancer"
    assert made["spec"]["externalTrafficPolicy"] == "Local"
    assert made["metadata"]["annotations"]["service.beta.kubernetes.io/aws-load-balancer-type"] == "nlb"


def test_no_pod_is_missing_while_the_deployment_rolls() -> None:
    assert rendered("Deployment")["spec"]["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"},
    }


def test_probes_are_those_that_v14_asks_for() -> None:
    [container] = pod()["containers"]
    liveness = container["livenessProbe"]
    assert liveness["httpGet"] == {"path": "/health", "port": "http"}
    assert (liveness["periodSeconds"], liveness["timeoutSeconds"], liveness["failureThreshold"]) == (30, 5, 3)
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["startupProbe"]["httpGet"]["path"] == "/healthz"
    assert {container[probe]["periodSeconds"] for probe in ("readinessProbe", "startupProbe")} == {1}


def test_pods_go_to_the_nodes_of_v11_and_are_of_the_size_of_v10_unless_the_spec_says_otherwise() -> None:
    spec = pod()
    assert spec["nodeSelector"] == {"node-type": "low-latency"}
    assert spec["tolerations"] == [
        {"key": "dedicated", "operator": "Equal", "value": "voice-ai", "effect": "NoSchedule"}
    ]
    assert spec["containers"][0]["resources"]["limits"] == {"cpu": "1", "memory": "2Gi"}
    assert rendered("Deployment")["spec"]["replicas"] == 3
    anywhere = pod(
        placement={"nodeSelector": {}, "tolerations": [], "resources": {"cpu": "2", "memory": "1Gi"}}
    )
    assert not {"nodeSelector", "tolerations"} & anywhere.keys()
    assert anywhere["containers"][0]["resources"]["requests"] == {"cpu": "2", "memory": "1Gi"}


def test_pods_are_spread_over_hosts_and_zones() -> None:
    spread = pod()["topologySpreadConstraints"]
    assert [one["topologyKey"] for one in spread] == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]
    assert {one["whenUnsatisfiable"] for one in spread} == {"ScheduleAnyway"}


def test_at_a_host_port_a_node_has_one_of_an_agents_pods() -> None:
    spec = pod(media={"reach": {"hostPort": {}}})
    [http, media] = spec["containers"][0]["ports"]
    assert "hostPort" not in http
    assert media["protocol"] == "UDP"
    assert media["hostPort"] == media["containerPort"]
    [term] = spec["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term["topologyKey"] == "kubernetes.io/hostname"
    assert term["labelSelector"] == {"matchLabels": {"parley.dev/agent": "shop"}}
    assert "affinity" not in pod()


def test_pods_behind_turn_are_told_where_it_is_and_get_its_login_from_the_secret() -> None:
    found = environment(
        media={"reach": {"turn": {"uris": ["turn:a.example", "turns:b.example"], "secretName": "login"}}}
    )
    assert found["PARLEY_TURN_URIS"] == "turn:a.example turns:b.example"
    assert found["PARLEY_TURN_CREDENTIAL"] == {"secretKeyRef": {"name": "login", "key": "credential"}}
    assert found["PARLEY_TURN_USERNAME"] == {"secretKeyRef": {"name": "login", "key": "username"}}


def test_what_a_closed_network_needs_reaches_the_pods() -> None:
    given: dict[str, Any] = {
        "pullSecrets": ["registry"],
        "proxy": {"http": "http://proxy:3128", "https": "http://proxy:3129", "none": ".svc"},
        "caConfigMap": "ca",
        "environmentFrom": ["keys"],
    }
    spec, found = pod(pods=given), environment(pods=given)
    assert spec["imagePullSecrets"] == [{"name": "registry"}]
    assert (found["HTTP_PROXY"], found["HTTPS_PROXY"], found["NO_PROXY"]) == (
        "http://proxy:3128",
        "http://proxy:3129",
        ".svc",
    )
    [ca] = [mount for mount in spec["containers"][0]["volumeMounts"] if mount["name"] == "ca"]
    assert found["SSL_CERT_FILE"] == f"{ca['mountPath']}/ca.crt"
    assert spec["containers"][0]["envFrom"] == [{"secretRef": {"name": "keys"}}]
    assert found["PARLEY_TRUST_ENVIRONMENT"] == "true"
    assert environment() == {"PARLEY_DRAIN_SECONDS": "3600"}


def test_knowledge_lies_beside_the_file_under_the_name_of_its_config_map() -> None:
    named = [{"configMap": {"name": name}} for name in ("guide", "prices", "guide")]
    spec = pod(conversation={"instructions": "Guide.", "knowledge": named})
    volumes = {one["name"]: one["configMap"]["name"] for one in spec["volumes"] if "configMap" in one}
    mounts = {
        mount["mountPath"]: volumes.get(mount["name"]) for mount in spec["containers"][0]["volumeMounts"]
    }
    assert (mounts["/etc/parley/guide"], mounts["/etc/parley/prices"]) == ("guide", "prices")
    assert [path for path in mounts if path.startswith("/etc/parley/")].__len__() == 3


def ports(rules: list[Object]) -> set[tuple[str, int | None]]:
    return {(port["protocol"], port.get("port")) for rule in rules for port in rule["ports"]}


def test_callers_and_the_operator_reach_the_doors_and_media_alone() -> None:
    spec = rendered("NetworkPolicy")["spec"]
    assert ports(spec["ingress"]) == {("TCP", 9011), ("UDP", 9012)}
    assert [rule for rule in spec["ingress"] if "from" in rule] == []
    assert ports(rendered("NetworkPolicy", media={"udp": {"port": 5_000}})["spec"]["ingress"]) == {
        ("TCP", 9011),
        ("UDP", 5_000),
    }
    assert spec["policyTypes"] == ["Egress", "Ingress"]


@pytest.mark.parametrize(
    ("spec", "tcp"),
    [
        ({}, {53}),
        ({"engines": {"llm": {"openai": {"url": "https://llm.example/v1", "model": "m"}}}}, {53, 443}),
        ({"engines": {"llm": {"openai": {"url": "http://llm:8000/v1", "model": "m"}}}}, {53, 8000}),
        ({"pods": {"proxy": {"https": "http://proxy:3128"}}}, {53, 3128}),
    ],
    ids=["names alone", "an engine at its usual port", "an engine at its own port", "a proxy"],
)
def test_pods_reach_what_the_spec_names_and_no_other_port(spec: Object, tcp: set[int]) -> None:
    egress = ports(rendered("NetworkPolicy", **spec)["spec"]["egress"])
    assert {port for protocol, port in egress if protocol == "TCP"} == tcp
    assert ("UDP", None) in egress, "callers have any port"


def test_a_tenth_of_the_pods_may_be_evicted_and_broken_ones_always() -> None:
    spec = rendered("PodDisruptionBudget")["spec"]
    assert (spec["maxUnavailable"], spec["unhealthyPodEvictionPolicy"]) == ("10%", "AlwaysAllow")


def test_neither_account_nor_pod_has_a_token() -> None:
    assert rendered("ServiceAccount")["automountServiceAccountToken"] is False
    assert pod()["automountServiceAccountToken"] is False
    assert pod()["serviceAccountName"] == rendered("ServiceAccount")["metadata"]["name"]
