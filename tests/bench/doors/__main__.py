"""`python -m tests.bench.doors`: the four older systems' figures at their own doors, each stage on a fresh server.

A stage that was measured before for this commit, with these options, is not run again. Raw samples lie under
bench-results/. `soak` takes 15 minutes, the others together 12.
"""

from __future__ import annotations

from tests.bench.doors import seeds, soak, together
from tests.bench.run import Bench, arguments, chosen


def main() -> None:
    parser = arguments("tests.bench.doors", __doc__)
    parser.add_argument("--calls", type=int, default=3, help="at once, for the systems' own figures (3)")
    parser.add_argument("--samples", type=int, default=30, help="of each of these figures (30)")
    parser.add_argument("--seconds", type=float, default=15.0, help="of one phase of `together` (15)")
    parser.add_argument("--minutes", type=float, default=15.0, help="of `soak` (15)")
    options = parser.parse_args()
    stages = [
        *seeds.stages(options.calls, options.samples),
        *together.stages(options.seconds),
        *soak.stages(options.minutes),
    ]
    wanted = chosen(parser, options.stages, stages)
    sizes = {name: getattr(options, name) for name in ("calls", "samples", "seconds", "minutes")}
    bench = Bench("doors", options.seed, sizes, fresh=options.fresh)
    bench.announce()
    for stage in wanted:
        bench.stage(stage)


if __name__ == "__main__":
    main()
