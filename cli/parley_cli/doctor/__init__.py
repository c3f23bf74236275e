"""`parley doctor [URL]`: looks at a server from outside, as those who call it do, and says what to change.

target.py: URL -> reach.py (name, TCP, TLS, HTTP) -> service.py (is it Parley, would it take a call, from this page)
               -> call.py: one call with the test tone -> line.py (what arrived of it)
               -> latency.py: /metrics before and after it
each -> findings.py: one line for each check, or JSON; docs/troubleshooting.md has a section for each
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator

from parley_cli.check import FAILED, WRONG, say
from parley_cli.doctor import call, latency, reach, service
from parley_cli.doctor.findings import CHECKS, Finding, as_json, conclusion
from parley_cli.doctor.target import BadTarget, Target, read_target


def doctor(url: str, origin: str | None, *, json: bool) -> int:
    """Print what is found of the server at `url`; 1 if a check fails.

    `origin` is of the page that is to use it, None the server's own.
    """
    try:
        target = read_target(url)
        page = read_target(origin).origin if origin is not None else target.origin
    except BadTarget as wrong:
        print(wrong, file=sys.stderr)
        return WRONG
    findings = []
    for finding in examine(target, page):
        findings.append(finding)
        if not json and not say(str(finding)):
            return FAILED
    told = say(as_json(target.url, page, findings) if json else conclusion(findings))
    return 0 if told and not any(finding.failed for finding in findings) else FAILED


def examine(target: Target, origin: str) -> Iterator[Finding]:
    """Each finding once it is known, in the order of CHECKS; what has become pointless is left out."""
    for check in (reach.address, reach.connection):
        finding = check(target)
        yield finding
        if finding.failed:
            return
    finding, speaks = reach.tls(target)
    yield finding
    if speaks is None:
        return
    target = speaks
    finding = service.service(target)
    yield finding
    if finding.failed:
        return
    takes_calls = [service.ready(target), service.room(target)]
    yield from takes_calls
    yield service.microphone(target)
    passes = service.origin(target, origin)
    yield passes
    # A page that is refused is known now: whether the rest works is asked as a program that is no page.
    page = None if passes.failed else origin
    yield service.websocket(target, page)
    if any(finding.failed for finding in takes_calls):
        return
    before = latency.scrape(target)
    placed = asyncio.run(call.place(target, page))
    yield from call.findings(placed)
    yield from latency.findings(before, latency.scrape(target), connected=placed.connected_ms is not None)


__all__ = ["CHECKS", "doctor", "examine"]
