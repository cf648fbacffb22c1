# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options by which modules run etcdctl."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of etcdctl's options."""

    DOCUMENTATION = r"""
options:
  ca_cert:
    description:
      - Path, on the host that runs the module, of the CA certificate that signed the certificates
        of the members.
      - The default is C(ETCDCTL_CACERT) of the task's environment.
    type: path
  client_cert:
    description:
      - Path of the certificate with which etcdctl identifies itself.
      - The default is C(ETCDCTL_CERT) of the task's environment.
    type: path
  client_key:
    description:
      - Path of the private key of O(client_cert).
      - The default is C(ETCDCTL_KEY) of the task's environment.
    type: path
requirements:
  - "etcdctl 3.4 or newer (Debian and Ubuntu: etcd-client)"
  - Python 3.11 or newer
"""
