"""The arguments of `kubectl parley`, and what each command asks of the cluster.

kubectl finds the program `kubectl-parley` on the PATH and hands it what stands behind the word `parley`. Flags before
that word are not kubectl's to hand on ("flags cannot be placed before plugin name"): the common ones are taken here.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from parley_api import __version__
from parley_api.kind import Kind
from parley_api.kinds import KINDS, VOICE_AGENT
from parley_cli.check import FAILED, say
from parley_cli.cluster import calls as calls_
from parley_cli.cluster import status as status_
from parley_cli.cluster.agents import agents
from parley_cli.cluster.kubectl import KIND, Kubectl, NoKind, NotAnswered
from parley_cli.cluster.pods import AGENT_LABEL, OF_PARLEY, pods
from parley_cli.cluster.table import wrapped
from parley_cli.cluster.told import Told, told
from parley_cli.cluster.why import why

_HANDED_ON = (
    ("--context", "NAME", "of the kubeconfig"),
    ("--kubeconfig", "FILE", "instead of the usual one"),
    ("--cluster", "NAME", "of the kubeconfig"),
    ("--user", "NAME", "of the kubeconfig"),
    ("--as", "NAME", "act as this user"),
    ("--as-group", "NAME", "act as a member of this group; may be repeated"),
    ("--server", "URL", "of the API server"),
    ("--token", "TOKEN", "for the API server"),
    ("--request-timeout", "TIME", "such as 10s"),
)
"""To kubectl, as they stand."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. argparse itself exits with 2 on wrong arguments."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name may have letters that the terminal's alphabet lacks
            stream.reconfigure(errors="backslashreplace")
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.command == "calls" and given.name is not None and given.all_namespaces:
        parser.error("a NAME is of one namespace: leave out --all-namespaces, or NAME")
    try:
        return _run(given, datetime.now(UTC))
    except NotAnswered as reason:
        print(reason, file=sys.stderr)
        return reason.exit_code
    except KeyboardInterrupt:
        return FAILED


def _run(given: argparse.Namespace, now: datetime) -> int:
    kubectl = Kubectl(_flags(given))
    if given.command == "why":
        kind, name = given.what
        [one] = _objects(given, kubectl, kind, name)
        said = say("\n".join(wrapped(why(one, now))))
        return 0 if said and one.is_ready else FAILED
    if given.command == "calls":
        return _calls(given, kubectl)
    if given.kind is not VOICE_AGENT:
        return _status_of_kind(given, kubectl, now)
    found = agents(kubectl.get(KIND, *_scope(given)))
    if not found:
        return 0 if say(status_.nothing(_where(given))) else FAILED
    said = say(status_.status(found, now, namespaces=given.all_namespaces))
    return 0 if said and all(map(_well, found)) else FAILED


def _objects(given: argparse.Namespace, kubectl: Kubectl, kind: Kind, *names: str) -> Sequence[Told]:
    try:
        found = kubectl.get(kind.crd, *names, *_scope(given))
    except NoKind as reason:
        reason.kind = kind.name
        raise
    return agents(found) if kind is VOICE_AGENT else told(found)


def _status_of_kind(given: argparse.Namespace, kubectl: Kubectl, now: datetime) -> int:
    found = _objects(given, kubectl, given.kind)
    if not found:
        return 0 if say(status_.nothing_of_kind(given.kind, _where(given))) else FAILED
    said = say(status_.status_of_kind(given.kind, found, now, namespaces=given.all_namespaces))
    return 0 if said and all(map(_well, found)) else FAILED


def _calls(given: argparse.Namespace, kubectl: Kubectl) -> int:
    selector = OF_PARLEY
    if given.name is not None:
        kubectl.get(
            KIND, given.name, *_scope(given)
        )  # else a name that is wrong would look like one without pods
        selector += f",{AGENT_LABEL}={given.name}"
    found = pods(kubectl.get("pods", "--selector", selector, *_scope(given)))
    if not found:
        return 0 if say(calls_.nothing(_where(given))) else FAILED
    answers = calls_.ask(kubectl, found) if given.exact else None
    return 0 if say(calls_.calls(found, answers, namespaces=given.all_namespaces)) else FAILED


