"""What a run leaves, and the table that is made of it alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.figures import ANSWER, INTERRUPTION, LOAD
from tests.bench.peers.record import (
    BARGE_IN,
    OVERHEAD,
    OtherOptionsError,
    Record,
    calls_stage,
    rungs_table,
    table,
)


def test_a_stage_that_was_kept_is_read_back_without_its_facts(tmp_path: Path) -> None:
    record = Record(tmp_path / "run")
    assert not record.has("floor", OVERHEAD)
    record.keep("floor", OVERHEAD, {"commit": "abc"}, [{"figure": ANSWER, "milliseconds": 60.0}])
    assert record.has("floor", OVERHEAD)
    assert record.samples("floor", OVERHEAD) == [{"figure": ANSWER, "milliseconds": 60.0}]
    assert record.base("floor") == 60.0


def test_a_run_goes_on_with_the_options_that_it_was_begun_with_alone(tmp_path: Path) -> None:
    """Else stages of 12 s would stand beside such of 60 s in one table."""
    Record(tmp_path).begin({"seed": 3, "seconds": 60.0})
    Record(tmp_path).begin({"seed": 3, "seconds": 60.0})
    with pytest.raises(OtherOptionsError, match=r"begun with .*60\.0.* name another by --run"):
        Record(tmp_path).begin({"seed": 3, "seconds": 12.0})


def test_rungs_are_in_the_order_of_their_calls_and_of_this_server_alone(tmp_path: Path) -> None:
    record = Record(tmp_path)
    for peer, calls in (("floor", 100), ("floor", 40), ("floor-without-prefetch", 20)):
        record.keep(peer, calls_stage(calls), {}, [{"figure": LOAD, "client_core": 0.1}])
    assert [rung.calls for rung in record.climbed("floor")] == [40, 100]


def test_the_table_says_what_was_not_measured_and_counts_what_has_no_time(tmp_path: Path) -> None:
    record = Record(tmp_path)
    record.keep(
        "floor", OVERHEAD, {}, [{"figure": ANSWER, "milliseconds": 60.4}, {"figure": ANSWER, "early": True}]
    )
    record.keep(
        "floor",
        BARGE_IN,
        {},
        [{"figure": INTERRUPTION, "milliseconds": 62.0}, {"figure": INTERRUPTION, "talked_on": True}],
    )
    record.keep("floor", calls_stage(40), {}, [{"figure": ANSWER, "milliseconds": 99.0}])
    lines = table(record, ["floor", "pipecat"])
    assert lines[2] == "| floor | 60 / 60 / 60 (1) | 1 | 62 / 62 (1) | 1 | 40 or more |"
    assert lines[3] == "| pipecat | not measured | 0 | not measured | 0 | not measured |"
    assert rungs_table(record, ["floor"])[2] == "| floor | 40 | 99 | 0 | 0.0% | 0% | 0% |"
