"""The rules across the fields of a NodeTuning: in CEL for the CRD, and as `parley check` says them.

Rules: what is tuned is how fast a node is, never what it is: TUNABLE lists what serves low delays of media, and all
else is refused, for a single name that was not thought of can open a node or stop it. Each sentence is said by both;
works on plain values, also on those with mistakes in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from parley_api import cluster_rules
from parley_api.model import Rule
from parley_api.plain import Mistake, Mistakes, mapping
from parley_api.problems import shown

MOST_SYSCTLS = 64

SYSCTL = r"^[a-z0-9][-_a-z0-9]*(\.[a-z0-9][-_a-z0-9]*)+$"

TUNABLE = {
    "net.core": (
        *("rmem_max", "rmem_default", "wmem_max", "wmem_default", "optmem_max"),
        *("netdev_max_backlog", "netdev_budget", "netdev_budget_usecs", "dev_weight", "default_qdisc"),
        *("busy_poll", "busy_read", "somaxconn", "rps_sock_flow_entries"),
    ),
    "net.ipv4": (
        *("tcp_rmem", "tcp_wmem", "tcp_low_latency", "tcp_congestion_control", "tcp_notsent_lowat"),
        *(
            "tcp_slow_start_after_idle",
            "tcp_fastopen",
            "tcp_mtu_probing",
            "tcp_no_metrics_save",
            "tcp_autocorking",
        ),
        *("tcp_keepalive_time", "tcp_keepalive_intvl", "tcp_keepalive_probes", "tcp_timestamps", "tcp_sack"),
        *("tcp_window_scaling", "tcp_fin_timeout", "tcp_tw_reuse", "tcp_max_syn_backlog"),
        *("udp_rmem_min", "udp_wmem_min"),
    ),
    "vm": (
        *("swappiness", "dirty_ratio", "dirty_background_ratio", "dirty_expire_centisecs"),
        *("dirty_writeback_centisecs", "stat_interval", "zone_reclaim_mode", "compaction_proactiveness"),
    ),
    "kernel": (
        *("sched_*", "timer_migration", "numa_balancing", "nmi_watchdog"),
        *("watchdog", "watchdog_thresh", "watchdog_cpumask"),
    ),
}
"""All that may be set, by how a name begins; * is the rest of a name."""


def _pattern(tunable: Mapping[str, Iterable[str]]) -> str:
    """Of these names."""
    dot = r"\."
    each = (f"{start}.".replace(".", dot) + f"({'|'.join(ends)})" for start, ends in tunable.items())
    return f"^({'|'.join(each)})$".replace("*", "[a-z0-9_]+")


TUNABLE_NAMES = _pattern(TUNABLE)

SYSCTL_NAMES = Rule(
    f"self.all(key, key.size() <= 128 && key.matches(r'{SYSCTL}'))",
    "write names as sysctl prints them, such as net.core.rmem_max: lower-case words with dots between them",
)
IN_THE_LIST = Rule(
    f"self.all(key, key.matches(r'{TUNABLE_NAMES}') || !key.matches(r'{SYSCTL}'))",
    "write settings of the list in docs/nodetuning.md alone, such as net.core.rmem_max, net.ipv4.tcp_rmem,"
    " vm.swappiness: others change what a node is, not how fast it is",
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
            yield Mistake((*here, name), shown(value), IN_THE_LIST.message)
    if spec.get("sysctls") == {} and spec.get("governor") == "":
        yield Mistake(here, 'an empty map beside governor: ""', SOMETHING.message)
    yield from cluster_rules.placement(spec)
    yield from cluster_rules.pods(spec)
