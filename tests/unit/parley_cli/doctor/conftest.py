"""A server that a test words itself, and a certificate for it."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.unit.parley_cli.doctor import stub
from tests.unit.parley_cli.doctor.stub import Serve


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:
        yield lambda replies, tls=None: stack.enter_context(stub.serving(replies, tls))


@pytest.fixture
def certificate(tmp_path: Path) -> Callable[[int], tuple[ssl.SSLContext, Path]]:
    """certificate(days)"""
    return lambda days: stub.certificate(tmp_path, days)
