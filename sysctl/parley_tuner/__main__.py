"""`python -m parley_tuner run`, `once` and `restore`: the tuner in its pod, one look by hand, and the way back by hand.

Rules: SIGTERM ends the process and restores nothing: a node keeps its values while the tuner is replaced, calls run on
it. An empty profile restores, or `restore`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from parley_tuner import profile as profiles
from parley_tuner.journal import Journal, JournalProblem
from parley_tuner.kernel import Kernel
from parley_tuner.profile import BadProfile, Profile
from parley_tuner.report import Report
from parley_tuner.serve import Server
from parley_tuner.tune import RESTORED, Tuner

STUCK_SECONDS = 60.0


class Process:
    """`run`: looks again and again, and tells of the last look."""

    def __init__(self, arguments: argparse.Namespace, tuner: Tuner) -> None:
        self._arguments = arguments
        self._tuner = tuner
        self._began = self._passed_at = time.monotonic()
        self._report = Report(arguments.node)
        self._profile: Profile | None = None
        self._due = 0.0
        self._hindered = ""
        """Why the last look came to nothing."""

    def report(self) -> dict[str, Any]:
        return self._report.as_json()

    def stuck(self) -> str:
        """In words; "" where all is well."""
        since = time.monotonic() - self._passed_at
        longest = max(STUCK_SECONDS, 6 * self._arguments.profile_seconds)
        return f"nothing was looked at for {since:.0f} s" if since > longest else ""

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set. The profile is read often; the node is looked at when it changed, and now and then."""
        while not stop.is_set():
            unread = self._read()
            now = time.monotonic()
            if self._profile is not None and now >= self._due:
                self._due = now + self._arguments.drift_seconds
                self._look(self._profile, now)
            self._tell(replace(self._report, problem=unread or self._hindered))
            self._passed_at = time.monotonic()
            stop.wait(self._arguments.profile_seconds)

    def _read(self) -> str:
        """Why there is no newer profile, in words."""
        try:
            read = profiles.read(self._arguments.profile, self._arguments.node)
        except BadProfile as error:
            return str(error)
        known = self._profile
        if known is not None and read.owner != known.owner:
            return f"owner was {known.owner} and is {read.owner[:80]}: another owner needs another process"
        if read != known:
            self._profile, self._due = read, 0.0
        return ""

    def _look(self, profile: Profile, now: float) -> None:
        try:
            rows = self._tuner.look(profile, now)
        except JournalProblem as error:
            self._hindered = str(error)
            return
        self._hindered = ""
        seconds = self._report.seconds_to_applied
        if seconds is None:
            seconds = round(time.monotonic() - self._began, 3)
        self._tell(replace(self._report, profile=profile, rows=rows, seconds_to_applied=seconds))

    def _tell(self, report: Report) -> None:
        """From now on; what is new of it is logged."""
        last, self._report = self._report, report
        for key, row in report.rows.items():
            if last.rows.get(key) != row:
                log("key", key=key, **asdict(row))
        if report.problem != last.problem:
            log("problem", why=report.problem or "none any more")


def log(event: str, **fields: Any) -> None:
    """One JSON line on standard error."""
    sys.stderr.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stderr.flush()


def run(arguments: argparse.Namespace, tuner: Tuner) -> int:
    process = Process(arguments, tuner)
    stop = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: stop.set())
    try:
        server = Server(arguments.host, arguments.port, process.report, process.stuck)
    except OSError as error:
        log("problem", why=f"port {arguments.port} can't be had: {error.strerror}")
        return 2
    server.start()
    log("started", node=arguments.node, port=server.port)
    process.run(stop)
    log("stopped")
    return 0


def once(arguments: argparse.Namespace, tuner: Tuner) -> int:
    """The exit status: 1 where the journal or the profile can't be used."""
    try:
        profile = profiles.read(arguments.profile, arguments.node)
        rows = tuner.look(profile, time.monotonic())
    except (BadProfile, JournalProblem) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    report = Report(arguments.node, profile, rows).as_json()
    sys.stdout.write(json.dumps(report, indent=1) + "\n")
    return 0


def restore(arguments: argparse.Namespace, tuner: Tuner, journal: Journal) -> int:
    """The exit status: 1 where a key is not as it was before."""
    all_back = True
    try:
        for owner in [arguments.owner] if arguments.owner else journal.owners():
            for key, row in tuner.look(Profile(f"restore {owner}", owner), time.monotonic()).items():
                sys.stdout.write(
                    f"{owner}: {key}: {row.state}, before {row.before} {row.why}".rstrip() + "\n"
                )
                all_back &= row.state == RESTORED
    except JournalProblem as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0 if all_back else 1


def parsed(words: list[str]) -> argparse.Namespace:
    every = argparse.ArgumentParser(add_help=False)
    every.add_argument("--journal", type=Path, default=Path("/var/lib/parley-tuner"), help="old values")
    every.add_argument("--proc-sys", type=Path, default=Path("/proc/sys"))
    every.add_argument("--sys", type=Path, default=Path("/sys"))
    every.add_argument("--die-at", type=int, default=0, help="for tests: killed at this step")
    looks = argparse.ArgumentParser(add_help=False)
    looks.add_argument("--profile", type=Path, default=Path("/etc/parley-tuner/profile.json"))
    looks.add_argument("--node", default=platform.node(), help="this node's name")
    parser = argparse.ArgumentParser(prog="parley_tuner", description=(__doc__ or "").partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    runs = commands.add_parser("run", parents=[every, looks], help="until SIGTERM, which restores nothing")
    runs.add_argument("--host", default="", help="address of the report; every one")
    runs.add_argument("--port", type=int, default=9015, help="of the report")
    runs.add_argument("--profile-seconds", type=float, default=2.0, help="the profile is read this often")
    runs.add_argument("--drift-seconds", type=float, default=10.0, help="the node is looked at this often")
    commands.add_parser("once", parents=[every, looks], help="one look, and its report")
    back = commands.add_parser("restore", parents=[every], help="what the journal holds; end `run` first")
    back.add_argument("--owner", default="", help="of this NodeTuning alone")
    return parser.parse_args(words)


def dying_at(step: int) -> Callable[[], None]:
    """Kills the process at its n-th call, as a power cut would; never at 0."""
    calls = itertools.count(1)

    def count() -> None:
        if next(calls) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    return count


def main(words: list[str]) -> int:
    arguments = parsed(words)
    step = dying_at(arguments.die_at)
    kernel = Kernel(arguments.proc_sys, arguments.sys, step)
    journal = Journal(arguments.journal, kernel.boot(), step)
    tuner = Tuner(kernel, journal)
    if arguments.command == "restore":
        return restore(arguments, tuner, journal)
    return run(arguments, tuner) if arguments.command == "run" else once(arguments, tuner)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
