"""The scripted LLM: intents with slots, follow-ups and knowledge, from one file, with no model.

turn, memory -> engine -> state -> dialogue -> matcher (words) -> intent -> slots -> answer
                                            -> knowledge (words) -> answer
"""

from parley_dataplane.engines.scripted.engine import Scripted

__all__ = ["Scripted"]
