"""Why a model server can't be served as it is written: each with a reason for programs and what to do, for people.

Rules: what runs stays as it is on any of them, and it is looked at again.
"""

from __future__ import annotations

from parley_api.modelserver import ModelServer
from parley_operator.plan.model import ObservedModelServer
from parley_operator.plan.needs import needs_of_model_server
from parley_operator.plan.plan import Object
from parley_operator.plan.reading import Refusal
from parley_operator.plan.refusals import missing, no_keda
from parley_operator.settings import Settings

INSTEAD = {
    "fasterWhisper": "write engines.stt.fasterWhisper in the VoiceAgent, which runs Whisper in the agent's own pods",
    "piper": "write engines.tts.piper in the VoiceAgent, which runs Piper in the agent's own pods",
}
"""Of engines for which Parley has no program that serves many agents."""


def lacking(
    server: ModelServer, value: Object, observed: ObservedModelServer, settings: Settings
) -> Refusal | None:
    """What it needs and does not have."""
    wanted = needs_of_model_server(value)
    return (
        _not_served_yet(server)
        or missing("SecretMissing", "Secret", wanted.secrets - observed.secrets)
        or missing("ConfigMapMissing", "ConfigMap", wanted.config_maps - observed.config_maps)
        or missing("ClaimMissing", "PersistentVolumeClaim", wanted.claims - observed.claims)
        or _no_image(server, settings)
        or no_keda(server.spec.autoscaling, observed)
    )


def default_image(server: ModelServer, settings: Settings) -> str:
    gpus = server.spec.gpus
    return settings.vllm_image if gpus is not None and gpus.count else settings.vllm_cpu_image


def _not_served_yet(server: ModelServer) -> Refusal | None:
    engine = server.spec.engine.chosen
    if engine not in INSTEAD:
        return None
    message = f"engine.{engine} is served by no program of Parley's yet: {INSTEAD[engine]}, or serve a vllm model here"
    return Refusal("NotServedYet", message)


def _no_image(server: ModelServer, settings: Settings) -> Refusal | None:
    if server.spec.pods.image or default_image(server, settings):
        return None
    return Refusal(
        "NoImage",
        "the operator has no image of vLLM for CPUs: write pods.image, give the operator one (VLLM_CPU_IMAGE), or"
        " write gpus: {count: 1}",
    )
