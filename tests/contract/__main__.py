"""All contract tests in two parts side by side, for most of their time is waiting: `python -m tests.contract`.

The parts have control planes of their own. What the first prints is seen as it comes, the second's at its end.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.server import ROOT

HERE = Path(__file__).parent
SECOND = ("test_operator_keeps_its_promises.py",)
"""About half of the time."""


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    files = sorted(path.name for path in HERE.glob("test_*.py"))
    with (
        tempfile.TemporaryFile() as kept,
        subprocess.Popen(command(SECOND), cwd=ROOT, stdout=kept, stderr=subprocess.STDOUT) as second,
    ):
        try:
            first = subprocess.run(command(set(files) - set(SECOND)), cwd=ROOT, check=False)
            second.wait()
        finally:  # its control plane goes with it
            second.terminate()
        kept.seek(0)
        sys.stdout.buffer.write(kept.read())
    return first.returncode or second.returncode


def command(files: Iterable[str]) -> list[str]:
    return [sys.executable, "-m", "pytest", *(str(HERE / name) for name in sorted(files))]


if __name__ == "__main__":
    sys.exit(main())
