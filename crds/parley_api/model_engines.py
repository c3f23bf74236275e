"""What serves a model, and how. A new engine is one model here, one member in the union.

Rules: which of vLLM's options a field stands for is said in vllm_options.py, from which the pods' command line is made.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from parley_api.model import Model, OneOf, cel_rules
from parley_api.vllm_options import OPTIONS_ARE_OURS

ModelId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=255,
        pattern=r"^/?[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9._-]+)*$",
        json_schema_extra={
            "x-advice": "a model of the Hugging Face hub such as Qwen/Qwen2.5-7B-Instruct, or a path in the pod"
        },
    ),
]
Word = Annotated[
    str,
    Field(
        min_length=1,
        max_length=63,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        json_schema_extra={"x-advice": "one word of letters, digits, '-', '_' and '.'"},
    ),
]
Option = Annotated[
    str,
    Field(
        min_length=3,
        max_length=1_024,
        pattern=r"^--[a-z0-9]+(-[a-z0-9]+)*(=[^\n]*)?$",
        json_schema_extra={
            "x-advice": "an option of vLLM with its value after =, such as --max-num-batched-tokens=8192"
        },
    ),
]


class Vllm(Model):
    """vLLM: language models, by OpenAI's chat completions. Unless a field is set, it is as vLLM has it."""

    model_config = ConfigDict(json_schema_extra=cel_rules(OPTIONS_ARE_OURS))

    model: ModelId = Field(description="The model: of the Hugging Face hub, or a folder of the cache.")
    revision: Word | None = Field(
        default=None, description="Branch, tag or commit of the model on the hub, so that it stays the same."
    )
    served_name: ModelId | None = Field(
        default=None, description="What requests call the model; unless set, as `model`."
    )
    max_model_len: int | None = Field(
        default=None, ge=64, le=10_000_000, description="Longest prompt and answer together, in tokens."
    )
    max_sequences: int | None = Field(
        default=None, ge=1, le=65_536, description="Requests that are answered at the same time."
    )
    dtype: Literal["auto", "half", "float16", "bfloat16", "float", "float32"] = Field(
        default="auto", description="Numbers of the weights; auto: as the model has them."
    )
    quantization: Word | None = Field(
        default=None, description="Method by which the weights are made smaller, such as awq or fp8."
    )
    kv_cache_dtype: Word | None = Field(
        default=None, description="Numbers of the key-value cache, such as fp8: half as much memory."
    )
    gpu_memory_utilization: float | None = Field(
        default=None, ge=0.05, le=1, description="Part of a GPU's memory that vLLM takes."
    )
    prefix_caching: bool | None = Field(
        default=None, description="Whether what many prompts begin with is kept, as an agent's instructions."
    )
    enforce_eager: bool = Field(
        default=False, description="Start sooner and answer more slowly: no graphs are compiled."
    )
    load_format: Word | None = Field(
        default=None, description="How weights are read, such as safetensors or runai_streamer."
    )
    trust_remote_code: bool = Field(
        default=False, description="Whether Python code that comes with the model is run."
    )
    tool_call_parser: Word | None = Field(
        default=None,
        description="How tools are called by this model, such as hermes; unless set, it calls none.",
    )
    reasoning_parser: Word | None = Field(
        default=None,
        description="How this model marks what it thinks, such as qwen3, so that it is not said.",
    )
    chat_template: str | None = Field(
        default=None,
        min_length=1,
        max_length=20_000,
        pattern=r"[{}\n]",
        description="Chat template in Jinja, for a model that has none.",
        json_schema_extra={"x-advice": "the template itself, which has {{ }} in it"},
    )
    arguments: list[Option] = Field(
        default_factory=list, max_length=32, description="Options of vLLM for which there is no field here."
    )


class FasterWhisper(Model):
    """faster-whisper: speech to text in a hundred languages."""

    model: ModelId = Field(
        description="A size such as small.en, a model of the Hugging Face hub, or a folder of the cache."
    )
    compute_type: Literal[
        "auto",
        "int8",
        "int8_float32",
        "int8_float16",
        "int8_bfloat16",
        "int16",
        "float16",
        "bfloat16",
        "float32",
    ] = Field(default="auto", description="Numbers of the weights; auto: the fastest of the machine.")
    beam_size: int = Field(
        default=1,
        ge=1,
        le=20,
        description="Hypotheses that are followed; more are slower, and a little better.",
    )
    language: str | None = Field(
        default=None,
        max_length=3,
        pattern=r"^[a-z]{2,3}$",
        description="Language that is heard where a request names none; unless set, it listens for which it is.",
        json_schema_extra={"x-advice": "a language of two or three letters such as en"},
    )


class Piper(Model):
    """Piper: text to speech."""

    voice: ModelId = Field(
        description="A voice such as en_US-lessac-medium, or the path of an .onnx file of the cache."
    )


class Engine(OneOf):
    """What serves the model: exactly one member."""

    vllm: Vllm | None = Field(default=None, description="vLLM, for language models.")
    faster_whisper: FasterWhisper | None = Field(default=None, description="faster-whisper, which hears.")
    piper: Piper | None = Field(default=None, description="Piper, which speaks.")
