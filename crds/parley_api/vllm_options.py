"""Which of vLLM's options a field of `engine.vllm` stands for, and which Parley sets by itself.

Rules: the pods' command line is made from this table, and a test holds each option against vLLM's own list; none of
them is to be written under `arguments` as well.
"""

from __future__ import annotations

from collections.abc import Mapping

from parley_api.model import Rule

OPTIONS: Mapping[str, tuple[str, ...]] = {
    "model": ("--model",),  # which `vllm serve` takes without its name as well
    "revision": ("--revision",),
    "served_name": ("--served-model-name",),
    "max_model_len": ("--max-model-len",),
    "max_sequences": ("--max-num-seqs",),
    "dtype": ("--dtype",),
    "quantization": ("--quantization",),
    "kv_cache_dtype": ("--kv-cache-dtype",),
    "gpu_memory_utilization": ("--gpu-memory-utilization",),
    "prefix_caching": ("--enable-prefix-caching", "--no-enable-prefix-caching"),
    "enforce_eager": ("--enforce-eager",),
    "load_format": ("--load-format",),
    "trust_remote_code": ("--trust-remote-code",),
    "tool_call_parser": ("--tool-call-parser",),
    "reasoning_parser": ("--reasoning-parser",),
    "chat_template": ("--chat-template",),
}
"""Field -> its option; of one that is true or false, those for true and for false."""

WITH_TOOLS = "--enable-auto-tool-choice"
"""Beside --tool-call-parser."""

HOST, PORT, GPUS = "--host", "--port", "--tensor-parallel-size"
DRAIN = "--shutdown-timeout"
"""Seconds in which answers that have begun are finished, after SIGTERM."""

OWN = (WITH_TOOLS, HOST, PORT, GPUS, DRAIN)
"""What Parley sets beside the fields."""

CACHE_BYTES = "--kv-cache-memory-bytes"
"""Which Parley sets for CPUs, unless it is written under `arguments`: vLLM would take its part of the node's memory."""

DOORS = ("--uds", "--root-path", "--api-key", "--ssl-keyfile", "--ssl-certfile")
"""What would make agents and probes find another door than the one that they know."""

TAKEN = tuple(sorted({*OWN, *DOORS, *(option for options in OPTIONS.values() for option in options)}))

OPTIONS_ARE_OURS = Rule(
    "!has(self.arguments) || self.arguments.all(one, !one.matches(r'^(" + "|".join(TAKEN) + ")(=|$)'))",
    "write options that have no field alone under arguments: the model, its name and length, GPUs and doors have fields"
    " of their own, or are Parley's",
    ".arguments",
)
