"""`python -m tests.bench.sturdy`: what goes wrong, at a real server with the embedded engines.

A stage that was measured before for this commit, with these options, is not run again. Raw samples lie under
bench-results/. `workers` takes 8 minutes, `soak` 7.
"""

from __future__ import annotations

from tests.bench.run import Bench, arguments, chosen
from tests.bench.sturdy import soak, workers


def main() -> None:
    parser = arguments("tests.bench.sturdy", __doc__)
    parser.add_argument("--hits", type=int, default=50, help="of `workers` (50)")
    parser.add_argument("--calls", type=int, default=300, help="of `soak` (300)")
    options = parser.parse_args()
    stages = [*workers.stages(options.hits), *soak.stages(options.calls)]
    wanted = chosen(parser, options.stages, stages)
    bench = Bench("sturdy", options.seed, {"hits": options.hits, "calls": options.calls}, fresh=options.fresh)
    bench.announce()
    for stage in wanted:
        bench.stage(stage)


if __name__ == "__main__":
    main()
