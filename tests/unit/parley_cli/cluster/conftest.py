"""A kubectl on the PATH that answers what a test words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.parley_cli.cluster.objects import StubKubectl


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StubKubectl:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return StubKubectl(tmp_path)
