"""Owns a run of stages: each on a fresh server with a core of its own, its raw samples kept, its lines printed.

A stage that was measured before for this commit, with these options, is not run again: stop a run and go on later.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.bench import machine
from tests.bench.results import Results, code_of
from tests.bench.stages import Server, Stage
from tests.bench.wire.call import Target
from tests.server import ROOT, ParleyServer

SILENCE_SECS = 0.2
"""As examples/bench.yaml sets it."""


class Bench:
    """One run. `name` is that of its folder, `options` are those that samples depend on, the seed aside."""

    def __init__(self, name: str, seed: int, options: Mapping[str, Any], *, fresh: bool) -> None:
        self._seed, self._fresh = seed, fresh
        code = code_of(ROOT)
        self._facts = {**machine.facts(), "commit": code.name, "seed": seed}
        self.results = Results(ROOT / "bench-results", name, code, {"seed": seed, **options})

    def announce(self) -> None:
        """Print what a reader needs to repeat the run."""
        for name, value in self._facts.items():
            print(f"{name}: {value}")
        print(f"raw samples: {self.results.folder.relative_to(ROOT)}", flush=True)

    def stage(self, stage: Stage) -> list[dict[str, Any]]:
        print(f"\n## {stage.name}", flush=True)
        kept = None if self._fresh else self.results.kept(stage.name)
        if kept is not None:
            print(f"measured before, {kept[0].get('when')}")
            samples = kept[1]
        else:
            samples = self._measured(stage)
            facts = {**self._facts, "when": machine.facts()["when"]}
            self.results.keep(stage.name, facts, samples)
        print("\n".join(stage.table(samples)), flush=True)
        return samples

    def _measured(self, stage: Stage) -> list[dict[str, Any]]:
        with served(stage) as server:
            chance = random.Random(f"{self._seed} {stage.name}")

            async def run() -> list[dict[str, Any]]:
                return await stage.run(server, chance)

            return asyncio.run(run())


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


def arguments(prog: str, doc: str | None) -> argparse.ArgumentParser:
    """Return a parser of what every run takes."""
    parser = argparse.ArgumentParser(prog=f"python -m {prog}", description=doc)
    parser.add_argument("--stages", nargs="*", metavar="NAME", help="these alone, in their usual order")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--fresh", action="store_true", help="measure again what was measured before")
    return parser


def chosen(
    parser: argparse.ArgumentParser, names: Sequence[str] | None, stages: Sequence[Stage]
) -> list[Stage]:
    """Return the stages that are asked for; exits with what is wrong with the machine or the names."""
    if len(os.sched_getaffinity(0)) < 2:
        parser.error("two cores are needed: one for the server, one for the client")
    # Ended from outside it ends its server too, as after Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    known = [stage.name for stage in stages]
    if unknown := set(names or ()) - set(known):
        parser.error(f"no stage {', '.join(sorted(unknown))}: there are {', '.join(known)}")
    return [stage for stage in stages if not names or stage.name in names]
