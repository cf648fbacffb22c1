# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options by which modules and the inventory plugin connect to etcd."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of the connection options."""

    DOCUMENTATION = r"""
options:
  endpoints:
    description:
      - Client URLs of the members of etcd, tried in order until one answers.
      - V(https) requires O(ca_cert).
    type: list
    elements: str
    default:
      - http://127.0.0.1:2379
  prefix:
    description:
      - Prefix of all keys of the network in etcd, as in flannel's option C(--etcd-prefix).
    type: str
    default: /coreos.com/network
  ca_cert:
    description:
      - Path of the CA certificate that signed the certificates of the etcd members.
      - This and the other paths are on the machine that connects to etcd, which is the host of a
        module, and the controller for an inventory plugin.
    type: path
  client_cert:
    description:
      - Path of the client certificate. Requires O(client_key).
    type: path
  client_key:
    description:
      - Path of the private key of O(client_cert).
    type: path
  user:
    description:
      - User to log in to etcd as. Requires O(password), and TLS by O(ca_cert).
    type: str
  password:
    description:
      - Password of O(user).
    type: str
  timeout:
    description:
      - Timeout of each operation in seconds, over all endpoints together.
    type: float
    default: 5
requirements:
  - "etcd3 (Debian and Ubuntu: python3-etcd3)"
  - Python 3.11 or newer
notes:
  - Run the module on a host that can connect to etcd. One host is enough, with C(run_once) or
    C(delegate_to).
"""
