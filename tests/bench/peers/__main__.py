"""`python -m tests.bench.peers`: Parley and its peers, the same calls, one table.

Every server is measured in stages (three calls that take turns, three that interrupt, then a ladder of more and more
calls), on one core, with the client on the other. What was measured lies in bench-results/peers-COMMIT/ and is not
measured again: the same command goes on, another commit begins anew; other options need another `--run`. `--within`
ends early, between two stages.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench import machine
from tests.bench.measure import measure
from tests.bench.peers.bargein import interruptions
from tests.bench.peers.ladder import RUNGS, next_rung
from tests.bench.peers.record import (
    BARGE_IN,
    OVERHEAD,
    OtherOptionsError,
    Record,
    Sample,
    calls_stage,
    rungs_table,
    table,
)
from tests.bench.peers.served import PEERS, Peer, Pinned, served, versions
from tests.bench.results import code_of
from tests.bench.stages import REFERENCE_CALLS
from tests.bench.wire.call import Target
from tests.server import ROOT

ANSWER_SECS, LONG_ANSWER_SECS = 3.0, 12.0
"""The second outlasts every sentence that interrupts it."""

RUNG_SECS = 60.0
"""A server that is a little too slow falls behind by the second: in 12 s p95 does not yet show it, in 30 s not where it
is slower by a tenth. As long as a rung of bench-media.
"""


def main() -> None:
    names = [peer.name for peer in PEERS]
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peers", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", choices=names, default=names, metavar="SERVER", help=f"of {names}"
    )
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--rungs", type=int, nargs="+", default=list(RUNGS), help="numbers of calls to climb")
    parser.add_argument("--seconds", type=float, default=60.0, help="of the stages with three calls (60)")
    parser.add_argument("--within", type=float, help="begin no stage after so many seconds (none)")
    parser.add_argument(
        "--run", default=code_of(ROOT).name, help="the run to begin or go on with (the commit)"
    )
    options = parser.parse_args()

    record = Record(ROOT / "bench-results" / f"peers-{options.run}")
    try:
        begun = {"seed": options.seed, "seconds": options.seconds, "rung": RUNG_SECS}
        record.begin({**begun, "changes": code_of(ROOT).changes})
    except OtherOptionsError as error:
        parser.error(str(error))
    end = time.monotonic() + options.within if options.within is not None else float("inf")
    for peer in PEERS:
        if peer.name not in options.only:
            continue
        facts = {**machine.facts(), "commit": code_of(ROOT).name, "seed": options.seed, "server": peer.name}
        facts["server's versions"] = versions(peer)
        for stage in stages(record, peer, options.rungs):
            if time.monotonic() > end:
                print("to be continued: the same command goes on", flush=True)
                return
            print(f"{peer.name}: {stage}", flush=True)
            samples = one_stage(
                peer, stage, options.seconds, options.seed, record.folder / f"{peer.name}.log"
            )
            record.keep(peer.name, stage, facts, samples)

    for name, value in {**machine.facts(), "commit": code_of(ROOT).name, "seed": options.seed}.items():
        print(f"{name}: {value}")
    for peer in PEERS:
        print(f"{peer.name}: {versions(peer)}")
    print("\n" + "\n".join(table(record, options.only)) + "\n")
    print("\n".join(rungs_table(record, options.only)))
    print(f"\nraw samples: {record.folder.relative_to(ROOT)}")


def stages(record: Record, peer: Peer, rungs: Sequence[int]) -> Iterator[str]:
    """Give the stages that are still to be measured, one at a time: which rung is next, the one before decides."""
    for stage in (OVERHEAD, BARGE_IN):
        if not record.has(peer.name, stage):
            yield stage
    base = record.base(peer.name)
    while base is not None and (calls := next_rung(record.climbed(peer.name), base, rungs)) is not None:
        yield calls_stage(calls)


def one_stage(peer: Peer, stage: str, seconds: float, seed: int, log: Path) -> list[Sample]:
    """Start the server, call it, end it; every stage has a fresh one."""
    tone = LONG_ANSWER_SECS if stage == BARGE_IN else ANSWER_SECS
    with Pinned(served(peer, tone, log)) as server:
        target = Target(server.url)
        if stage == BARGE_IN:
            return asyncio.run(interruptions(target, REFERENCE_CALLS, seconds, seed))
        if stage == OVERHEAD:
            return asyncio.run(measure(target, REFERENCE_CALLS, seconds, seed, pid=server.pid))
        calls = int(stage.rpartition("-")[2])
        return asyncio.run(measure(target, calls, RUNG_SECS, seed, pid=server.pid))


if __name__ == "__main__":
    main()
