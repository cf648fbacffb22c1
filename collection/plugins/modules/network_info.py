#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the network configuration from etcd."""

from __future__ import annotations

DOCUMENTATION = r"""
module: network_info
short_description: Read the network configuration from etcd
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Returns the network configuration that all hosts read, parsed as weft and flannel parse it.
  - An invalid configuration is returned with the reason; the module does not fail.
extends_documentation_fragment:
  - weft.overlay.store
  - weft.overlay.attributes
  - weft.overlay.attributes.actiongroup_weft
  - weft.overlay.attributes.info_module
seealso:
  - module: weft.overlay.network
"""

EXAMPLES = r"""
- name: Read the network
  weft.overlay.network_info:
  run_once: true
  register: overlay

- name: Show how many subnets are leased
  ansible.builtin.debug:
    msg: "{{ overlay.leases }} of {{ overlay.capacity }} subnets are leased"
"""

RETURN = r"""
exists:
  description: Whether a configuration is published.
  returned: success
  type: bool
  sample: true
key:
  description: Key of the configuration in etcd.
  returned: success
  type: str
  sample: /coreos.com/network/config
network:
  description: The configuration with all defaults, in flannel's spelling. None if there is none, or
    if it is invalid.
  returned: success
  type: dict
  sample:
    Network: 100.96.0.0/16
    SubnetLen: 24
    SubnetMin: 100.96.1.0
    SubnetMax: 100.96.255.0
    Backend:
      Type: udp
      Port: 8285
text:
  description: The stored configuration as text. None if there is none.
  returned: success
  type: str
  sample: '{"Network": "100.96.0.0/16", "Backend": {"Type": "udp"}}'
error:
  description: Why the stored configuration is invalid. None if it is valid.
  returned: success
  type: str
  sample: null
capacity:
  description: Number of subnets in the range of the network.
  returned: success
  type: int
  sample: 255
leases:
  description: Number of leases.
  returned: success
  type: int
  sample: 3
revision:
  description: etcd revision at which the configuration was last written.
  returned: success
  type: int
  sample: 7
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.store_connection import (
    open_store,
    store_options,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import config_key
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.network import (
    NetworkError,
    network_document,
)


def main() -> None:
    module = AnsibleModule(argument_spec=store_options(), supports_check_mode=True)
    with open_store(module) as store:
        snapshot = store.snapshot()
        network = error = None
        if snapshot.network is not None:
            try:
                network = snapshot.network.parse()
            except NetworkError as reason:
                error = str(reason)
        module.exit_json(
            changed=False,
            exists=snapshot.network is not None,
            key=config_key(store.prefix),
            network=network_document(network) if network else None,
            text=snapshot.network.text if snapshot.network else None,
            error=error,
            capacity=network.capacity if network else None,
            leases=len(snapshot.leases),
            revision=snapshot.network_revision or None,
        )


if __name__ == "__main__":
    main()