def _well(agent: Told) -> bool:
    """What is being deleted is on its way, and nothing is wrong with it."""
    return agent.is_ready or agent.deleted is not None


def _flags(given: argparse.Namespace) -> tuple[str, ...]:
    handed: list[str] = []
    for option, _, _ in _HANDED_ON:
        values = getattr(given, option.lstrip("-").replace("-", "_"))
        handed += [f"{option}={value}" for value in values or ()]
    return tuple(handed)


def _scope(given: argparse.Namespace) -> tuple[str, ...]:
    if getattr(given, "all_namespaces", False):
        return ("--all-namespaces",)
    return (f"--namespace={given.namespace}",) if given.namespace is not None else ()


def _where(given: argparse.Namespace) -> str:
    if given.all_namespaces:
        return "in this cluster"
    return f"in namespace {given.namespace}" if given.namespace is not None else "in the current namespace"


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    asks = shared.add_argument_group("which cluster, as for kubectl")
    asks.add_argument("-n", "--namespace", type=_name, metavar="NAME", help="instead of the context's own")
    for option, metavar, help_ in _HANDED_ON:
        asks.add_argument(option, action="append", metavar=metavar, help=help_)
    parser = argparse.ArgumentParser(
        prog="kubectl parley", description="The voice agents of a cluster. It reads, and never writes."
    )
    parser.add_argument("--version", action="version", version=f"parley {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    everywhere = argparse.ArgumentParser(add_help=False)
    everywhere.add_argument("-A", "--all-namespaces", action="store_true", help="of the whole cluster")
    add = commands.add_parser
    every = add(
        "status",
        parents=[everywhere, shared],
        help="every agent, and what it lacks",
        description="Every agent, or object of another kind, and what it lacks. Exits with 1 if one is not ready.",
    )
    every.add_argument(
        "kind", type=_kind, metavar="KIND", nargs="?", default=VOICE_AGENT, help="such as modelservers"
    )
    one = add(
        "why",
        parents=[shared],
        help="say in words how an agent is, or another object",
        description="Say in words how an agent is, or another object. Exits with 1 if it is not ready.",
    )
    one.add_argument(
        "what", type=_what, metavar="[KIND/]NAME", help="of a VoiceAgent, or such as modelserver/llm"
    )
    each = add(
        "calls",
        parents=[everywhere, shared],
        help="the calls of each pod",
        description="The calls of each pod, as the operator last wrote them: at least so many.",
    )
    each.add_argument("name", type=_name, metavar="NAME", nargs="?", help="of a VoiceAgent (every one)")
    each.add_argument(
        "--exact", action="store_true", help="ask each pod itself; needs the right to pods/proxy"
    )
    return parser


def _what(text: str) -> tuple[Kind, str]:
    """As kubectl takes it."""
    kind, slash, name = text.rpartition("/")
    return (_kind(kind) if slash else VOICE_AGENT), _name(name)


def _kind(text: str) -> Kind:
    """By any name that kubectl knows it by."""
    for kind in KINDS.values():
        if text.lower() in (kind.plural, kind.singular, kind.short, kind.crd):
            return kind
    known = ", ".join(kind.singular for kind in KINDS.values())
    raise argparse.ArgumentTypeError(f"{text[:63]!r} is no kind of Parley's: write one of {known}")


def _name(text: str) -> str:
    """A name that could be an option, a list or a path of kubectl's is none of an object."""
    if not text or not all(c in "abcdefghijklmnopqrstuvwxyz0123456789-." for c in text) or text[0] in "-.":
        raise argparse.ArgumentTypeError(f"{text[:63]!r} is no name: write small letters, digits and hyphens")
    return text


if __name__ == "__main__":
    sys.exit(main())
