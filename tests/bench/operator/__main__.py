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
from tests.bench.operator import STAGES, endurance, mixed, stages
from tests.bench.results import Results, code_of
from tests.server import ROOT

AT_ONCE = 5
"""Agents that an upgrade rolls at the same time."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.operator", description=__doc__)
    parser.add_argument("--agents", type=int, default=1_000, help="applied at once (1,000)")
    parser.add_argument("--large", type=int, default=10_000, help="that are scaled to zero (10,000)")
    parser.add_argument("--changes", type=int, default=200, help="one after the other among those (200)")
    parser.add_argument("--churn", type=int, default=200, help="agents where something goes wrong (200)")
    parser.add_argument("--kills", type=int, default=100, help="of the operator (100)")
    parser.add_argument("--freezes", type=int, default=50, help="of the leader (50)")
    parser.add_argument("--mixed", type=int, default=1_000, help="objects of all four kinds (1,000)")
    parser.add_argument("--followed", type=int, default=50, help="model servers that an agent follows (50)")
    parser.add_argument("--stages", nargs="*", metavar="NAME", help="these alone")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--fresh", action="store_true", help="measure again what was measured before")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    every = {
        "made": lambda chance: stages.made(options.agents, replicas=3),
        "large": lambda chance: stages.large(options.large, options.changes, chance),
        "ordinary": lambda chance: stages.ordinary(options.agents),
        "crashes": lambda chance: endurance.crashes(options.churn, options.kills, chance),
        "frozen": lambda chance: endurance.frozen(options.churn, options.freezes, chance),
        "upgrade": lambda chance: endurance.upgrade(options.churn, AT_ONCE, chance),
        "mixed": lambda chance: mixed.mixed(options.mixed, options.followed, chance),
    }
    assert tuple(every) == STAGES
    if unknown := set(options.stages or ()) - every.keys():
        parser.error(f"no stage {', '.join(sorted(unknown))}: there are {', '.join(every)}")
    code = code_of(ROOT)
    facts = {**machine.facts(), "commit": code.name, "seed": options.seed}
    names = ("agents", "large", "changes", "churn", "kills", "freezes", "mixed", "followed")
    numbers = {name: getattr(options, name) for name in names}
    results = Results(ROOT / "bench-results", "operator", code, {"seed": options.seed, **numbers})
    for name, value in facts.items():
        print(f"{name}: {value}")
    print(f"raw samples: {results.folder.relative_to(ROOT)}", flush=True)
    for name, stage in every.items():
        if options.stages and name not in options.stages:
            continue
        print(f"\n## {name}", flush=True)
        kept = None if options.fresh else results.kept(name)
        if kept is not None:
            print(f"measured before, {kept[0].get('when')}")
            samples = kept[1]
        else:
            samples = asyncio.run(stage(random.Random(f"{options.seed} {name}")))
            results.keep(name, facts, samples)
        said = stages.table(samples)
        said += [line for sample in samples for line in (*endurance.lines(sample), *mixed.lines(sample))]
        print("\n".join(said), flush=True)


if __name__ == "__main__":
    main()
