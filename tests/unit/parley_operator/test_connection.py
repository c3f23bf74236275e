"""How the API server is reached: by a file, or not at all, and with the newest token."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from parley_operator import connection
from parley_operator.connection import Connection, NoCluster


def written(path: Path, token: str) -> None:
    file = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:8001/"}}],
        "users": [{"name": "u", "user": {"token": token}}],
    }
    path.write_text(yaml.safe_dump(file))


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "kubeconfig"
    monkeypatch.setenv("KUBECONFIG", str(path))
    written(path, "first")
    return path


def test_a_kubeconfig_file_says_where_and_who(file: Path) -> None:
    found = Connection()
    assert found.server == "http://127.0.0.1:8001"
    assert found.tls is False
    assert found.headers() == {"Authorization": "Bearer first"}


def test_a_token_is_read_again_after_a_while_and_when_it_was_refused(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(connection.time, "monotonic", lambda: now[0])
    found = Connection()
    written(file, "second")
    now[0] += 59
    assert found.headers() == {"Authorization": "Bearer first"}
    now[0] += 2
    assert found.headers() == {"Authorization": "Bearer second"}
    written(file, "third")
    found.read_again()
    assert found.headers() == {"Authorization": "Bearer third"}


def test_without_either_it_says_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(NoCluster, match="run in a pod, or set KUBECONFIG"):
        Connection()
