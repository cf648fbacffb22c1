# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of etcd and of a host that are not valid by the clock, with a real etcd."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from ansible_collections.weft.overlay.plugins.module_utils.weft.store.client import StoreClient
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.errors import (
    StoreFault,
    StoreUnavailableError,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.settings import (
    StoreSettings,
    Tls,
)

from .etcd_server import EtcdMember, TlsFiles, make_tls_files

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


def reissue(certificate: Path, begin: datetime.datetime, end: datetime.datetime) -> None:
    """Sign a certificate again by the authority in its folder, with another validity."""
    old = x509.load_pem_x509_certificate(certificate.read_bytes())
    authority = x509.load_pem_x509_certificate((certificate.parent / "ca.pem").read_bytes())
    key = serialization.load_pem_private_key(
        (certificate.parent / "ca-key.pem").read_bytes(), password=None
    )
    builder = x509.CertificateBuilder(
        authority.subject, old.subject, old.public_key(), old.serial_number, begin, end
    )
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    signed = builder.sign(key, hashes.SHA256())  # type: ignore[arg-type]  # the CA's key signs
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))


def failure(tls: TlsFiles, folder: Path) -> StoreUnavailableError:
    """The error of a client of an etcd that uses the files."""
    options = ("--client-cert-auth", "--trusted-ca-file", str(tls.ca))
    member = EtcdMember("tls", folder / "etcd", tls=tls, options=options)
    member.launch(member.peer)
    settings = StoreSettings(
        (member.url,), timeout=2, tls=Tls(str(tls.ca), str(tls.client), str(tls.client_key))
    )
    try:
        with StoreClient(settings) as store, pytest.raises(StoreUnavailableError) as raised:
            store.snapshot()
    finally:
        member.kill()
    return raised.value


AHEAD, PAST = (NOW + DAY, NOW + 2 * DAY), (NOW - 2 * DAY, NOW - DAY)


@pytest.mark.parametrize(
    ("whose", "fault", "words"),
    [
        ("server", StoreFault.CLOCK, "certificate is not yet valid by the clock of this"),
        ("server", StoreFault.TLS, "certificate has expired by the clock of this host"),
        ("client", StoreFault.CLOCK, "/root.pem is valid from "),
        ("client", StoreFault.TLS, "/root.pem expired at "),
    ],
)
def test_a_certificate_outside_its_validity_is_the_reason_and_not_a_timeout(
    whose: str,
    fault: StoreFault,
    words: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    tls = make_tls_files(tmp_path)
    reissue(getattr(tls, whose), *(AHEAD if fault is StoreFault.CLOCK else PAST))
    error = failure(tls, tmp_path)
    assert error.fault is fault
    cause = str(error).partition("(no endpoint answered")[0]
    assert words in cause
    if fault is StoreFault.CLOCK:
        assert "set the clock ('timedatectl set-ntp true')" in cause
    # gRPC's own log, which is three lines for each failed handshake.
    assert "ssl_transport_security" not in capfd.readouterr().err
