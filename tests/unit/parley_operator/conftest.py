"""The operator's log as it is, quiet: structlog's own default draws every traceback at length. Properties look at the
same examples in every run, so that no run is another one's luck.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

from parley_operator import logs

settings.register_profile("same-every-time", derandomize=True, database=None, deadline=None)
settings.load_profile("same-every-time")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """For these tests alone: others listen to what the data plane logs."""
    before = structlog.get_config()
    logs.configure("error")
    yield
    structlog.configure(**before)
