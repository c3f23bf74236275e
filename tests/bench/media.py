"""`python -m tests.bench.media`: the media's figures, stage by stage, each on a fresh server with a core of its own.

A stage that was measured before for this commit, with these options, is not run again: stop it and go on later. Raw
samples lie under bench-results/.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench import honesty
from tests.bench.run import Bench, arguments, chosen
from tests.bench.stages import (
    FIRST_RUNG,
    HIGHEST_RUNG,
    REFERENCE_CALLS,
    RUNG,
    Stage,
    is_full,
    own_stages,
    p95,
    rung,
)

LADDER = "ladder"


def run(bench: Bench, stages: Sequence[Stage], seconds: float) -> None:
    """Run the stages, and climb where the ladder stands among them. `seconds`: of one rung."""
    bench.announce()
    for stage in stages:
        if stage.name == LADDER:
            _climb(bench, seconds)
        else:
            bench.stage(stage)


def _climb(bench: Bench, seconds: float) -> None:
    """Climb until p95 breaks. The reference is measured first, in the same run."""
    lowest = bench.stage(rung(REFERENCE_CALLS, 3 * seconds))
    held, calls = 0, FIRST_RUNG
    while calls <= HIGHEST_RUNG:
        samples = bench.stage(rung(calls, seconds))
        if is_full(lowest, samples):
            break
        held, calls = calls, calls + RUNG
    print(
        f"\np95 of {REFERENCE_CALLS} calls: {p95(lowest):.1f} ms; {held} calls hold it within 200 ms more",
        flush=True,
    )
    if calls > HIGHEST_RUNG:
        print(f"the ladder ended at {HIGHEST_RUNG}, the agent's limit of sessions, and was not full")


def all_stages(seconds: float) -> list[Stage]:
    """Return the stages in the order in which they run; the ladder's own `run` is not called, its rungs' are."""
    overhead, barge_in, connect, *rest = own_stages(seconds)
    return [overhead, barge_in, connect, Stage(LADDER, overhead.run), *rest, *honesty.stages()]


def main() -> None:
    parser = arguments("tests.bench.media", __doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="of one rung of the ladder (60)")
    options = parser.parse_args()
    stages = chosen(parser, options.stages, all_stages(options.seconds))
    bench = Bench("media", options.seed, {"seconds": options.seconds}, fresh=options.fresh)
    run(bench, stages, options.seconds)


if __name__ == "__main__":
    main()
