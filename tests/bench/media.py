"""`python -m tests.bench.media`: the media's figures, stage by stage, each on a fresh server with a core of its own.

A stage that was measured before for this commit, with these options, is not run again: stop it and go on later. Raw
samples lie under bench-results/.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import signal
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from tests.bench import honesty, machine
from tests.bench.results import Results, code_of
from tests.bench.stages import (
    FIRST_RUNG,
    HIGHEST_RUNG,
    REFERENCE_CALLS,
    RUNG,
    Server,
    Stage,
    is_full,
    own_stages,
    p95,
    rung,
)
from tests.bench.wire.call import Target
from tests.server import ROOT, ParleyServer

LADDER = "ladder"
SILENCE_SECS = 0.2
"""As examples/bench.yaml sets it."""


class Bench:
    """A run of `make bench-media` under its options."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._code = code_of(ROOT)
        self._facts = {**machine.facts(), "commit": self._code.name, "seed": options.seed}
        self._results = Results(
            ROOT / "bench-results", self._code, {"seed": options.seed, "seconds": options.seconds}
        )

    def run(self, stages: Sequence[Stage]) -> None:
        for name, value in self._facts.items():
            print(f"{name}: {value}")
        print(f"raw samples: {self._results.folder.relative_to(ROOT)}", flush=True)
        for stage in stages:
            if stage.name == LADDER:
                self._ladder()
            else:
                self._stage(stage)

    def _stage(self, stage: Stage) -> list[dict[str, Any]]:
        print(f"\n## {stage.name}", flush=True)
        kept = None if self._options.fresh else self._results.kept(stage.name)
        if kept is not None:
            print(f"measured before, {kept[0].get('when')}")
            samples = kept[1]
        else:
            samples = self._measured(stage)
            facts = {**self._facts, "when": machine.facts()["when"]}
            self._results.keep(stage.name, facts, samples)
        print("\n".join(stage.table(samples)), flush=True)
        return samples

    def _measured(self, stage: Stage) -> list[dict[str, Any]]:
        with served(stage) as server:
            chance = random.Random(f"{self._options.seed} {stage.name}")

            async def run() -> list[dict[str, Any]]:
                return await stage.run(server, chance)

            return asyncio.run(run())

    def _ladder(self) -> None:
        """Climb until p95 breaks. The reference is measured first, in the same run."""
        seconds = self._options.seconds
        lowest = self._stage(rung(REFERENCE_CALLS, 3 * seconds))
        held, calls = 0, FIRST_RUNG
        while calls <= HIGHEST_RUNG:
            samples = self._stage(rung(calls, seconds))
            if is_full(lowest, samples):
                break
            held, calls = calls, calls + RUNG
        print(
            f"\np95 of {REFERENCE_CALLS} calls: {p95(lowest):.1f} ms; {held} calls hold it within 200 ms more",
            flush=True,
        )
        if calls > HIGHEST_RUNG:
            print(f"the ladder ended at {HIGHEST_RUNG}, the agent's limit of sessions, and was not full")


@contextlib.contextmanager
def served(stage: Stage) -> Iterator[Server]:
    """Run the stage's agent on the server's core, and this process on the client's."""
    machine.pin(machine.SERVER_CORE)
    try:
        with ParleyServer(stage.agent, stage.environment) as server:
            machine.pin(machine.CLIENT_CORE)
            yield Server(Target(server.url, silence=SILENCE_SECS), server.pid)
    finally:
        machine.pin(machine.CLIENT_CORE)


def all_stages(seconds: float) -> list[Stage]:
    """Return the stages in the order in which they run; the ladder's own `run` is not called, its rungs' are."""
    overhead, barge_in, connect, *rest = own_stages(seconds)
    return [overhead, barge_in, connect, Stage(LADDER, overhead.run), *rest, *honesty.stages()]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.media", description=__doc__)
    parser.add_argument("--stages", nargs="*", metavar="NAME", help="these alone, in their usual order")
    parser.add_argument("--seconds", type=float, default=60.0, help="of one rung of the ladder (60)")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--fresh", action="store_true", help="measure again what was measured before")
    options = parser.parse_args()
    if len(os.sched_getaffinity(0)) < 2:
        parser.error("two cores are needed: one for the server, one for the client")
    # Ended from outside it ends its server too, as after Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    stages = all_stages(options.seconds)
    known = [stage.name for stage in stages]
    if unknown := set(options.stages or ()) - set(known):
        parser.error(f"no stage {', '.join(sorted(unknown))}: there are {', '.join(known)}")
    Bench(options).run([stage for stage in stages if not options.stages or stage.name in options.stages])


if __name__ == "__main__":
    main()
