# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of certificates that another library made, and of some that are not as they should be."""

from __future__ import annotations

import base64
import contextlib
import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.weft.overlay.plugins.module_utils.weft.store.certificate_expiry import (
    CertificateError,
    parse_expiry,
    store_certificate_expiry,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.settings import (
    StoreSettings,
    Tls,
)

KEY = ec.generate_private_key(ec.SECP256R1())
BEGIN = datetime.datetime(1950, 1, 1, tzinfo=datetime.UTC)
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18


def issued(end: datetime.datetime) -> bytes:
    """A certificate in PEM that ends then, by the library cryptography."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "weft-host-192.0.2.11")])
    certificate = (
        x509.CertificateBuilder(name, name, KEY.public_key(), 2**63)
        .not_valid_before(BEGIN)
        .not_valid_after(end)
        .sign(KEY, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


def der(tag: int, *contents: bytes) -> bytes:
    """An element of DER with a length below 128."""
    content = b"".join(contents)
    assert len(content) < 128
    return bytes((tag, len(content))) + content


def handmade(tag: int, end: bytes) -> bytes:
    """What there is of a certificate of version 1 up to its end, in PEM."""
    times = der(0x30, der(UTC_TIME, b"500101000000Z"), der(tag, end))
    fields = der(0x02, b"\x01"), der(0x30), der(0x30), times
    return pem(der(0x30, der(0x30, *fields)))


def pem(document: bytes) -> bytes:
    text = base64.encodebytes(document)
    return b"-----BEGIN CERTIFICATE-----\n" + text + b"-----END CERTIFICATE-----\n"


def seconds(*moment: int) -> float:
    return datetime.datetime(*moment, tzinfo=datetime.UTC).timestamp()  # type: ignore[misc,arg-type]


@given(st.datetimes(datetime.datetime(1950, 1, 2), datetime.datetime(9999, 12, 31)))
def test_the_end_is_what_another_library_wrote(end: datetime.datetime) -> None:
    end = end.replace(microsecond=0, tzinfo=datetime.UTC)
    assert parse_expiry(issued(end)) == end.timestamp()


@pytest.mark.parametrize(
    ("tag", "text", "end"),
    [
        (UTC_TIME, b"491231235959Z", (2049, 12, 31, 23, 59, 59)),
        (UTC_TIME, b"500101000000Z", (1950, 1, 1)),
        (UTC_TIME, b"271128220000Z", (2027, 11, 28, 22)),
        (GENERALIZED_TIME, b"20500101000000Z", (2050, 1, 1)),
        (GENERALIZED_TIME, b"99991231235959Z", (9999, 12, 31, 23, 59, 59)),
    ],
)
def test_both_forms_of_time_are_read(tag: int, text: bytes, end: tuple[int, ...]) -> None:
    assert parse_expiry(handmade(tag, text)) == seconds(*end)


@pytest.mark.parametrize(
    ("tag", "text", "words"),
    [
        (UTC_TIME, b"2711282200Z", "its time b'2711282200Z' does not conform to RFC 5280"),
        (UTC_TIME, b"271128220000+0100", "not conform to RFC 5280"),
        (GENERALIZED_TIME, b"20271128220000.5Z", "not conform to RFC 5280"),
        (GENERALIZED_TIME, b"20271328220000Z", "month must be in 1..12"),
        (0x0C, b"20271128220000Z", "not a DER certificate"),
    ],
)
def test_a_time_that_is_none_is_refused(tag: int, text: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_expiry(handmade(tag, text))


def test_of_a_chain_the_first_counts_whatever_stands_before_it() -> None:
    key = KEY.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    own, authority = (issued(BEGIN.replace(year=year)) for year in (2027, 2036))
    assert parse_expiry(key + b"Subject: CN=host\n" + own + authority) == seconds(2027, 1, 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "no PEM certificate"),
        (b"\xff\x00junk", "no PEM certificate"),
        (issued(BEGIN.replace(year=2027))[:-30], "no PEM certificate"),
        (pem(b""), "not a DER certificate"),
        (pem(b"\x30"), "not a DER certificate"),
        (pem(b"\x30\x82\x01\x00\x30"), "truncated"),
        (pem(b"\x30\x80\x30\x80"), "not a DER certificate"),
        (b"-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----", "base64"),
    ],
)
def test_what_is_no_certificate_is_refused(text: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_expiry(text)


@given(st.binary(max_size=64), st.integers(0, 500), st.integers(0, 255))
def test_damage_never_ends_in_another_error(junk: bytes, at: int, value: int) -> None:
    whole = base64.b64decode(b"".join(issued(BEGIN.replace(year=2027)).splitlines()[1:-1]))
    at %= len(whole)
    for damaged in (junk, whole[:at], whole[:at] + bytes((value,)) + whole[at + 1 :]):
        with contextlib.suppress(ValueError):
            assert isinstance(parse_expiry(pem(damaged)), float)


def settings(path: Path) -> StoreSettings:
    tls = Tls("/etc/weft/tls/ca.pem", str(path), "/etc/weft/tls/agent.key")
    return StoreSettings(("https://192.0.2.1:2379",), tls=tls)


def test_the_hosts_own_certificate_is_read(tmp_path: Path) -> None:
    path = tmp_path / "agent.pem"
    path.write_bytes(issued(BEGIN.replace(year=2027)))
    assert store_certificate_expiry(settings(path)) == seconds(2027, 1, 1)


def test_a_host_without_a_certificate_has_no_end() -> None:
    assert store_certificate_expiry(StoreSettings()) is None
    tls = Tls("/etc/weft/tls/ca.pem")
    assert store_certificate_expiry(StoreSettings(("https://192.0.2.1",), tls=tls)) is None


def test_a_certificate_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "agent.pem"
    with pytest.raises(CertificateError, match=f"{path} cannot be read: No such file"):
        store_certificate_expiry(settings(path))
    path.write_text("junk")
    with pytest.raises(
        CertificateError, match=f"{path} cannot be read: it contains no PEM certificate"
    ):
        store_certificate_expiry(settings(path))
