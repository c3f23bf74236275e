"""`python -m tests.fuzz.live [SEARCH ...]`: the searches that need a server, a real one each, and a call beside.

Where something is found it says with which seed: the same seed sends the same sequences again.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Mapping

from tests.fuzz import requests, sequences
from tests.fuzz.siege import Siege

SEARCHES: Mapping[str, Callable[[Siege, float, int], None]] = {
    "requests": requests.search,
    "sequences": sequences.search,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.live", description=__doc__)
    parser.add_argument(
        "searches", nargs="*", metavar="SEARCH", help=f"of {', '.join(SEARCHES)}; default: all"
    )
    parser.add_argument("--seconds", type=int, default=600, help="for each (default: %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=random.randrange(2**31), help="default: another each time"
    )
    options = parser.parse_args()
    if unknown := set(options.searches) - set(SEARCHES):
        parser.error(f"no such search: {', '.join(sorted(unknown))}")
    for name in options.searches or SEARCHES:
        print(f"{name}: {options.seconds} s from seed {options.seed}", flush=True)
        with Siege() as siege:
            SEARCHES[name](siege, options.seconds, options.seed)
        print(f"{name}: clean; {siege.summary()}", flush=True)


if __name__ == "__main__":
    main()
