"""Which kernel settings a NodeTuning may set: those of speed, and none that make a node another one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from parley_api.nodetuning import DEFAULTS, NodeTuningSpec
from parley_api.nodetuning_rules import IN_THE_LIST, SYSCTL, TUNABLE, mistakes

PAGE = Path(__file__).parents[3] / "docs/nodetuning.md"

DANGEROUS = (
    *("kernel.core_pattern", "kernel.modprobe", "kernel.hotplug", "kernel.sysrq", "kernel.poweroff_cmd"),
    *("kernel.randomize_va_space", "kernel.kptr_restrict", "kernel.yama.ptrace_scope", "kernel.panic"),
    *("kernel.modules_disabled", "kernel.kexec_load_disabled", "kernel.unprivileged_bpf_disabled"),
    *("kernel.pid_max", "kernel.ns_last_pid", "kernel.cad_pid", "kernel.usermodehelper.bset"),
    *("fs.protected_hardlinks", "fs.suid_dumpable", "fs.binfmt_misc.register", "user.max_user_namespaces"),
    *("dev.tty.ldisc_autoload", "abi.vsyscall32", "debug.kprobes-optimization"),
    *(
        "kernel.hung_task_panic",
        "kernel.hung_task_timeout_secs",
        "kernel.softlockup_panic",
        "vm.min_free_kbytes",
    ),
    *("vm.max_map_count", "net.ipv4.ip_default_ttl", "net.ipv4.tcp_mem", "net.ipv4.udp_mem", "fs.file-max"),
    *("net.ipv4.neigh.default.gc_thresh3", "fs.inotify.max_user_instances", "net.ipv4.conf.all.rp_filter"),
    *("net.ipv4.conf.eth0.accept_source_route", "net.ipv4.conf.all.proxy_arp", "net.ipv4.vs.conntrack"),
    *("net.ipv6.conf.all.accept_ra", "net.unix.max_dgram_qlen", "vm.dirty_bytes"),
)
THE_CLUSTERS = (
    *("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding", "net.ipv4.conf.all.route_localnet"),
    *("net.ipv6.conf.all.disable_ipv6", "net.netfilter.nf_conntrack_max", "net.core.bpf_jit_enable"),
    *("vm.overcommit_memory", "vm.panic_on_oom", "vm.oom_kill_allocating_task", "vm.mmap_min_addr"),
    *("vm.drop_caches", "vm.nr_hugepages", "vm.unprivileged_userfaultfd"),
    *("net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports"),
    *("net.ipv4.ip_unprivileged_port_start", "net.netfilter.nf_conntrack_udp_timeout"),
)


def refused(name: str) -> set[str]:
    found = mistakes({"spec": {"sysctls": {name: "1"}}})
    return {mistake.instead for mistake in found if mistake.location == ("spec", "sysctls", name)}


@pytest.mark.parametrize("name", DANGEROUS)
def test_what_makes_a_node_another_one_is_refused(name: str) -> None:
    """Bug that this prevents: of net.*, vm.* and fs.* all was taken that nobody had thought of: a node that panics
    where a task is slow, one without memory, or one that takes packets by their sender's own route.
    """
    assert refused(name) == {IN_THE_LIST.message}


@pytest.mark.parametrize("name", THE_CLUSTERS)
def test_what_the_kubelet_or_the_network_sets_is_refused(name: str) -> None:
    assert refused(name) == {IN_THE_LIST.message}


@pytest.mark.parametrize(
    "name", ["net.core.rmem_maximum", "xnet.core.rmem_max", "netxcore.rmem_max", "kernel.sched_"]
)
def test_a_name_that_looks_like_one_of_the_list_is_refused(name: str) -> None:
    assert refused(name) == {IN_THE_LIST.message}


def test_the_page_and_the_field_name_all_that_may_be_set() -> None:
    """The message sends people there."""
    page = PAGE.read_text()
    described = str(NodeTuningSpec.model_fields["sysctls"].description)
    for start, ends in TUNABLE.items():
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{start}.` |")]
        assert re.findall(r"`([a-z_*]+)`", row) == list(ends)
        assert f"in {start}: {', '.join(ends)}" in described


@pytest.mark.parametrize(
    "name",
    [
        *DEFAULTS,
        *(
            "net.ipv4.tcp_rmem",
            "net.core.netdev_max_backlog",
            "vm.dirty_ratio",
            "net.core.netdev_budget_usecs",
        ),
        *("kernel.sched_min_granularity_ns", "kernel.timer_migration", "kernel.watchdog"),
    ],
)
def test_what_makes_a_node_faster_is_taken(name: str) -> None:
    assert refused(name) == set()


@pytest.mark.parametrize(
    "name",
    ["../kernel/core_pattern", "net..core", "net/core/rmem_max", "net", ".net.core", "net.core.", "a b.c"],
)
def test_a_name_that_could_lead_elsewhere_is_none(name: str) -> None:
    assert re.fullmatch(SYSCTL, name) is None


def test_unless_it_is_said_nodes_are_tuned_as_in_the_older_system() -> None:
    spec = NodeTuningSpec()
    assert spec.governor == "performance"
    assert spec.sysctls == {
        "net.core.rmem_max": "4194304",
        "net.core.wmem_max": "4194304",
        "net.ipv4.tcp_low_latency": "1",
        "net.ipv4.tcp_congestion_control": "bbr",
        "vm.swappiness": "1",
    }
    assert spec.placement.node_selector == {"node-type": "low-latency"}
    (toleration,) = spec.placement.tolerations
    assert (toleration.key, toleration.value, toleration.effect) == ("dedicated", "voice-ai", "NoSchedule")
