"""The JavaScript client's package.json: its files are those that its module loads, its version is ours."""

from __future__ import annotations

import json
import re
from pathlib import Path

from parley_api import __version__

WEB = Path(__file__).parents[3] / "dataplane/parley_dataplane/web"
PACKAGE = json.loads((WEB / "package.json").read_text())


def loaded(name: str, seen: set[str] | None = None) -> set[str]:
    """The file, and whatever it and they load from beside it."""
    seen = seen if seen is not None else set()
    if name not in seen:
        seen.add(name)
        text = re.sub(r"/\*.*?\*/", "", (WEB / name).read_text(), flags=re.DOTALL)
        for other in re.findall(r'(?:from|new URL\()\s*"\./([\w.-]+\.js)"', text):
            loaded(other, seen)
    return seen


def test_the_package_holds_just_what_its_module_loads() -> None:
    files = loaded(PACKAGE["exports"].removeprefix("./"))
    assert {"call.js", "voice-socket.js", "slices-worklet.js"} <= files
    assert sorted(files) == sorted(PACKAGE["files"])


def test_the_package_has_the_version_of_all_of_parley() -> None:
    assert PACKAGE["version"] == __version__


def test_the_client_touches_no_page() -> None:
    """So that any page can use it."""
    touching = [
        name for name in PACKAGE["files"] if re.search(r"\bdocument\.|localStorage", (WEB / name).read_text())
    ]
    assert touching == []
