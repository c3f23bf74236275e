"""`parley run` as in a pod: nothing but one folder for what is temporary can be written to, there is no home, and its
user is in no /etc/passwd. All engines of the example load, and a caller is answered by voice.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.calls.doors import QUESTION, answer_begins, ask
from tests.clients.sockets import DuplexClient
from tests.server import ParleyServer

pytestmark = pytest.mark.calls

NOBODY = "65432"
AS_ROOT = ("unshare", "--user", "--map-root-user", "--mount")
"""Who is root of a namespace of their own may change its mounts; whoever they are outside."""

SCRIPT = f"""
set -e
mount -o remount,bind,ro /
mount -t tmpfs tmpfs "$TMPDIR"
exec unshare --user --map-user={NOBODY} --map-group={NOBODY} env -u HOME -u XDG_CACHE_HOME -u PYTHONPYCACHEPREFIX "$@"
"""


def _can_be_made() -> bool:
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run(
        [*AS_ROOT, "mount", "-o", "remount,bind,ro", "/"], capture_output=True, check=False
    )
    return tried.returncode == 0


@pytest.mark.skipif(not _can_be_made(), reason="nobody here may have a root of their own to make read-only")
def test_a_caller_is_answered_by_a_server_that_may_write_to_one_folder_alone(tmp_path: Path) -> None:
    within = [*AS_ROOT, "sh", "-c", SCRIPT, "sh"]
    beside = tmp_path / "nothing"
    tried = subprocess.run(
        [*within, "sh", "-c", f"id -u; touch {beside}; touch $TMPDIR/x && echo there"],
        env={"TMPDIR": str(made(tmp_path / "tmp")), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert tried.stdout.split() == [NOBODY, "there"], "or the test would pass whatever the server writes"
    assert "Read-only" in tried.stderr
    with ParleyServer("examples/reception.yaml", {"TMPDIR": str(tmp_path / "tmp")}, within=within) as server:
        asyncio.run(_is_answered(server))
        assert server.metric("parley_errors_total") == 0, server.log()
        assert "Traceback" not in server.log()
        assert "Read-only" not in server.log()


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


async def _is_answered(server: ParleyServer) -> None:
    async with DuplexClient(server.url) as call:
        since = time.monotonic()
        await ask(call, server, QUESTION).ended()
        await answer_begins(call, since)
