"""The server that is looked at, by its URL."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from parley_api.problems import shown

_PORTS = {"http": 80, "https": 443}


class BadTarget(ValueError):
    """What was given is no address of a server; says what to write instead."""


@dataclass(frozen=True, slots=True)
class Target:
    """`verified`: whether its certificate must be one that browsers trust."""

    scheme: str
    host: str
    port: int
    verified: bool = True

    @property
    def secure(self) -> bool:
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """As in a Host header: without the port that the scheme implies."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == _PORTS[self.scheme] else f"{name}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}"

    @property
    def origin(self) -> str:
        """Of its own pages (RFC 6454, 6.2)."""
        return self.url

    @property
    def websocket_url(self) -> str:
        return f"{'wss' if self.secure else 'ws'}://{self.authority}"

    @property
    def is_this_machine(self) -> bool:
        """Whether browsers take it for the machine that they run on (W3C Secure Contexts, 3.1)."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def context(self) -> ssl.SSLContext:
        """Of a TLS client: only one that verifies is told whom it talks to."""
        context = ssl.create_default_context()
        if not self.verified:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def read_target(text: str) -> Target:
    """Raises BadTarget."""
    instead = "write http://HOST:PORT or https://HOST, such as http://127.0.0.1:9011"
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname or "", parts.port
        host = host if ":" in host else host.encode("idna").decode()
    except ValueError:  # a port that is none, brackets that do not close, letters that no name has
        raise BadTarget(f"saw {shown(text)}; {instead}") from None
    if parts.scheme not in _PORTS or not host or port == 0:
        raise BadTarget(f"saw {shown(text)}; {instead}")
    if parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise BadTarget(f"saw {shown(text)}; write host and port alone: the doors have paths of their own")
    return Target(parts.scheme, host, port or _PORTS[parts.scheme])
