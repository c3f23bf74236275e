"""Owns how the operator's properties are looked for: the same examples at every run, so that no run is another one's luck."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("same-every-time", derandomize=True, database=None, deadline=None)
settings.load_profile("same-every-time")
