"""Requests to a real server, made and judged by Schemathesis from its own `/openapi.json`.

A first round asks everything that the document says in some way, and some of what it does not; those after it go on
at random. A round is over after so many requests, not seconds: the same seed makes the same ones.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time

from tests.fuzz.siege import Siege
from tests.server import ROOT

EXAMPLES, MORE = 4, 40
"""Of the first round and of each other, to each operation in each phase."""
_LONGEST_SECS = 300


class Found(AssertionError):
    """Schemathesis' own report."""


def search(siege: Siege, seconds: float, seed: int) -> None:
    """Rounds until `seconds` have passed, at least one; raises what has been found."""
    until = time.monotonic() + seconds
    with siege.round():
        siege.sent += _schemathesis(siege.url, EXAMPLES, seed)
    while time.monotonic() < until:
        seed += 1
        with siege.round():
            siege.sent += _schemathesis(siege.url, MORE, seed, "--phases", "fuzzing,stateful")


def _schemathesis(url: str, examples: int, seed: int, *options: str) -> int:
    """Return how many requests it has made."""
    # Not its `fuzz`, which goes on from an answer with a body whose type it does not say (4.32.5): of the recordings'
    # many it then knows none.
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", "tests/fuzz/schemathesis.toml"),
            *("--no-color", "run", f"{url}/openapi.json", *options),
            *("--max-examples", str(examples), "--seed", str(seed), "--generation-database", "none"),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, *_PACKAGES)))},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_LONGEST_SECS,
        check=False,
    )
    if done.returncode:
        raise Found(done.stdout)
    [made] = re.findall(r"^ +(\d+) generated", done.stdout, re.MULTILINE)
    return int(made)


_PACKAGES = tuple(ROOT / name for name in ("crds", "dataplane", "cli"))
