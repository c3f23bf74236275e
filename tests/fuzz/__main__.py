"""`python -m tests.fuzz [TARGET ...]`: looks for inputs that break a parser; see --help.

What it finds it writes to build/fuzz/TARGET/, which is not of the repository; `--keep` chooses from there and from the
seeds what reaches most with least, for tests/fuzz/corpus/TARGET/.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.fuzz import search


def main() -> int:
    if (
        "--here" in sys.argv
    ):  # a child of `search`: libFuzzer's own process, in which nothing is imported before it
        search.here(sys.argv[1], int(sys.argv[3]), int(sys.argv[4]))
    from tests.fuzz import corpus
    from tests.fuzz.targets import TARGETS, run_once

    options = _options(list(TARGETS))
    if options.replay:
        for path in options.replay:
            run_once(TARGETS[options.targets[0]], path.read_bytes())
            print(f"{path}: clean")
        return 0
    if options.keep:
        for name in options.targets:
            print(f"{name}: {corpus.keep(TARGETS[name])} files kept")
        return 0
    if not search.CAN_SEARCH:
        print(search.NOT_SEARCHED, file=sys.stderr)
        return 1
    results = list(search.all_of(options.targets, options.seconds, options.at_once))
    return int(any(not result.clean for result in results))


def _options(known: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(known)}; default: all")
    parser.add_argument("--seconds", type=int, default=120, help="for each target (default: %(default)s)")
    parser.add_argument("--at-once", type=int, default=2, help="targets side by side (default: %(default)s)")
    parser.add_argument("--keep", action="store_true", help="choose the kept corpus anew")
    parser.add_argument("--replay", type=Path, nargs="+", metavar="FILE", help="run TARGET on these alone")
    options = parser.parse_args()
    options.targets = options.targets or known
    unknown = set(options.targets) - set(known)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    return options


if __name__ == "__main__":
    sys.exit(main())
