"""All kinds of the API: the one place where they are listed."""

from __future__ import annotations

from parley_api import modelserver_status, nodetuning_status, voiceagent_status, voicetenant_status
from parley_api.kind import Kind
from parley_api.modelserver import ModelServer
from parley_api.nodetuning import NodeTuning
from parley_api.voiceagent import VoiceAgent
from parley_api.voicetenant import VoiceTenant

VOICE_AGENT = Kind(
    VoiceAgent,
    voiceagent_status.VoiceAgentStatus,
    plural="voiceagents",
    short="va",
    columns=voiceagent_status.COLUMNS,
    conditions=voiceagent_status.CONDITIONS,
    reasons=voiceagent_status.ACCEPTED_REASONS,
    scaled=True,
)
MODEL_SERVER = Kind(
    ModelServer,
    modelserver_status.ModelServerStatus,
    plural="modelservers",
    short="pms",
    columns=modelserver_status.COLUMNS,
    conditions=modelserver_status.CONDITIONS,
    reasons=modelserver_status.ACCEPTED_REASONS,
    scaled=True,
)
NODE_TUNING = Kind(
    NodeTuning,
    nodetuning_status.NodeTuningStatus,
    plural="nodetunings",
    short="nt",
    columns=nodetuning_status.COLUMNS,
    conditions=nodetuning_status.CONDITIONS,
    reasons=nodetuning_status.ACCEPTED_REASONS,
    namespaced=False,
)
VOICE_TENANT = Kind(
    VoiceTenant,
    voicetenant_status.VoiceTenantStatus,
    plural="voicetenants",
    short="vt",
    columns=voicetenant_status.COLUMNS,
    conditions=voicetenant_status.CONDITIONS,
    reasons=voicetenant_status.ACCEPTED_REASONS,
    namespaced=False,
)

KINDS = {kind.name: kind for kind in (VOICE_AGENT, MODEL_SERVER, NODE_TUNING, VOICE_TENANT)}
"""By the name that stands in a file."""
