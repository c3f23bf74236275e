"""`python -m tests.bench`: one run, one table, and its raw samples as JSON lines under bench-results/.

The server is the real one, a child process on loopback; the clients live in this process and use none of its code.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import json
from dataclasses import asdict
from pathlib import Path

from tests.bench import machine
from tests.bench.calls import DOORS, EMBEDDED, INSTANT, connections, conversations
from tests.bench.figures import Sample, table
from tests.bench.results import code_of
from tests.server import ROOT, ParleyServer

LIBRARIES = (
    "aiortc",
    "av",
    "numpy",
    "moonshine-voice",
    "onnxruntime",
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
    facts = {**machine.facts(LIBRARIES), "commit": code_of(ROOT).name, **vars(options)}
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


def _keep(facts: dict[str, object], samples: list[Sample]) -> Path:
    """Write the facts and every sample, a line each."""
    folder = ROOT / "bench-results"
    folder.mkdir(exist_ok=True)
    path = folder / f"calls-{datetime.datetime.now(datetime.UTC):%Y%m%dT%H%M%S}.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in [facts, *map(asdict, samples)]))
    return path


if __name__ == "__main__":
    main()
