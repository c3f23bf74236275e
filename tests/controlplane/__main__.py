"""Builds a control plane, or runs one until Ctrl-C: `python -m tests.controlplane build`, `... run --nodes 3`.

PARLEY_KUBERNETES chooses the version.
"""

from __future__ import annotations

import argparse
import signal
import sys

import yaml

from tests.controlplane import build, versions
from tests.controlplane import pin as pinning
from tests.controlplane.audit import POLICY
from tests.controlplane.build import Times
from tests.controlplane.control_plane import ControlPlane
from tests.controlplane.errors import NoControlPlane


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.controlplane", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="build what is not there yet, and say how long each part took")
    run = commands.add_parser("run", help="start one, say where its kubeconfig is, end it at Ctrl-C")
    run.add_argument("--nodes", type=int, default=0, metavar="N", help="with N fake nodes")
    pin = commands.add_parser(
        "pin", help="write go.mod and go.sum of another Kubernetes, or of a newer patch"
    )
    pin.add_argument("version", help="such as 1.34.4")
    commands.add_parser("policy", help="print the audit policy that the tests read by")
    arguments = parser.parse_args()
    try:
        if arguments.command == "build":
            _build()
        elif arguments.command == "run":
            _run(arguments.nodes)
        elif arguments.command == "pin":
            print(pinning.pin(arguments.version))
        else:
            print(yaml.safe_dump(POLICY, sort_keys=False), end="")
    except NoControlPlane as error:
        print(f"no control plane: {error}", file=sys.stderr)
        return 1
    return 0


def _build() -> None:
    times = Times()
    with times.of(f"control plane of Kubernetes {versions.chosen()}, built"):
        build.programs(times=times)


def _run(nodes: int) -> None:
    # Ended by a supervisor's SIGTERM as by Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with ControlPlane(kwok=nodes > 0, times=Times()) as plane:
            plane.add_nodes(nodes)
            print(f"export KUBECONFIG={plane.kubeconfig}", flush=True)
            signal.pause()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    sys.exit(main())
