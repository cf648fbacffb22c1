# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares a certificate with the requested one. The only file that imports cryptography."""

from __future__ import annotations

import datetime
import ipaddress
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
except ImportError:
    LIBRARY_ERROR: str | None = traceback.format_exc()
else:
    LIBRARY_ERROR = None


@dataclass(frozen=True, slots=True)
class Request:
    """The requested certificate: addresses as ``IP:192.0.2.11``, usages as ``clientAuth``."""

    name: str
    addresses: tuple[str, ...]
    usages: tuple[str, ...]


def certificate_problems(
    key: bytes, certificate: bytes, trusted: bytes, request: Request, last: datetime.datetime
) -> Iterator[str]:
    """Yield a clause for each difference of a key and its certificate from the request.

    All are PEM; the first certificate of *trusted* is the signing CA. *last* is the time, in UTC,
    at which the certificate must still be valid.
    """
    try:
        private = serialization.load_pem_private_key(key, None)
    except (TypeError, ValueError):
        yield "the key cannot be read"
        return
    try:
        signed = x509.load_pem_x509_certificate(certificate)
    except ValueError:
        yield "the certificate cannot be read"
        return
    public: Any = private.public_key()
    if not isinstance(getattr(public, "curve", None), ec.SECP256R1):
        yield "the key is not a P-256 key"
    if _encoded(public) != _encoded(signed.public_key()):
        yield "the certificate does not belong to the key"
    yield from _field_problems(signed, request)
    try:
        authority = x509.load_pem_x509_certificate(trusted)
    except ValueError:
        yield "the CA certificate cannot be read"
        return
    if not _signed_by(signed, authority):
        yield "the certificate is not signed by the CA"
    ends = _end(signed)
    if ends < last:
        yield f"the certificate expires at {ends:%Y-%m-%d %H:%M:%S} UTC"


def _field_problems(signed: x509.Certificate, request: Request) -> Iterator[str]:
    if signed.subject != x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, request.name)]):
        yield f"the certificate is not for {request.name} but for {signed.subject.rfc4514_string()}"
    try:
        wanted = _extensions(request)
    except ValueError as error:
        # The role that creates certificates may support it.
        yield str(error)
        return
    given = [
        extension
        for extension in signed.extensions
        if not isinstance(extension.value, x509.SubjectKeyIdentifier | x509.AuthorityKeyIdentifier)
    ]
    if {each.oid: each for each in given} != {each.oid: each for each in wanted}:
        yield "the certificate has other addresses or usages"


def _extensions(request: Request) -> list[x509.Extension[Any]]:
    """Return the extensions that tasks/issue.yml of the role certificate requests."""
    digital_signature = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    values: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (digital_signature, True),
        (x509.ExtendedKeyUsage([_usage(usage) for usage in request.usages]), False),
    ]
    if request.addresses:
        names = [_general_name(address) for address in request.addresses]
        values.append((x509.SubjectAlternativeName(names), False))
    return [x509.Extension(value.oid, critical, value) for value, critical in values]


def _usage(name: str) -> x509.ObjectIdentifier:
    known = {
        "clientAuth": ExtendedKeyUsageOID.CLIENT_AUTH,
        "serverAuth": ExtendedKeyUsageOID.SERVER_AUTH,
    }
    if name not in known:
        raise ValueError(f"the usage {name!r} cannot be compared")
    return known[name]


def _general_name(address: str) -> x509.GeneralName:
    kind, _separator, value = address.partition(":")
    if kind == "IP":
        return x509.IPAddress(ipaddress.ip_address(value))
    if kind == "DNS":
        return x509.DNSName(value)
    raise ValueError(f"the address {address!r} cannot be compared")


def _encoded(public: Any) -> bytes:
    encoded: bytes = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return encoded


def _signed_by(signed: x509.Certificate, authority: x509.Certificate) -> bool:
    # verify_directly_issued_by needs cryptography 40.
    hashed = signed.signature_hash_algorithm
    public = authority.public_key()
    if signed.issuer != authority.subject or hashed is None:
        return False
    try:
        if isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signed.signature, signed.tbs_certificate_bytes, ec.ECDSA(hashed))
        elif isinstance(public, rsa.RSAPublicKey):
            public.verify(
                signed.signature, signed.tbs_certificate_bytes, padding.PKCS1v15(), hashed
            )
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _end(signed: x509.Certificate) -> datetime.datetime:
    # cryptography 42 has not_valid_after_utc, and deprecates the other.
    if hasattr(signed, "not_valid_after_utc"):
        return signed.not_valid_after_utc
    return signed.not_valid_after.replace(tzinfo=datetime.UTC)
