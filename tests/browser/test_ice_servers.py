"""The pages with a call make it with the ICE servers of the agent's file, password and all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from tests.browser.page import TalkPage, browser, in_a_room
from tests.server import ROOT, ParleyServer

pytestmark = pytest.mark.browser

ICE_SERVERS = [
    {"urls": ["stun:127.0.0.1:9"]},
    {"urls": ["turn:127.0.0.1:9?transport=udp"], "username": "parley", "credential": "open sesame"},
]
"""Nobody answers there: a call is made all the same."""

NOTE = """
const Native = RTCPeerConnection;
window.made = [];
window.RTCPeerConnection = class extends Native {
  constructor(configuration) {
    super(configuration);
    window.made.push(configuration);
  }
};
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParleyServer]:
    agent = yaml.safe_load((ROOT / "examples/bench.yaml").read_text())
    agent["spec"]["media"] = {"iceServers": ICE_SERVERS}
    file = tmp_path_factory.mktemp("ice") / "agent.yaml"
    file.write_text(yaml.safe_dump(agent))
    with ParleyServer(file) as server:
        yield server


@pytest.mark.parametrize("path", ["", "/test_webrtc_gateway.html"])
def test_a_page_calls_with_the_ice_servers_of_the_file(path: str, server: ParleyServer) -> None:
    with browser(in_a_room(60.0)) as context:
        context.add_init_script(NOTE)
        talk = TalkPage(context.new_page(), server.url, path)
        talk.expected = ("turn", "stun", "ICE")
        talk.call()
        assert talk.page.evaluate("made") == [{"iceServers": ICE_SERVERS}]
        assert "sesame" not in server.log()
        talk.check()
