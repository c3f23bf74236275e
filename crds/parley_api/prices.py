"""What an agent's parts cost where somebody else runs them, and what an hour of one's own machine costs.

The defaults are prices of Whisper and Llama 3 70B at Groq and of a cloud TTS, in dollars, as sheets of cost commonly
have them. What is built in has no price of its own: it costs the time of cores.
"""

from __future__ import annotations

from pydantic import Field

from parley_api.model import Model


class Prices(Model):
    """Prices in dollars, by which costs are reckoned; nothing is ever charged."""

    stt_per_minute: float = Field(
        default=0.0043, ge=0, le=1_000, description="Dollars for a minute of conversation that STT hears."
    )
    llm_per_million_tokens: float = Field(
        default=0.6, ge=0, le=100_000, description="Dollars for a million tokens of the LLM."
    )
    tts_per_million_characters: float = Field(
        default=15.0, ge=0, le=100_000, description="Dollars for a million characters that TTS speaks."
    )
    core_per_hour: float = Field(
        default=0.05,
        ge=0,
        le=1_000,
        description="Dollars for an hour of one core of the machine, where built-in engines run.",
    )
