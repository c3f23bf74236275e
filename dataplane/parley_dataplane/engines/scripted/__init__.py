r"""The scripted LLM (engine.py): intents with slots, follow-ups and knowledge, from one file.

turn, memory -> engine -> meaning (vectors)          \
                       -> state -> dialogue -> matcher (words) -> intent -> slots -> answer
                                            -> knowledge (words, or a sentence near in meaning) -> answer
"""
