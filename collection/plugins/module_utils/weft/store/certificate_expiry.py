# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The validity of a certificate: notBefore and notAfter, by RFC 5280 (section 4.1) and X.690 (DER).

Parsed here because no other parser is on every host: Python's ssl decodes certificates of peers
only, and neither cryptography nor the command openssl need be installed. Signatures are not
verified; the TLS handshake does that.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import WeftError

if TYPE_CHECKING:  # `weftctl status` does not load the settings
    from .settings import StoreSettings

# Seconds before the expiry at which to warn. site.yml renews a certificate 30 days before, so with
# fewer days left it has not run for a while.
SOON = 21 * 86400

# Tags of DER: X.690, section 8; the context-specific [0] is the version's.
_INTEGER, _SEQUENCE, _VERSION = 0x02, 0x30, 0xA0
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
# RFC 5280, section 4.1.2.5: both in UTC, with seconds and without fractions of them.
_UTC_TIME_FORM = re.compile(rb"\d{12}Z")
_GENERALIZED_TIME_FORM = re.compile(rb"\d{14}Z")
# RFC 7468, section 5. The first certificate of a chain is the holder's own.
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)


class CertificateError(WeftError):
    """A certificate cannot be read; the message names the file and the reason."""


@dataclass(frozen=True, slots=True)
class Validity:
    """The time in which a certificate is valid, in seconds since the epoch."""

    begin: float
    end: float


def store_certificate_expiry(settings: StoreSettings) -> float | None:
    """Return the expiry of this host's client certificate of etcd, in seconds since the epoch.

    None if the settings have no certificate. Raises CertificateError.
    """
    validity = store_certificate_validity(settings)
    return None if validity is None else validity.end


def store_certificate_validity(settings: StoreSettings) -> Validity | None:
    """Return the validity of this host's client certificate of etcd, as the function above."""
    path = settings.client_certificate
    return None if path is None else _read_validity(path)


@dataclass(frozen=True, slots=True)
class ValidityProblem:
    """Why a certificate is not valid now, with the fix; `early`: it is not valid yet."""

    text: str
    early: bool


def validity_problem(settings: StoreSettings, now: float) -> ValidityProblem | None:
    """Return which certificate of the settings is not valid now, None if all are.

    `now` is in seconds since the epoch. A file that cannot be read is left out.
    """
    paths = (settings.client_certificate, settings.tls.ca if settings.tls else None)
    for path in filter(None, paths):
        with contextlib.suppress(CertificateError):
            validity = _read_validity(path)
            if now < validity.begin:
                return ValidityProblem(
                    f"the certificate {path} is valid from {_utc(validity.begin)}, but the clock "
                    f"of this host is at {_utc(now)}: set the clock ('timedatectl set-ntp true')",
                    early=True,
                )
            if now > validity.end:
                return ValidityProblem(
                    f"the certificate {path} expired at {_utc(validity.end)}: renew it with "
                    "'ansible-playbook -i hosts.yml weft.overlay.rotate' on the controller, or set "
                    f"the clock of this host if it is not {_utc(now)}",
                    early=False,
                )
    return None


def _read_validity(path: str) -> Validity:
    try:
        return parse_validity(Path(path).read_bytes())
    except OSError as error:
        raise CertificateError(
            f"the certificate {path} cannot be read: {error.strerror}"
        ) from error
    except ValueError as error:
        raise CertificateError(f"the certificate {path} cannot be read: {error}") from error


def _utc(moment: float) -> str:
    return f"{datetime.datetime.fromtimestamp(moment, datetime.UTC):%Y-%m-%d %H:%M:%S} UTC"


def parse_expiry(pem: bytes) -> float:
    """Return the notAfter of the first certificate of a PEM text, as `parse_validity` does."""
    return parse_validity(pem).end


def parse_validity(pem: bytes) -> Validity:
    """Return the validity of the first certificate of a PEM text.

    Raises ValueError if there is no certificate, or if it does not conform to RFC 5280.
    """
    found = _PEM.search(pem)
    if found is None:
        raise ValueError("it contains no PEM certificate")
    certificate = _Reader(base64.b64decode(b"".join(found[1].split()), validate=True))
    fields = _Reader(_Reader(certificate.take(_SEQUENCE)).take(_SEQUENCE))
    if fields.next_tag == _VERSION:
        fields.take(_VERSION)
    for tag in (_INTEGER, _SEQUENCE, _SEQUENCE):  # serialNumber, signature, issuer
        fields.take(tag)
    validity = _Reader(fields.take(_SEQUENCE))
    return Validity(begin=_time(validity).timestamp(), end=_time(validity).timestamp())


class _Reader:
    """Reads the elements of DER in order; each has a tag, a length and a content."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def next_tag(self) -> int | None:
        return self._data[0] if self._data else None

    def take(self, tag: int) -> bytes:
        """Return the content of the next element, which must have *tag*. Raises ValueError."""
        if self.next_tag != tag or len(self._data) < 2:
            raise ValueError("it is not a DER certificate")
        start, length = 2, self._data[1]
        if length >= 0x80:  # X.690, section 8.1.3.5: the number of octets of the length
            start += length - 0x80
            length = int.from_bytes(self._data[2:start], "big")
        end = start + length
        if end > len(self._data):
            raise ValueError("it is truncated")
        content, self._data = self._data[start:end], self._data[end:]
        return content


def _time(reader: _Reader) -> datetime.datetime:
    tag = _UTC_TIME if reader.next_tag == _UTC_TIME else _GENERALIZED_TIME
    text = reader.take(tag)
    form = _UTC_TIME_FORM if tag == _UTC_TIME else _GENERALIZED_TIME_FORM
    if not form.fullmatch(text):
        raise ValueError(f"its time {text!r} does not conform to RFC 5280")
    digits = text[:-1].decode("ascii")
    if tag == _UTC_TIME:
        # RFC 5280, section 4.1.2.5.1: the years from 1950 to 2049.
        digits = ("19" if digits[:2] >= "50" else "20") + digits
    year, rest = int(digits[:4]), digits[4:]
    month, day, hour, minute, second = (int(rest[at : at + 2]) for at in range(0, 10, 2))
    return datetime.datetime(year, month, day, hour, minute, second, tzinfo=datetime.UTC)
