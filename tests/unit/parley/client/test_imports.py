"""What `import parley.client` loads: a program that uses one transport does not pay for the other."""

from __future__ import annotations

import subprocess
import sys

from tests.server import ROOT

HEAVY = {"aiortc", "av", "numpy", "websockets", "sounddevice", "pydantic", "fastapi"}


def loaded(code: str) -> set[str]:
    """The top-level modules after `code` ran in a fresh interpreter."""
    report = f"import sys; sys.path.insert(0, {str(ROOT / 'cli')!r}); {code}; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in ran.stdout.split()}


def test_the_client_loads_neither_a_library_nor_the_server() -> None:
    names = loaded("import parley.client")
    assert names & HEAVY == set()
    assert [name for name in names if name.startswith("parley_")] == []


def test_the_websocket_is_there_without_webrtc() -> None:
    assert loaded("import parley.client.websocket") & HEAVY == {"websockets"}
