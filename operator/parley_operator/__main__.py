"""`python -m parley_operator`: one replica of the operator, until SIGTERM."""

from __future__ import annotations

import asyncio
import os
import sys

from parley_operator import logs, settings
from parley_operator.connection import NoCluster
from parley_operator.main import run
from parley_operator.process_one import below_process_one


def main() -> int:
    """The exit status: 0 when it was told to end, 2 when it could not start."""
    try:
        chosen = settings.read()
    except settings.BadSetting as error:
        sys.stderr.write(f"{error}\n")
        return 2
    logs.configure(chosen.log_level)
    try:
        asyncio.run(run(chosen))
    except (NoCluster, OSError) as error:  # the probes' port is taken
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    status = below_process_one(main)
    sys.stderr.flush()
    os._exit(status)  # kopf's thread would be waited for
