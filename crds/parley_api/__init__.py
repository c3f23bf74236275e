"""The API of Parley, group parley.dev/v1alpha1.

file -> document.py (values and their lines) -> kinds.py (which kind), its models, its rules across fields
     -> load() -> VoiceAgent, load_all() -> objects of any kind, or InvalidFile with every mistake
kinds.py: models, statuses -> schema.py -> CustomResourceDefinitions, docs/reference*.md
"""

from parley_api.knowledge import KnowledgeText, knowledge_texts
from parley_api.load import load
from parley_api.problems import InvalidFile, Problem
from parley_api.voiceagent import VoiceAgent, VoiceAgentSpec

__version__ = "0.1.0"
"""Of all of Parley: its parts ship together."""

__all__ = [
    "InvalidFile",
    "KnowledgeText",
    "Problem",
    "VoiceAgent",
    "VoiceAgentSpec",
    "__version__",
    "knowledge_texts",
    "load",
]
