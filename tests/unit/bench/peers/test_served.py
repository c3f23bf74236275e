"""Each peer is there to be started: its script, its exact libraries, and no network but loopback."""

from __future__ import annotations

import ast
import re

import pytest

from tests.bench.peers.served import HERE, PARLEY, PEERS, Peer

OTHERS = [peer for peer in PEERS if peer is not PARLEY]


@pytest.mark.parametrize("peer", OTHERS, ids=lambda peer: peer.name)
def test_every_peer_has_a_script_and_a_lock_that_holds_what_is_reported(peer: Peer) -> None:
    ast.parse((HERE / "servers" / peer.script).read_text())
    lock = (HERE / "requirements" / f"{peer.venv}.lock").read_text()
    pinned = set(re.findall(r"^([a-z0-9.-]+)==\S+", lock, re.MULTILINE))
    assert set(peer.libraries) <= pinned


@pytest.mark.parametrize("script", sorted((HERE / "servers").glob("*.py")), ids=lambda path: path.name)
def test_no_script_holds_code_of_ours_or_an_address_beyond_loopback(script: object) -> None:
    text = script.read_text()  # type: ignore[attr-defined]
    assert not re.search(r"^\s*(from|import) (parley|tests)", text, re.MULTILINE)
    assert not re.search(r"stun:|turn:|https?://", text)
