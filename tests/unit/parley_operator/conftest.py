"""The operator's log as it is, quiet: structlog's own default draws every traceback at length."""

from __future__ import annotations

import pytest

from parley_operator import logs


@pytest.fixture(autouse=True)
def quiet() -> None:
    logs.configure("error")
