"""`python -m tests.bench.operator`: the operator at scale, on a real API server; kwok has the nodes and the pods.

A stage that was measured before for this commit, with these options, is not run again. Raw samples lie under
bench-results/. Needs root, for addresses that fake pods are asked at.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import sys

from tests.bench import machine
from tests.bench.operator.stages import stages, table
from tests.bench.results import Results, code_of
from tests.server import ROOT


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.operator", description=__doc__)
    parser.add_argument("--agents", type=int, default=1_000, help="applied at once (1,000)")
    parser.add_argument("--large", type=int, default=10_000, help="that are scaled to zero (10,000)")
    parser.add_argument("--changes", type=int, default=200, help="one after the other among those (200)")
    parser.add_argument("--stages", nargs="*", metavar="NAME", help="these alone")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--fresh", action="store_true", help="measure again what was measured before")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    every = stages(options.agents, options.large, options.changes)
    if unknown := set(options.stages or ()) - {stage.name for stage in every}:
        names = ", ".join(stage.name for stage in every)
        parser.error(f"no stage {', '.join(sorted(unknown))}: there are {names}")
    code = code_of(ROOT)
    facts = {**machine.facts(), "commit": code.name, "seed": options.seed}
    numbers = {"agents": options.agents, "large": options.large, "changes": options.changes}
    results = Results(ROOT / "bench-results", "operator", code, {"seed": options.seed, **numbers})
    for name, value in facts.items():
        print(f"{name}: {value}")
    print(f"raw samples: {results.folder.relative_to(ROOT)}", flush=True)
    for stage in every:
        if options.stages and stage.name not in options.stages:
            continue
        print(f"\n## {stage.name}", flush=True)
        kept = None if options.fresh else results.kept(stage.name)
        if kept is not None:
            print(f"measured before, {kept[0].get('when')}")
            samples = kept[1]
        else:
            samples = asyncio.run(stage.run(random.Random(f"{options.seed} {stage.name}")))
            results.keep(stage.name, facts, samples)
        print("\n".join(table(samples)), flush=True)


if __name__ == "__main__":
    main()
