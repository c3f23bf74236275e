"""The rules across the fields of a NodeTuning: in CEL for the CRD, and as `parley check` says them.

Rules: what is tuned is how fast a node is, never what it is: only TUNABLE_NAMES, without those that
the kubelet, the cluster's network or the machine's safety depend on. Each sentence is said by both; works on plain
values, also on those with mistakes in them.
"""

from __future__ import annotations

import re
from typing import Any

from parley_api import cluster_rules
from parley_api.model import Rule
from parley_api.plain import Mistake, Mistakes, mapping
from parley_api.problems import shown

MOST_SYSCTLS = 64

SYSCTL = r"^[a-z0-9][-_a-z0-9]*(\.[a-z0-9][-_a-z0-9]*)+$"

TUNABLE_NAMES = (
    r"^(net\.(core|ipv4|ipv6|netfilter|unix)\..+|vm\..+"
    r"|kernel\.(sched_.+|numa_balancing.*|timer_migration|nmi_watchdog|watchdog.*|hung_task_.+)"
    r"|fs\.(file-max|nr_open|aio-max-nr|inotify\..+))$"
)
THE_CLUSTERS = (
    r"^(net\.ipv4\.ip_forward.*|net\.ipv[46]\.conf\..*(forwarding|route_localnet|disable_ipv6)"
    r"|net\.ipv4\.ip_local_reserved_ports|net\.ipv4\.ping_group_range|net\.core\.bpf_.*"
    r"|net\.netfilter\.nf_conntrack_(max|buckets|helper|tcp_be_liberal)"
    r"|vm\.(overcommit_.*|panic_on_oom|oom_.*|mmap_.*|drop_caches|compact_memory|memory_failure_.*|nr_.*hugepages.*"
    r"|unprivileged_userfaultfd|legacy_va_layout))$"
)

SYSCTL_NAMES = Rule(
    f"self.all(key, key.size() <= 128 && key.matches(r'{SYSCTL}'))",
    "write names as sysctl prints them, such as net.core.rmem_max: lower-case words with dots between them",
)
TUNABLE = Rule(
    f"self.all(key, key.matches(r'{TUNABLE_NAMES}') || !key.matches(r'{SYSCTL}'))",
    "write settings of network, memory and scheduler alone, such as net.core.*, net.ipv4.*, vm.*, kernel.sched_*,"
    " fs.file-max: others change what a node is, not how fast it is",
)
NOT_THE_CLUSTERS = Rule(
    f"self.all(key, !key.matches(r'{THE_CLUSTERS}'))",
    "write no forwarding, conntrack sizes, overcommit, huge pages or out-of-memory settings: the kubelet and the"
    " cluster's network set them, or need them as they are",
)
SOMETHING = Rule(
    "self.sysctls.size() > 0 || self.governor != ''",
    "write a sysctl or a governor: with neither there is nothing to tune",
    ".sysctls",
)


def mistakes(tuning: Any) -> Mistakes:
    """All of them in a NodeTuning as plain values (camelCase, as in the file)."""
    spec = mapping(tuning, "spec")
    sysctls, here = mapping(spec, "sysctls"), ("spec", "sysctls")
    for name, value in sysctls.items():
        if not re.fullmatch(SYSCTL, name):
            continue  # the models say so
        if not re.fullmatch(TUNABLE_NAMES, name):
            yield Mistake((*here, name), shown(value), TUNABLE.message)
        if re.fullmatch(THE_CLUSTERS, name):
            yield Mistake((*here, name), shown(value), NOT_THE_CLUSTERS.message)
    if spec.get("sysctls") == {} and spec.get("governor") == "":
        yield Mistake(here, 'an empty map beside governor: ""', SOMETHING.message)
    yield from cluster_rules.placement(spec)
    yield from cluster_rules.pods(spec)
