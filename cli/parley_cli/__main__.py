"""The arguments of `parley`, and nothing else: each command has its own module, imported when it is called."""

from __future__ import annotations

import argparse
import io
import re
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal

from parley_api import __version__
from parley_api.costs import TOKENS_PER_WORD
from parley_api.kinds import KINDS
from parley_cli.config import HOST, PORT
from parley_dataplane.settings import LOG_LEVELS

MOST_MORE_PORTS = 8
MOST_VOICES = 20
VOICES = ("gmw/en-GB-x-rp+m3", "gmw/en-GB-scotland+m5", "gmw/en-US+f2")
"""Who asks in `parley test`: none of them is the voice of the examples."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. argparse itself exits with 2 on wrong arguments."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name may have letters that the terminal's alphabet lacks
            stream.reconfigure(errors="backslashreplace")
    given = _parser().parse_args(arguments)
    if given.command == "run" and given.show_config:
        from parley_cli.config import show_config

        return show_config(given.file, given.log_level, given.host, given.port, given.also_listen)
    if given.command == "run":
        from parley_cli.run import run

        ports = (given.port or PORT, *given.also_listen)
        return run(given.file, given.host or HOST, ports, given.log_level, reload=given.reload)
    if given.command == "check":
        from parley_cli.check import check

        return check(given.files)
    if given.command == "cost":
        from parley_cli.cost import Load, cost

        load = Load(**{name: getattr(given, name) for name in _LOAD})
        return cost(given.file, load, as_json=given.json)
    if given.command == "doctor":
        from parley_cli.doctor import doctor

        return doctor(given.url, given.origin, json=given.json)
    if given.command == "test":
        from parley_cli.spoken_tests import Rehearsal, test

        snr_db = None if given.quiet else float(given.snr)
        rehearsal = Rehearsal(given.voices, snr_db, given.at_once, float(given.least))
        return test(given.file, rehearsal, json=given.json)
    from parley_api.schema import custom_resource_definitions_yaml
    from parley_cli.check import FAILED, say

    kinds = [kind for kind in KINDS.values() if given.kind in (None, kind.singular)]
    return 0 if say(custom_resource_definitions_yaml(kinds).removesuffix("\n")) else FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="parley", description="Voice agents that people talk to.")
    parser.add_argument("--version", action="version", version=f"parley {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="serve an agent on this machine", description="Serve an agent.")
    run.add_argument("file", metavar="FILE", help="a VoiceAgent in YAML, such as examples/reception.yaml")
    run.add_argument("--port", type=_port, help=f"TCP port of page and API ({PORT})")
    run.add_argument(
        "--also-listen",
        type=_ports,
        default=(),
        metavar="PORT,PORT",
        help="more ports with the same on them, such as 8000,8001 of older systems",
    )
    run.add_argument("--host", help=f"address to listen on ({HOST})")
    run.add_argument("--log-level", type=str.lower, choices=LOG_LEVELS, help="instead of LOG_LEVEL (info)")
    run.add_argument(
        "--show-config",
        action="store_true",
        help="print each setting and where it is from, and serve nothing",
    )
    run.add_argument(
        "--reload",
        action="store_true",
        help="for development: the next call has what was saved; Parley's own source begins it anew",
    )
    check = commands.add_parser("check", help="say what is wrong with files", description="Check files.")
    check.add_argument("files", metavar="FILE", nargs="+", help="one or more objects of Parley in YAML")
    cost = commands.add_parser("cost", help="say what a load costs", description="Say what a load costs.")
    cost.add_argument("file", metavar="FILE", nargs="?", help="a VoiceAgent in YAML, for its spec.prices")
    for name, (default, least, most, help_) in _LOAD.items():
        option = f"--{name.replace('_', '-')}"
        cost.add_argument(
            option,
            type=_amount(least, most),
            default=Decimal(default),
            metavar="N",
            help=f"{help_} ({default})",
        )
    cost.add_argument("--json", action="store_true", help="print JSON, for programs")
    look = "look at a server as its callers do, and say what to change"
    doctor = commands.add_parser("doctor", help=look, description="Look at a server as its callers do.")
    doctor.add_argument(
        "url",
        metavar="URL",
        nargs="?",
        default="http://127.0.0.1:9011",
        help="where it is (http://127.0.0.1:9011)",
    )
    doctor.add_argument("--origin", metavar="URL", help="of the page that is to use it (the server's own)")
    doctor.add_argument("--json", action="store_true", help="print JSON, for programs")
    test = commands.add_parser(
        "test",
        help="speak an agent's tests to it, and say what it understood",
        description="Speak the questions of spec.tests, and of the CSV beside the file, to the agent.",
    )
    test.add_argument(
        "file", metavar="FILE", help="a VoiceAgent in YAML, with spec.tests or a CSV of its name"
    )
    test.add_argument(
        "--voices",
        type=_voices,
        default=VOICES,
        metavar="VOICE,VOICE",
        help=f"eSpeak NG's voices that ask ({','.join(VOICES)})",
    )
    test.add_argument(
        "--snr", type=_amount("0", "60"), default=Decimal(15), metavar="DB", help="noise under the voice (15)"
    )
    test.add_argument("--quiet", action="store_true", help="ask in a quiet room alone")
    test.add_argument("--at-once", type=_calls, default=3, metavar="N", help="calls at a time, 1 to 20 (3)")
    test.add_argument(
        "--least",
        type=_amount("0", "100"),
        default=Decimal(90),
        metavar="%%",
        help="right, or exit with 1 (90)",
    )
    test.add_argument("--json", action="store_true", help="print JSON, for programs")
    crd = commands.add_parser(
        "crd",
        help="print the CustomResourceDefinitions",
        description="Print the CRD of each kind, or of one.",
    )
    names = [kind.singular for kind in KINDS.values()]
    crd.add_argument("kind", metavar="KIND", nargs="?", choices=names, help=f"one of {', '.join(names)}")
    return parser


_LOAD = {
    "users": ("10000", "1", "1000000000", "people who talk in a day"),
    "minutes": ("5", "0.01", "1440", "minutes of each in a day"),
    "words_per_minute": ("150", "1", "1000", "words of a minute"),
    "tokens_per_word": (str(TOKENS_PER_WORD), "0.1", "100", "tokens of the LLM to a word"),
    "characters_per_word": ("6", "0.1", "100", "characters of TTS to a word"),
    "days": ("30", "1", "366", "days of a month"),
}
"""The options of `parley cost`: default, least, most, what it is."""


def _amount(least: str, most: str) -> Callable[[str], Decimal]:
    def read(text: str) -> Decimal:
        plain = re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,6})?", text)
        if plain is None or not Decimal(least) <= Decimal(text) <= Decimal(most):
            raise argparse.ArgumentTypeError(
                f"{text[:20]!r}: write a number from {least} to {most}, in plain digits"
            )
        return Decimal(text)

    return read


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is no port: write a number from 1 to 65535")
    return int(text)


def _ports(text: str) -> tuple[int, ...]:
    named = text.split(",")
    if len(named) > MOST_MORE_PORTS:
        raise argparse.ArgumentTypeError(
            f"{len(named)} ports: write at most {MOST_MORE_PORTS}, such as 8000,8001"
        )
    return tuple(_port(one.strip()) for one in named)


def _calls(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 2 and 1 <= int(text) <= 20):
        raise argparse.ArgumentTypeError(f"{text[:20]!r}: write a number from 1 to 20")
    return int(text)


def _voices(text: str) -> tuple[str, ...]:
    named = tuple(one.strip() for one in text.split(","))
    if len(named) > MOST_VOICES or not all(named):
        raise argparse.ArgumentTypeError(
            f"{text[:20]!r}: write 1 to {MOST_VOICES} voices, such as gmw/en-US,gmw/en-GB-x-rp+m3"
        )
    return named


if __name__ == "__main__":
    sys.exit(main())
