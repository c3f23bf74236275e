"""`python -m tests.bench`: one run, one table, and its raw samples as JSON lines under bench-results/.

The server is the real one, a child process on loopback; the clients live in this process and use none of its code.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import json
import os
import platform
import subprocess
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from tests.bench.calls import DOORS, EMBEDDED, INSTANT, connections, conversations
from tests.bench.figures import Sample, table
from tests.server import ROOT, ParleyServer

LIBRARIES = (
    "aiortc",
    "av",
    "numpy",
    "onnxruntime",
    "pocketsphinx",
    "espeakng-loader",
    "silero-vad",
    "websockets",
)
TONE_SECS = "30"
"""Longer than anyone listens: every answer is there to be interrupted."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--calls", type=int, default=3, help="calls at once (3)")
    parser.add_argument("--rounds", type=int, default=11, help="interruptions a call (11)")
    parser.add_argument("--connects", type=int, default=40, help="connections, one after the other (40)")
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    facts = {**_facts(), **vars(options)}
    for name, value in facts.items():
        print(f"{name}: {value}", flush=True)

    samples: list[Sample] = []
    for engines in (INSTANT, EMBEDDED):
        with ParleyServer(engines.file, {"BENCH_TONE_SECS": TONE_SECS}) as server:
            for door in DOORS:
                held = conversations(server.url, engines, door, options.calls, options.rounds, options.seed)
                made, paused = asyncio.run(held)
                samples += made
                if paused:
                    print(f"{engines.name}, {door}: {paused} interruptions fell into a pause of the answer")
            samples += asyncio.run(connections(server.url, engines, options.connects))

    print("\n" + "\n".join(table(sorted(samples, key=lambda sample: sample.figure, reverse=True))))
    print(f"\nraw samples: {_keep(facts, samples).relative_to(ROOT)}")


def _facts() -> dict[str, object]:
    """Return what a reader needs to repeat the run."""
    return {
        "when": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": _machine(),
        "python": platform.python_version(),
        "versions": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
    }


def _commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=ROOT, capture_output=True, text=True, check=False
        ).stdout.strip()

    return (git("rev-parse", "HEAD") or "unknown") + (" with changes" if git("status", "--porcelain") else "")


def _machine() -> str:
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    memory = os.sysconf("SC_PAGESIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    return (
        f"{(models or [platform.machine()])[0]}, {os.cpu_count()} cores, {memory:.0f} GiB,"
        f" {platform.system()} {platform.release()}, load {load:.1f} at the start"
    )


def _keep(facts: dict[str, object], samples: list[Sample]) -> Path:
    """Write the facts and every sample, a line each."""
    folder = ROOT / "bench-results"
    folder.mkdir(exist_ok=True)
    path = folder / f"calls-{datetime.datetime.now(datetime.UTC):%Y%m%dT%H%M%S}.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in [facts, *map(asdict, samples)]))
    return path


if __name__ == "__main__":
    main()
