"""The command line of vLLM, from the fields of `engine.vllm`.

Rules: every option comes from parley_api/vllm_options.py, which a test holds against vLLM's own list; a field that is
as vLLM has it is left out. Kubernetes replaces $(NAME) in arguments, so every $ is doubled.
"""

from __future__ import annotations

from collections.abc import Iterator

from parley_api.quantities import amount
from parley_api.vllm_options import CACHE_BYTES, DRAIN, GPUS, HOST, OPTIONS, PORT, WITH_TOOLS
from parley_operator.render import model_subject
from parley_operator.render.model_subject import ModelSubject

COMMAND = ["vllm", "serve"]

PART_OF_MEMORY = 4
"""Without a GPU a quarter of a pod's memory is for the key-value cache; the model and its work have the rest."""


def arguments(subject: ModelSubject) -> list[str]:
    return [argument.replace("$", "$$") for argument in _arguments(subject)]


def _arguments(subject: ModelSubject) -> Iterator[str]:
    vllm = subject.vllm
    yield vllm.model
    yield f"{HOST}=0.0.0.0"
    yield f"{PORT}={model_subject.PORT}"
    yield f"{DRAIN}={subject.spec.drain_seconds}"
    if vllm.served_name is not None or subject.also:
        yield from (
            *OPTIONS["served_name"],
            subject.model,
            *subject.also,
        )  # the first is what it calls itself
    for field, options in OPTIONS.items():
        value = getattr(vllm, field)
        if field in ("model", "served_name") or value == type(vllm).model_fields[field].get_default():
            continue
        if isinstance(value, bool):
            yield options[0] if value else options[1]
        else:
            yield f"{options[0]}={value}"
    if vllm.tool_call_parser is not None:
        yield WITH_TOOLS
    if subject.gpus > 1:
        yield f"{GPUS}={subject.gpus}"
    written = {one.partition("=")[0] for one in vllm.arguments}
    if not subject.gpus and CACHE_BYTES not in written:
        yield f"{CACHE_BYTES}={cache_bytes(subject)}"
    yield from vllm.arguments


def cache_bytes(subject: ModelSubject) -> int:
    memory = amount(subject.spec.placement.resources.memory)
    assert memory is not None, "the model has read it"
    return int(memory) // PART_OF_MEMORY
