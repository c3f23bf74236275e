"""`parley run FILE`: serve one agent on this machine until Ctrl-C.

What can be known before the engines load is checked first: the file, then the port. SIGTERM, which a container gets,
is a Ctrl-C until calls are taken. From then on both are the data plane's, and so is the goodbye to the calls in
progress; a second Ctrl-C does not wait for it.
"""

from __future__ import annotations

import asyncio
import errno
import functools
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from parley_api import InvalidFile, VoiceAgent
from parley_api.load import AgentFile, load_file
from parley_api.model import OneOf
from parley_cli.check import FAILED, WRONG, contents, say, tell
from parley_cli.config import read_settings

if TYPE_CHECKING:
    from parley_cli.reload import Reload

_LISTENING = (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES, errno.EPERM)


def run(file: str, host: str, ports: Sequence[int], log_level: str | None, *, reload: bool = False) -> int:
    """Serve the agent in `file` on all of `ports`; returns the exit code. `log_level` None means LOG_LEVEL's."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & has it ignored
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        return _run(file, host, ports, log_level, reload)
    except KeyboardInterrupt:
        return _said_goodbye()


def _run(file: str, host: str, ports: Sequence[int], log_level: str | None, reload: bool) -> int:
    reloading = _reloading(file) if reload else None
    try:
        read = load_file(file)
    except InvalidFile as invalid:
        tell(invalid)
        if not Path(file).exists():
            print("An agent to begin with: parley run examples/reception.yaml", file=sys.stderr)
        return WRONG
    if (wrong := ports_problem(host, ports)) is not None:
        print(wrong, file=sys.stderr)
        return WRONG
    return _serve(read, Path(file).parent, host, ports, log_level, reloading)


def _reloading(file: str) -> Reload:
    from parley_cli.reload import Reload

    return Reload(file)


def _said_goodbye() -> int:
    say("Goodbye.")
    return 0


def _serve(
    read: AgentFile,
    base_dir: Path,
    host: str,
    ports: Sequence[int],
    log_level: str | None,
    reloading: Reload | None,
) -> int:
    from parley_dataplane.errors import ParleyError
    from parley_dataplane.server import serve
    from parley_dataplane.settings import BadSetting

    agent = read.agent
    try:
        settings = read_settings(log_level)
        said = banner(settings.over(agent), host, ports)

        def ready() -> None:
            say(said)

        beside = functools.partial(reloading.beside, settings=settings) if reloading else None
        serving = serve(
            agent,
            base_dir,
            host,
            ports,
            on_ready=ready,
            beside=beside,
            settings=settings,
            digest=read.digest,
        )
        if asyncio.run(serving):
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    except InvalidFile as invalid:
        tell(invalid)
        return WRONG
    except BadSetting as wrong:
        print(wrong, file=sys.stderr)
        return WRONG
    except ParleyError as error:
        print(f"{agent.metadata.name} can't be served: {error.detail}", file=sys.stderr)
        return FAILED
    except OSError as error:
        if error.errno not in _LISTENING:
            raise
        print(ports_problem(host, ports) or _listening_problem(error, host, ports[0]), file=sys.stderr)
        return FAILED
    return _said_goodbye()


def banner(agent: VoiceAgent, host: str, ports: Sequence[int]) -> str:
    """What is said once calls are taken: where, by which engines, how to stop."""
    spec, engines = agent.spec, agent.spec.engines
    silence = f"a turn ends after {spec.turn_taking.end_of_turn_silence_ms} ms of silence"
    knows = f" ({contents(agent)})" if engines.llm.scripted else ""
    return "\n".join(
        (
            f"{agent.metadata.name} answers at {address(host, ports[0])}{_also(ports[1:])}",
            f"  VAD  {_engine(engines.vad)} ({silence})",
            f"  STT  {_engine(engines.stt)} ({spec.language})",
            f"  LLM  {_engine(engines.llm)}{knows}",
            f"  TTS  {_engine(engines.tts)}",
            f"Up to {spec.sessions.limit} calls at a time. Ctrl-C says goodbye to them and stops.",
        )
    )


def _also(ports: Sequence[int]) -> str:
    return f", and on port {', '.join(map(str, ports))}" if ports else ""


def _engine(role: OneOf) -> str:
    """The name of an engine, with the settings that are numbers or names; a text would be long."""
    settings = role.settings.model_dump(by_alias=True, exclude={"text"}, exclude_none=True)
    return " ".join((role.chosen, *(f"{name}={value}" for name, value in settings.items())))


def address(host: str, port: int) -> str:
    """The URL that a browser on this machine opens. Every address (0.0.0.0, ::) is reached as 127.0.0.1."""
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{name}:{port}"


def ports_problem(host: str, ports: Sequence[int]) -> str | None:
    """What is wrong with the first of `ports` that can't be had."""
    for place, port in enumerate(ports):
        option = "--also-listen" if place else "--port"
        if port in ports[:place]:
            return f"port {port} is named twice: write it once, with --port or with --also-listen"
        if (wrong := port_problem(host, port, option)) is not None:
            return wrong
    return None


def port_problem(host: str, port: int, option: str = "--port") -> str | None:
    """Why nothing can listen there now, and what to do; None if something can. `option` has named it."""
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            # As the server does: a port in TIME_WAIT is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
            probe.listen(1)
    except (OSError, UnicodeError) as error:
        return _listening_problem(error, host, port, option)
    return None


def _listening_problem(error: OSError | UnicodeError, host: str, port: int, option: str = "--port") -> str:
    where = f"port {port} on {host}"
    code = error.errno if isinstance(error, OSError) else None
    if isinstance(error, socket.gaierror | UnicodeError):
        return f"host {host[:60]} has no address: choose another with --host"
    if code == errno.EADDRINUSE:
        return f"{where} is in use: stop what listens there, or choose another with {option}"
    if code == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine: choose another with --host"
    if code in (errno.EACCES, errno.EPERM):
        return f"{where} is not allowed to this user: choose one from 1024 on with {option}"
    return f"can't listen on {where}: {getattr(error, 'strerror', None) or error}"
