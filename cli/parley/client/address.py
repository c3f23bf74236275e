"""Where a server is: what a person writes of it, and the doors there."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from parley.client.errors import WrongUrl

_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}


@dataclass(frozen=True, slots=True)
class Address:
    """`base` is http:// or https://, without a slash at its end."""

    base: str

    @classmethod
    def of(cls, url: str) -> Address:
        """Raises WrongUrl for what is no address of a server."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise WrongUrl(f"{url!r} is no address: write http://HOST:PORT") from None
        if parts.scheme not in _SCHEMES or not parts.hostname or port == 0:
            raise WrongUrl(f"{url!r} is no address of a server: write http://HOST:PORT, or https://HOST")
        if parts.query or parts.fragment or parts.username is not None:
            raise WrongUrl(f"{url!r} has more than an address: write http://HOST:PORT alone")
        return cls(f"{_SCHEMES[parts.scheme]}://{parts.netloc}{parts.path.rstrip('/')}")

    @property
    def offer(self) -> str:
        return f"{self.base}/api/webrtc/offer"

    @property
    def duplex(self) -> str:
        return f"ws{self.base.removeprefix('http')}/ws"
