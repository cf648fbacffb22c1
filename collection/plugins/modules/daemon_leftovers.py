#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove the devices, routes and rules that a stopped weftd leaves in the kernel."""

from __future__ import annotations

DOCUMENTATION = r"""
module: daemon_leftovers
short_description: Remove the devices, routes and rules of a stopped weftd
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Internal to the collection. The playbook C(remove_host) uses it.
  - C(weftd) does not remove the overlay when it stops, so that traffic continues while it is
    restarted or upgraded. This module removes the overlay from a host on which the daemon will not
    be started again.
  - It removes devices with weft's alias, routes with weft's protocol number, and the chains
    C(WEFT-FORWARD), C(WEFT-POSTROUTING) and C(WEFT-PREROUTING) with the jumps to them, from both
    variants of iptables, nft and legacy. Nothing else is changed.
  - It does not stop the daemon. Stop it first, because a running daemon restores the overlay.
extends_documentation_fragment:
  - weft.overlay.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
seealso:
  - module: weft.overlay.daemon
  - module: weft.overlay.flannel_leftovers
"""

EXAMPLES = r"""
- name: Stop the daemon
  ansible.builtin.systemd_service:
    name: "{{ item }}"
    state: stopped
    enabled: false
  loop:
    - weftd.service
    - weft-datapath.service

- name: Remove the overlay
  weft.overlay.daemon_leftovers:
"""

RETURN = r"""
devices:
  description: The removed devices. In check mode, those that would be removed.
  returned: success
  type: list
  elements: str
  sample: [flannel0]
routes:
  description: The removed routes. In check mode, those that would be removed.
  returned: success
  type: list
  elements: str
  sample: [100.96.2.0/24 via 192.0.2.12 dev eth0]
rules:
  description:
    - The removed iptables rules, each after the iptables command that lists it. In check mode,
      those that would be removed.
  returned: success
  type: list
  elements: str
  sample: [iptables-nft -t filter -A FORWARD -j WEFT-FORWARD]
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.host_state import own_devices
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.firewall import (
    Tables,
    parse_rules,
    plan_removal,
    weft_rules,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.state import ROUTE_PROTOCOL

# Seconds to wait for the lock of legacy iptables, which another program may hold.
_LOCK_WAIT = 5
_ROUTES = ("table", "main", "protocol", str(ROUTE_PROTOCOL))


@dataclass(frozen=True, slots=True)
class Leftovers:
    """The objects to remove; tables by the iptables command that lists them."""

    devices: tuple[str, ...]
    routes: tuple[str, ...]
    tables: Mapping[str, Tables]

    def lines(self) -> dict[str, list[str]]:
        """Return the objects as text, by kind."""
        return {
            "devices": list(self.devices),
            "routes": list(self.routes),
            "rules": [
                f"{command} {rule}"
                for command, tables in self.tables.items()
                for rule in weft_rules(tables)
            ],
        }


class DaemonLeftovers:
    """Finds and removes the objects of a stopped weftd."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module

    def run(self) -> dict[str, Any]:
        """Find the objects, remove them unless in check mode, and return the result."""
        leftovers = Leftovers(self._devices(), self._routes(), self._tables())
        lines = leftovers.lines()
        changed = any(lines.values())
        if changed and not self.module.check_mode:
            self._remove(leftovers)
        shown = "".join(f"{line}\n" for kind in lines.values() for line in kind)
        return {"changed": changed, "diff": {"before": shown, "after": ""}, **lines}

    def _devices(self) -> tuple[str, ...]:
        return own_devices(self._run("ip", "-N", "-j", "-d", "link", "show"))

    def _routes(self) -> tuple[str, ...]:
        text = self._run("ip", "-N", "-4", "route", "show", *_ROUTES)
        return tuple(line.strip() for line in text.splitlines())

    def _tables(self) -> dict[str, Tables]:
        """Return the tables of each iptables variant by its command."""
        kinds = ["iptables-nft", "iptables-legacy"]
        found = [kind for kind in kinds if self.module.get_bin_path(f"{kind}-save")]
        plain = ["iptables"] if self.module.get_bin_path("iptables-save") else []
        return {command: parse_rules(self._run(f"{command}-save")) for command in found or plain}

    def _remove(self, leftovers: Leftovers) -> None:
        for command, tables in leftovers.tables.items():
            rules = plan_removal(tables)
            if rules:
                restore = (f"{command}-restore", "--noflush", f"--wait={_LOCK_WAIT}")
                self._run(*restore, text=rules)
        if leftovers.routes:
            self._run("ip", "-4", "route", "flush", *_ROUTES)
        for device in leftovers.devices:
            self._run("ip", "link", "delete", "dev", device)

    def _run(self, program: str, *arguments: str, text: str | None = None) -> str:
        path = self.module.get_bin_path(program, required=True)
        _code, output, _error = self.module.run_command(
            [path, *arguments], data=text, check_rc=True
        )
        return str(output)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    module.exit_json(**DaemonLeftovers(module).run())


if __name__ == "__main__":
    main()
