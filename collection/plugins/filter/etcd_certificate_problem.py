# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: the filter `weft.overlay.etcd_certificate_problem`, for user-provided certificates."""

from __future__ import annotations

DOCUMENTATION = r"""
name: etcd_certificate_problem
short_description: "Internal: return why an etcd member cannot use a certificate"
version_added: 1.0.0
description:
  - Internal to the role P(weft.overlay.etcd#role). Checks expiry, key, common name, subject
    alternative names and extended key usage, in this order, and returns the first problem.
positional: _input, key
options:
  _input:
    description: What M(community.crypto.x509_certificate_info) returned for the certificate.
    type: dict
    required: true
  key:
    description: What M(community.crypto.openssl_privatekey_info) returned for its key.
    type: dict
    required: true
  name:
    description: The common name that members accept. Empty accepts any.
    type: str
    default: ""
  addresses:
    description: The IPv4 addresses that the certificate must name.
    type: list
    elements: str
    default: []
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Check the certificate of the member
  ansible.builtin.assert:
    that: not certificate | weft.overlay.etcd_certificate_problem(key, addresses=['192.0.2.11'])
"""

RETURN = r"""
_value:
  description: A clause whose subject is the certificate, empty if there is no problem.
  type: str
"""

from collections.abc import Mapping, Sequence
from typing import Any

# Extended key usages, as OpenSSL names them.
_USAGES = ("TLS Web Server Authentication", "TLS Web Client Authentication")


def etcd_certificate_problem(
    certificate: Mapping[str, Any],
    key: Mapping[str, Any],
    name: str = "",
    addresses: Sequence[str] = (),
) -> str:
    """Return the first problem as a clause, empty if there is none."""
    if certificate["expired"]:
        return f"expired at {certificate['not_after']}: provide a new certificate"
    if _fingerprint(certificate) != _fingerprint(key):
        return "does not belong to the key: provide a certificate and its key again"
    common_name = certificate["subject"].get("commonName", "")
    if name and common_name != name:
        return (
            f"has the common name '{common_name}', but members accept only '{name}': provide a "
            "certificate with that name, or set etcd_member_name to the common name of all members"
        )
    names = certificate.get("subject_alt_name") or ()
    if missing := [f"IP:{address}" for address in addresses if f"IP:{address}" not in names]:
        return (
            f"is not for {', '.join(missing)}, by which the member is reached: provide a "
            "certificate with these subject alternative names"
        )
    usages = certificate.get("extended_key_usage") or ()
    if usages and set(_USAGES) - set(usages):
        return f"is only for {', '.join(usages)}: a member needs {' and '.join(_USAGES)}"
    return ""


def _fingerprint(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 fingerprint of the public key."""
    return str(document["public_key_fingerprints"]["sha256"])


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"etcd_certificate_problem": etcd_certificate_problem}
