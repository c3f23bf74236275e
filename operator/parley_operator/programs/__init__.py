"""What the operator does for each kind of Parley's beside what it does for all: one file, one class, one line here.

reconcile.py: observe -> program.observe -> program.plan (plan/KIND.py) -> apply -> prune -> status -> program.after
main.py: what changed -> program.changed, program.refers_to (wakes.py)
"""

from __future__ import annotations

from typing import Any

from parley_operator.programs.nodetuning import NodeTunings
from parley_operator.programs.program import Program
from parley_operator.programs.voiceagent import VoiceAgents
from parley_operator.programs.voicetenant import VoiceTenants

PROGRAMS: tuple[type[Program[Any, Any]], ...] = (VoiceAgents, NodeTunings, VoiceTenants)
"""For each of kinds.PRIMARIES the one."""
