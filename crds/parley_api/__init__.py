"""The API of Parley, group parley.dev/v1alpha1.

    file -> document.py (values and their lines) -> voiceagent.py (models), references.py (what refers to what)
         -> load() -> VoiceAgent, or InvalidFile with every mistake
    models -> schema.py -> CustomResourceDefinition

"""

from parley_api.voiceagent import VoiceAgent

__all__ = ["VoiceAgent"]
