"""An idle timer of 20 ms in a process of its own: what the machine itself makes late on the core where a server runs.

`python tests/bench/idle_timer.py CORE SECONDS` prints when it woke, as JSON. It imports nothing of the rest.
"""

import json
import os
import sys
import time


def main() -> None:
    core, seconds = int(sys.argv[1]), float(sys.argv[2])
    os.sched_setaffinity(0, {core})
    start = time.monotonic() + 0.1
    woke = []
    for number in range(round(seconds / 0.020)):
        time.sleep(max(0.0, start + number * 0.020 - time.monotonic()))
        woke.append(time.monotonic())
    print(json.dumps(woke))


if __name__ == "__main__":
    main()
