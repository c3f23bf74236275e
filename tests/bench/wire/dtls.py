"""DTLS-SRTP of one call by OpenSSL (RFC 5764): datagrams in, datagrams out, and the two SRTP sessions at the end.

No socket and no timer in here. Certificate and context are made once a process: a browser has its own ready too before
a call begins.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL
from pylibsrtp import Policy, Session

_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "sha-256": hashes.SHA256(),
    "sha-384": hashes.SHA384(),
    "sha-512": hashes.SHA512(),
}
_PROFILES = {
    b"SRTP_AES128_CM_SHA1_80": (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 16, 14),
    b"SRTP_AEAD_AES_128_GCM": (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 16, 12),
}
"""Name -> (libsrtp's, bytes of key, bytes of salt). Chrome asks for GCM only where the peer has nothing else: it makes
packets longer. So the first is what a server meets in practice."""

_FLIGHT = 4096  # bytes; a whole flight of a handshake with ECDSA certificates is below 1200


class HandshakeError(ConnectionError):
    """The peer is not who its answer said, or speaks no DTLS-SRTP."""


@dataclass(frozen=True)
class Identity:
    """A certificate of ours in a context, and its SHA-256."""

    context: SSL.Context
    fingerprint: str


@functools.cache
def identity() -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    context = SSL.Context(SSL.DTLS_METHOD)
    context.set_options(SSL.OP_NO_TICKET)
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
    context.use_certificate(certificate)
    context.use_privatekey(key)
    context.set_tlsext_use_srtp(b":".join(_PROFILES))
    return Identity(context, fingerprint(certificate, "sha-256"))


def fingerprint(certificate: x509.Certificate, algorithm: str) -> str:
    """Return the digest as SDP writes it: AB:CD:..."""
    return certificate.fingerprint(_DIGESTS[algorithm]).hex(":").upper()


class Dtls:
    """One association. What `start`, `receive`, `late` and `close` return is to be sent to the peer, if anything."""

    def __init__(self, fingerprints: Sequence[tuple[str, str]], *, is_server: bool) -> None:
        self._ssl = SSL.Connection(identity().context, None)
        self._fingerprints = fingerprints
        self._is_server = is_server
        self.connected = self.closed = False
        self.outbound: Session | None = None
        self.inbound: Session | None = None
        (self._ssl.set_accept_state if is_server else self._ssl.set_connect_state)()

    @property
    def is_server(self) -> bool:
        return self._is_server

    def start(self) -> bytes:
        return self._handshake()

    def receive(self, datagram: bytes) -> tuple[bytes, bytes]:
        """Return (what to send, what the peer said inside); raises HandshakeError."""
        self._ssl.bio_write(datagram)
        if not self.connected:
            return self._handshake(), b""
        said = b""
        try:
            said = self._ssl.recv(2048)
        except SSL.ZeroReturnError:
            self.closed = True
        except SSL.Error:
            pass
        return self._waiting(), said

    def timeout(self) -> float | None:
        """Return in how many seconds `late` is due, None when nothing waits for an answer."""
        return None if self.connected else self._ssl.DTLSv1_get_timeout()

    def late(self) -> bytes:
        self._ssl.DTLSv1_handle_timeout()
        return self._waiting()

    def seal(self, message: bytes) -> bytes:
        self._ssl.send(message)
        return self._waiting()

    def close(self) -> bytes:
        """Say goodbye, so that the peer need not wait until it misses us."""
        if self.connected and not self.closed:
            try:
                self._ssl.shutdown()
            except SSL.Error:
                return b""
            return self._waiting()
        return b""

    def _handshake(self) -> bytes:
        try:
            self._ssl.do_handshake()
        except SSL.WantReadError:
            return self._waiting()
        except SSL.Error as error:
            raise HandshakeError(f"DTLS: {error}") from None
        self._identify()
        self._derive()
        self.connected = True
        return self._waiting()

    def _waiting(self) -> bytes:
        try:
            return self._ssl.bio_read(_FLIGHT)
        except SSL.Error:
            return b""

    def _identify(self) -> None:
        certificate = self._ssl.get_peer_certificate(as_cryptography=True)
        known = [(name, value) for name, value in self._fingerprints if name in _DIGESTS]
        if certificate is None or not known:
            raise HandshakeError("the peer shows no certificate, or its answer no fingerprint that is known")
        if any(fingerprint(certificate, name) != value for name, value in known):
            raise HandshakeError("the peer's certificate is not the one of its answer")

    def _derive(self) -> None:
        name = self._ssl.get_selected_srtp_profile()
        if name not in _PROFILES:
            raise HandshakeError("the peer agrees to no SRTP profile")
        profile, key, salt = _PROFILES[name]
        material = self._ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (key + salt))

        def secret(side: int) -> bytes:
            start = 2 * key + side * salt
            return material[side * key : (side + 1) * key] + material[start : start + salt]

        ours, theirs = (1, 0) if self._is_server else (0, 1)
        self.outbound = _session(secret(ours), Policy.SSRC_ANY_OUTBOUND, profile)
        self.inbound = _session(secret(theirs), Policy.SSRC_ANY_INBOUND, profile)


def _session(key: bytes, ssrc_type: int, profile: int) -> Session:
    policy = Policy(key=key, ssrc_type=ssrc_type, srtp_profile=profile)
    policy.window_size = 1024
    return Session(policy)
