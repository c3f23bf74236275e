"""The authority's certificates: who a user is, and whom a server is believed to be."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.controlplane import kubeconfig
from tests.controlplane.certificates import Authority, new_key, request


def test_a_user_is_its_common_name_and_in_a_group_for_each_organization() -> None:
    subject = x509.load_pem_x509_certificate(
        Authority().user("ann", ["ops", "system:masters"]).certificate
    ).subject
    assert [a.value for a in subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == ["ann"]
    assert [a.value for a in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)] == [
        "ops",
        "system:masters",
    ]


def test_a_user_cannot_pose_as_a_server() -> None:
    certificate = x509.load_pem_x509_certificate(Authority().user("ann").certificate)
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_a_server_is_believed_at_its_addresses_and_names() -> None:
    certificate = x509.load_pem_x509_certificate(
        Authority().server("127.0.0.1", names=["localhost"]).certificate
    )
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("127.0.0.1")]
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]


def test_another_authority_signed_none_of_it() -> None:
    """Two control planes on one machine do not believe each other's users."""
    ours, other = Authority(), Authority()
    certificate = x509.load_pem_x509_certificate(ours.user("ann").certificate)
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(ours.pair.certificate))
    with pytest.raises(InvalidSignature):
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(other.pair.certificate))


def test_a_cluster_that_is_not_ours_is_asked_for_the_same_names() -> None:
    wanted = x509.load_pem_x509_csr(request("ann", ["ops"], new_key()))
    assert wanted.is_signature_valid
    assert wanted.subject.rfc4514_string() == "CN=ann,O=ops"


def test_a_kubeconfig_is_enough_by_itself_and_for_its_owner_alone(tmp_path: Path) -> None:
    authority = Authority()
    path = kubeconfig.written(
        tmp_path / "kubeconfig", "https://127.0.0.1:6443", authority.pair.certificate, authority.user("ann")
    )
    assert path.stat().st_mode & 0o777 == 0o600
    read = yaml.safe_load(path.read_text())
    assert kubeconfig.server_and_authority(read) == ("https://127.0.0.1:6443", authority.pair.certificate)
    assert str(tmp_path) not in path.read_text()
