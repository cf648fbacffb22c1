#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take away what a stopped daemon of weft leaves in a host's kernel."""

from __future__ import annotations

DOCUMENTATION = r"""
module: daemon_leftovers
short_description: Take away what a stopped daemon of weft leaves in the kernel
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - C(weftd) leaves the overlay as it is when it stops, so that packets go on while it is restarted
    or upgraded. This module takes the overlay away, where the daemon is not to come back.
  - It takes devices that bear weft's alias, routes of weft's protocol number, and the chains
    C(WEFT-FORWARD), C(WEFT-POSTROUTING) and C(WEFT-PREROUTING) with the jumps to them, in either
    kind of iptables. All else stays.
  - It stops no daemon, which would make the same anew.
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

- name: Take the overlay away
  weft.overlay.daemon_leftovers:
"""

RETURN = r"""
devices:
  description: The devices that went, or would go.
  returned: success
  type: list
  elements: str
  sample: [flannel0]
routes:
  description: The routes that went, or would go.
  returned: success
  type: list
  elements: str
  sample: [100.96.2.0/24 via 192.0.2.12 dev eth0]
rules:
  description: The rules of iptables that went, or would go, each behind the command that reads it.
  returned: success
  type: list
  elements: str
  sample: [iptables-nft -t filter -A FORWARD -j WEFT-FORWARD]
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.host_state.listing import own_devices
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.firewall import (
    Tables,
    own_rules,
    parse_saved,
    plan_removal,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.state import ROUTE_PROTOCOL

# Another program may hold the lock of legacy iptables for a moment, in seconds.
_LOCK_WAIT = 5
_ROUTES = ("table", "main", "protocol", str(ROUTE_PROTOCOL))


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What is to go; tables by the command of iptables that has them."""

    devices: tuple[str, ...]
    routes: tuple[str, ...]
    tables: Mapping[str, Tables]

    def lines(self) -> dict[str, list[str]]:
        """Return what is to go in words, by kind."""
        return {
            "devices": list(self.devices),
            "routes": list(self.routes),
            "rules": [
                f"{command} {rule}"
                for command, tables in self.tables.items()
                for rule in own_rules(tables)
            ],
        }


class DaemonLeftovers:
    """Looks for what weftd left, and takes it away."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module

    def run(self) -> dict[str, Any]:
        """Read everything, decide once, take away what is to go, and return the result."""
        leftovers = Leftovers(self._devices(), self._routes(), self._tables())
        lines = leftovers.lines()
        changed = any(lines.values())
        if changed and not self.module.check_mode:
            self._take_away(leftovers)
        shown = "".join(f"{line}\n" for kind in lines.values() for line in kind)
        return {"changed": changed, "diff": {"before": shown, "after": ""}, **lines}

    def _devices(self) -> tuple[str, ...]:
        return own_devices(self._run("ip", "-N", "-j", "-d", "link", "show"))

    def _routes(self) -> tuple[str, ...]:
        text = self._run("ip", "-N", "-4", "route", "show", *_ROUTES)
        return tuple(line.strip() for line in text.splitlines())

    def _tables(self) -> dict[str, Tables]:
        """Return the tables of legacy and of nft iptables, by name where there are both."""
        kinds = ["iptables-nft", "iptables-legacy"]
        there = [kind for kind in kinds if self.module.get_bin_path(f"{kind}-save")]
        plain = ["iptables"] if self.module.get_bin_path("iptables-save") else []
        return {command: parse_saved(self._run(f"{command}-save")) for command in there or plain}

    def _take_away(self, leftovers: Leftovers) -> None:
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
