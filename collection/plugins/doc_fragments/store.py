# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options by which modules and the inventory plugin reach the store."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of the store's options."""

    DOCUMENTATION = r"""
options:
  endpoints:
    description:
      - Client URLs of the members of etcd, tried one after the other until one answers.
      - V(https) needs O(ca_cert).
    type: list
    elements: str
    default:
      - http://127.0.0.1:2379
  prefix:
    description:
      - What all keys of the network begin with, as flannel's option C(--etcd-prefix).
    type: str
    default: /coreos.com/network
  ca_cert:
    description:
      - Path of the CA certificate that signed those of the members of etcd.
      - This and the other paths are of the machine that asks etcd. That is a module's host, and an
        inventory plugin's controller.
    type: path
  client_cert:
    description:
      - Path of the certificate by which etcd is to know who asks. Needs O(client_key).
    type: path
  client_key:
    description:
      - Path of the private key of O(client_cert).
    type: path
  user:
    description:
      - User to log in to etcd as. Needs O(password), and TLS by O(ca_cert).
    type: str
  password:
    description:
      - Password of O(user).
    type: str
  timeout:
    description:
      - Seconds within which each operation must get its answer from any of the endpoints.
    type: float
    default: 5
requirements:
  - "etcd3 (Debian and Ubuntu: python3-etcd3)"
  - Python 3.11 or newer
notes:
  - A module runs where etcd can be reached. One host of the fleet is enough, by C(run_once) or
    C(delegate_to).
"""
