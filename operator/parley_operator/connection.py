"""How the API server is reached: the pod's own service account, or a kubeconfig file, as kopf reads them.

Rules: the token of a service account is read again every minute, for it is replaced while we run; nothing of it is ever
logged. kopf's watch and our own requests use the same login.
"""

from __future__ import annotations

import logging
import ssl
import time

import kopf

TOKEN_SECONDS = 60.0


class NoCluster(Exception):
    """There is neither a service account nor a kubeconfig file."""


def login() -> kopf.ConnectionInfo:
    """Raises NoCluster."""
    settings = kopf.OperatorSettings()
    log = logging.getLogger(__name__)
    for way in (kopf.login_with_service_account, kopf.login_with_kubeconfig):
        info = way(settings=settings, logger=log)
        if info is not None:
            return info
    raise NoCluster("no service account and no kubeconfig: run in a pod, or set KUBECONFIG to a file")


class Connection:
    """Server, TLS and the header of who we are."""

    def __init__(self) -> None:
        info = login()
        self.server = info.server.rstrip("/")
        self.tls: ssl.SSLContext | bool = info.as_ssl_context() if self.server.startswith("https") else False
        self._headers = info.as_http_headers()
        self._read_at = time.monotonic()

    def headers(self) -> dict[str, str]:
        if time.monotonic() - self._read_at > TOKEN_SECONDS:
            self.read_again()
        return self._headers

    def read_again(self) -> None:
        """Also at once when a request was answered 401."""
        self._read_at = time.monotonic()
        self._headers = login().as_http_headers()
