"""The doors: FastAPI shells that read, parse, call the session, render and write, and decide nothing else.

request -> turnstile -> origins -> head -> bodies, sockets -> protocols/ parse -> Session
Session -> Door (here) -> protocols/ render -> transports/ -> peer
"""

from fastapi import FastAPI

from parley_dataplane.process import Parley
from parley_dataplane.routes import (
    alice,
    duplex,
    fastrtc,
    fastrtc_http,
    fastrtc_process,
    openapi,
    pages,
    problems,
    service,
    signaling,
    v1,
)
from parley_dataplane.routes.head import Head
from parley_dataplane.routes.origins import Origins
from parley_dataplane.routes.turnstile import Turnstile


def mount(app: FastAPI, parley: Parley) -> None:
    """Put every door on `app`."""
    for module in (alice, signaling, fastrtc, fastrtc_http, fastrtc_process, duplex, v1, service):
        app.include_router(module.router(parley))
    pages.mount_files(app)
    problems.install(app, parley)
    openapi.install(app)
    app.add_middleware(Head)
    app.add_middleware(Origins, parley=parley)
    app.add_middleware(Turnstile)  # the last one added is the first one met
