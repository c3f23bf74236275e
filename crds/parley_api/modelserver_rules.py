"""The rules across the fields of a ModelServer: in CEL for the CRD, and as `parley check` says them.

Rules: each sentence is said by both; works on plain values, also on those with mistakes in them.
"""

from __future__ import annotations

from typing import Any

from parley_api import cluster_rules
from parley_api.model import Rule, set_members
from parley_api.model_cache import Cache
from parley_api.model_engines import Engine
from parley_api.plain import Mistake, Mistakes, mapping, texts, union, whole
from parley_api.problems import Location, shown
from parley_api.quantities import amount
from parley_api.vllm_options import OPTIONS_ARE_OURS, TAKEN

REPLICAS, SHARED, MEMORY = 1, "1Gi", "16Gi"
"""Unless the spec says otherwise."""

HALF = ("float16", "bfloat16", "int8_float16", "int8_bfloat16")
"""Types of faster-whisper that a CPU does not compute with."""

_GPUS = "has(self.gpus) && self.gpus.count"

VLLM_RUNS_ON = Rule(
    "!has(self.engine.vllm) || has(self.gpus)",
    "write gpus: {count: 1}, or gpus: {count: 0} to let vLLM run on CPUs, which is slow",
)
ONE_GPU = Rule(
    f"has(self.engine.vllm) || !({_GPUS} > 1)",
    "write gpus.count: 1, and more replicas: fasterWhisper and piper use one GPU at most",
    ".gpus.count",
)
HALF_NEEDS_A_GPU = Rule(
    f"!has(self.engine.fasterWhisper) || ({_GPUS} > 0) || !(self.engine.fasterWhisper.computeType in {list(HALF)})",
    "write computeType: int8 or float32, or gpus: {count: 1}: a CPU does not compute with halves",
    ".engine.fasterWhisper.computeType",
)
SHARED_MEMORY = Rule(
    "!isQuantity(self.sharedMemory) || !isQuantity(self.placement.resources.memory)"
    " || quantity(self.sharedMemory).isLessThan(quantity(self.placement.resources.memory))",
    "write sharedMemory under placement.resources.memory: it is a part of it",
    ".sharedMemory",
)
ALONE_ON_ITS_VOLUME = Rule(
    "!has(self.cache.volume) || self.cache.volume.accessMode == 'ReadWriteMany'"
    " || (self.replicas <= 1 && !has(self.autoscaling))",
    "write accessMode: ReadWriteMany, or replicas: 1 without autoscaling: pods on several nodes share no ReadWriteOnce"
    " volume",
    ".cache.volume.accessMode",
)


def mistakes(value: Any) -> Mistakes:
    """All of them in a ModelServer as plain values (camelCase, as in the file)."""
    spec = mapping(value, "spec")
    yield from union(("spec", "engine"), spec.get("engine"), Engine)
    yield from union(("spec", "cache"), spec.get("cache"), Cache)
    yield from _engine(spec)
    yield from cluster_rules.gpus(("spec", "gpus"), mapping(spec, "gpus"))
    yield from _memory(spec)
    yield from _volume(spec)
    yield from cluster_rules.scaling(spec, REPLICAS)
    yield from cluster_rules.placement(spec)
    yield from cluster_rules.pods(spec)


def _engine(spec: dict[str, Any]) -> Mistakes:
    engine, here = mapping(spec, "engine"), ("spec", "engine")
    chosen = set_members(engine, Engine.members())
    gpus = whole(mapping(spec, "gpus"), "count", 0)
    if "vllm" in chosen and spec.get("gpus") is None:
        yield Mistake(("spec",), "engine.vllm without gpus", VLLM_RUNS_ON.message)
    if chosen and "vllm" not in chosen and gpus is not None and gpus > 1:
        yield Mistake(("spec", "gpus", "count"), f"{gpus} beside engine.{chosen[0]}", ONE_GPU.message)
    kind = mapping(engine, "fasterWhisper").get("computeType")
    if kind in HALF and gpus == 0:
        seen = f"{shown(kind)} without a GPU"
        yield Mistake((*here, "fasterWhisper", "computeType"), seen, HALF_NEEDS_A_GPU.message)
    vllm = mapping(engine, "vllm")
    taken = [text for _, text in texts(vllm, "arguments", ()) if text.split("=")[0] in TAKEN]
    if taken:
        yield Mistake((*here, "vllm", "arguments"), shown(taken[0]), OPTIONS_ARE_OURS.message)


def _memory(spec: dict[str, Any]) -> Mistakes:
    memory = mapping(mapping(spec, "placement"), "resources").get("memory", MEMORY)
    shared = spec.get("sharedMemory", SHARED)
    least, most = amount(shared), amount(memory)
    if least is not None and most is not None and least >= most:
        here: Location = ("spec", "sharedMemory")
        yield Mistake(here, f"{shown(shared)} of {shown(memory)}", SHARED_MEMORY.message)


def _volume(spec: dict[str, Any]) -> Mistakes:
    mode = mapping(mapping(spec, "cache"), "volume").get("accessMode")
    replicas = whole(spec, "replicas", REPLICAS)
    if mode != "ReadWriteOnce" or replicas is None:
        return
    if replicas > 1 or isinstance(spec.get("autoscaling"), dict):
        seen = f"{shown(mode)} beside {'autoscaling' if replicas <= 1 else f'replicas: {replicas}'}"
        yield Mistake(("spec", "cache", "volume", "accessMode"), seen, ALONE_ON_ITS_VOLUME.message)
