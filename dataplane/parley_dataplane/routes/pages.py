"""The pages: each HTML file of web/ has what is its own, and `<!-- part NAME -->` where web/parts/NAME.html belongs.

A page is put together as it is asked for, so that it arrives whole and a file that is saved is the next answer's.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles

WEB = Path(__file__).parent.parent / "web"

_PART = re.compile(r"<!-- part (\w+) -->")
_ASK_AGAIN = {"Cache-Control": "no-cache"}
"""A browser asks whether each file is still the same: of what it guesses by itself, an old one may go with new ones."""


def page(name: str, **headers: str) -> Response:
    """The page in web/`name`.html. It reads files: a route that answers with it is no coroutine."""
    return HTMLResponse(_whole(name), headers={**_ASK_AGAIN, **headers})


def _whole(name: str) -> str:
    """A part may have parts."""
    html = (WEB / f"{name}.html").read_text("utf-8")
    return _PART.sub(lambda found: _whole(f"parts/{found[1]}"), html)


class _Files(StaticFiles):
    def file_response(self, *args: Any, **named: Any) -> Response:
        response = super().file_response(*args, **named)
        response.headers.update(_ASK_AGAIN)
        return response


def mount_files(app: FastAPI) -> None:
    """The pages' own files; plain ES modules, nothing from elsewhere."""
    app.mount("/web", _Files(directory=WEB), name="web")
