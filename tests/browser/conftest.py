"""Where the pictures of the docs go, which `--screenshots` remakes, and what the reception answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import agent_file
from tests.server import ROOT

IMAGES = ROOT / "docs" / "images"


@pytest.fixture
def pictures(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The folder for pictures: the docs' own when asked, else one that goes away, so that the tree is unchanged."""
    if not request.config.getoption("--screenshots"):
        return tmp_path
    IMAGES.mkdir(parents=True, exist_ok=True)
    return IMAGES


@pytest.fixture(scope="session")
def answers() -> dict[str, str]:
    """What the reception's file says: intent -> its (first) answer, on one line."""
    intents = {
        intent["name"]: agent_file.plain(intent.get("answer") or intent["answers"][0])
        for intent in agent_file.spec()["conversation"]["intents"]
    }
    return {**intents, "greeting": agent_file.greeting()}
