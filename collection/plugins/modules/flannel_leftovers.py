#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove the firewall rules, routes, devices and files of a stopped flanneld."""

from __future__ import annotations

DOCUMENTATION = r"""
module: flannel_leftovers
short_description: Remove the firewall rules, routes, devices and files of a stopped flanneld
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - flanneld does not clean up when it stops. This module removes its firewall rules, routes and
    devices, and the files with which it has set the address of Docker's bridge.
  - Objects that cannot be identified as flannel's are kept, and so are all objects of weft.
  - It does not stop flanneld. Stop it first, because a running flanneld restores its objects. It
    does not restart dockerd.
extends_documentation_fragment:
  - weft.overlay.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  parts:
    description:
      - The kinds of objects to remove.
      - V(docker_options) are O(drop_ins) and O(environment_files). Remove these, and set dockerd's
        options by other means, before flanneld is stopped. Remove the other parts afterwards.
      - V(firewall) are the chains C(FLANNEL-POSTRTG) and C(FLANNEL-FWD) of iptables, rules with
        flannel's comments elsewhere, and the tables C(flannel-ipv4) and C(flannel-ipv6) of
        nftables. Both variants of iptables, legacy and nft, are searched.
      - V(routes) are routes of the main table inside O(network), either over one of O(devices), or
        with the protocol C(boot) and a gateway. Routes of weft are kept.
      - V(devices) are TUN and VXLAN devices that match O(devices) and not O(keep_devices).
    type: list
    elements: str
    choices: [docker_options, firewall, routes, devices]
    default: [docker_options, firewall, routes, devices]
  network:
    description:
      - The overlay's network, such as V(100.96.0.0/16).
      - Required if O(parts) contains V(routes).
    type: str
  devices:
    description: Shell patterns of the names of flannel's devices.
    type: list
    elements: str
    default: [flannel0, flannel.*, flannel-v6.*]
  keep_devices:
    description: Names of devices to keep, such as weft's device, which may have flannel's name.
    type: list
    elements: str
    default: []
  drop_ins:
    description:
      - Shell patterns of the drop-ins of O(unit).
      - A matching file that mentions neither flannel nor one of O(environment_files) is kept, with
        a warning.
    type: list
    elements: path
    default:
      - /etc/systemd/system/docker.service.d/*flannel*.conf
      - /run/systemd/system/docker.service.d/*flannel*.conf
  environment_files:
    description:
      - The files to which C(mk-docker-opts.sh) writes dockerd's options.
      - A file without C(--bip), C(--mtu) and C(--ip-masq) is kept.
    type: list
    elements: path
    default:
      - /run/docker_opts.env
      - /run/flannel/docker
      - /run/flannel/docker_opts.env
      - /run/flannel/flannel_docker_opts.env
      - /run/flannel_docker_opts.env
  backup:
    description:
      - Keep a copy of each drop-in in the same directory. The copy has a timestamp in its name, so
        that systemd does not read it.
    type: bool
    default: false
  unit:
    description: The systemd unit that runs dockerd.
    type: str
    default: docker.service
  unit_load_path:
    description:
      - The directories of systemd's units, in the order of precedence.
      - The default is the load path of systemd's system manager.
    type: list
    elements: path
notes:
  - The module fails, before anything is changed, if O(unit) would not start without one of
    O(environment_files).
seealso:
  - module: weft.overlay.docker_bip
"""

EXAMPLES = r"""
- name: Remove the files that set dockerd's options
  weft.overlay.flannel_leftovers:
    parts: [docker_options]
    backup: true

- name: Stop flannel
  ansible.builtin.systemd_service:
    name: flanneld.service
    state: stopped
    enabled: false

- name: Remove the other parts
  weft.overlay.flannel_leftovers:
    parts: [firewall, routes, devices]
    network: 100.96.0.0/16
    keep_devices: [flannel0]
"""

RETURN = r"""
files:
  description: The removed drop-ins and environment files. In check mode, those to remove.
  returned: success
  type: list
  elements: str
  sample: [/etc/systemd/system/docker.service.d/flannel.conf, /run/flannel/docker]
rules:
  description:
    - The removed iptables rules, each after the iptables command that lists it. In check mode,
      those to remove.
  returned: success
  type: list
  elements: str
  sample:
    - iptables-nft -t filter -A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
tables:
  description: The removed nftables tables. In check mode, those to remove.
  returned: success
  type: list
  elements: str
  sample: [table ip flannel-ipv4]
routes:
  description: The removed routes. In check mode, those to remove.
  returned: success
  type: list
  elements: str
  sample: [100.96.2.0/24 via 192.0.2.12 dev eth0 proto 3]
devices:
  description: The removed devices. In check mode, those to remove.
  returned: success
  type: list
  elements: str
  sample: [flannel.1]
backup_files:
  description: The copies of the drop-ins.
  returned: O(backup=true) and not in check mode
  type: list
  elements: str
  sample: [/etc/systemd/system/docker.service.d/flannel.conf.4711.2026-01-31@12:00:00~]
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.flannel.docker_options import (
    DROP_INS,
    ENVIRONMENT_FILES,
    left_drop_ins,
    left_environment_files,
    refuse_required,
)
from ansible_collections.weft.overlay.plugins.module_utils.flannel.errors import LeftoverError
from ansible_collections.weft.overlay.plugins.module_utils.flannel.links import (
    DEVICE_PATTERNS,
    LeftRoute,
    left_devices,
    left_routes,
)
from ansible_collections.weft.overlay.plugins.module_utils.flannel.rules import (
    NftTable,
    RulesRemoval,
    parse_nft_tables,
    rules_removal,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.invocation import (
    LOAD_PATH,
    read_unit,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.firewall import parse_rules

PARTS = ["docker_options", "firewall", "routes", "devices"]
SYSTEMD_RUNS = Path("/run/systemd/system")  # sd_booted(3)

# Seconds to wait for the lock of legacy iptables, which another program may hold.
_LOCK_WAIT = 5


@dataclass(frozen=True, slots=True)
class Leftovers:
    """The objects to remove; rules by the command that lists them, files with their content."""

    drop_ins: dict[Path, str]
    environment: dict[Path, str]
    rules: dict[str, RulesRemoval]
    tables: tuple[NftTable, ...]
    routes: tuple[LeftRoute, ...]
    devices: tuple[str, ...]

    def lines(self) -> dict[str, list[str]]:
        """Return the objects as text, by kind."""
        return {
            "files": [str(path) for path in (*self.drop_ins, *self.environment)],
            "rules": [
                f"{command} {rule}" for command, found in self.rules.items() for rule in found.rules
            ],
            "tables": [str(table) for table in self.tables],
            "routes": [str(route) for route in self.routes],
            "devices": list(self.devices),
        }

    def diff(self) -> list[dict[str, str]]:
        """Return the diff: files with their content, other objects as lines of one document."""
        files = [
            _removed(str(path), text) for path, text in (self.drop_ins | self.environment).items()
        ]
        others = [line for kind, lines in self.lines().items() if kind != "files" for line in lines]
        return [*files, *([_removed("the kernel", "\n".join(others) + "\n")] if others else [])]


def _removed(header: str, text: str) -> dict[str, str]:
    return {"before_header": header, "after_header": header, "before": text, "after": ""}


class FlannelLeftovers:
    """Finds and removes flannel's objects."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.params = module.params

    def run(self) -> dict[str, Any]:
        """Find the objects, remove them unless in check mode, and return the result."""
        leftovers = self._find()
        lines = leftovers.lines()
        result: dict[str, Any] = {
            "changed": any(lines.values()),
            "diff": leftovers.diff(),
            **lines,
        }
        if result["changed"] and not self.module.check_mode:
            copies = self._remove(leftovers)
            if self.params["backup"]:
                result["backup_files"] = copies
        return result

    def _find(self) -> Leftovers:
        parts = self.params["parts"]
        drop_ins, environment = self._files() if "docker_options" in parts else ({}, {})
        firewall = "firewall" in parts
        return Leftovers(
            drop_ins,
            environment,
            rules=self._rules() if firewall else {},
            tables=self._tables() if firewall else (),
            routes=self._routes() if "routes" in parts else (),
            devices=self._devices() if "devices" in parts else (),
        )

    def _files(self) -> tuple[dict[Path, str], dict[Path, str]]:
        names = self.params["environment_files"]
        drop_ins = _texts(
            path
            for pattern in self.params["drop_ins"]
            for path in sorted(Path("/").glob(pattern.lstrip("/")))
        )
        environment = _texts(names)
        removed = left_drop_ins(drop_ins, names)
        for path in drop_ins.keys() - removed:
            self.module.warn(f"{path} is kept: it does not mention flannel")
        removed_environment = left_environment_files(environment)
        load_path = [Path(directory) for directory in self.params["unit_load_path"] or LOAD_PATH]
        refuse_required(read_unit(self.params["unit"], load_path), [*removed, *removed_environment])
        return (
            {path: drop_ins[path] for path in removed},
            {path: environment[path] for path in removed_environment},
        )

    def _rules(self) -> dict[str, RulesRemoval]:
        found = {
            command: rules_removal(parse_rules(self._run(f"{command}-save")))
            for command in self._iptables()
        }
        return {command: removal for command, removal in found.items() if removal.rules}

    def _iptables(self) -> list[str]:
        """Return the iptables commands of the host, one for each variant."""
        commands = []
        for family in ("iptables", "ip6tables"):
            kinds = [f"{family}-nft", f"{family}-legacy"]
            found = [kind for kind in kinds if self.module.get_bin_path(f"{kind}-save")]
            plain = [family] if self.module.get_bin_path(f"{family}-save") else []
            commands += found or plain
        return commands

    def _tables(self) -> tuple[NftTable, ...]:
        if not self.module.get_bin_path("nft"):
            return ()
        return parse_nft_tables(self._run("nft", "-j", "list", "tables"))

    def _routes(self) -> tuple[LeftRoute, ...]:
        try:
            network = IPv4Network(self.params["network"])
        except ValueError as error:
            raise LeftoverError(
                f"network is {self.params['network']!r}: {error}. Write it like 100.96.0.0/16."
            ) from error
        text = self._run("ip", "-N", "-j", "-d", "-4", "route", "show")
        return left_routes(text, network, self.params["devices"])

    def _devices(self) -> tuple[str, ...]:
        text = self._run("ip", "-N", "-j", "-d", "link", "show")
        return left_devices(text, self.params["devices"], self.params["keep_devices"])

    def _remove(self, leftovers: Leftovers) -> list[str]:
        """Remove all objects and return the paths of the copies of the drop-ins."""
        copies = []
        for path in (*leftovers.drop_ins, *leftovers.environment):
            if self.params["backup"] and path in leftovers.drop_ins:
                copies.append(str(self.module.backup_local(str(path))))
            path.unlink()
        if leftovers.drop_ins and SYSTEMD_RUNS.is_dir():
            self._run("systemctl", "daemon-reload")
        for command, removal in leftovers.rules.items():
            restore = (f"{command}-restore", "--noflush", f"--wait={_LOCK_WAIT}")
            self._run(*restore, text=removal.restore)
        for table in leftovers.tables:
            self._run("nft", "delete", "table", table.family, table.name)
        for route in leftovers.routes:
            self._run("ip", "route", "delete", *route.words())
        for device in leftovers.devices:
            self._run("ip", "link", "delete", "dev", device)
        return copies

    def _run(self, program: str, *arguments: str, text: str | None = None) -> str:
        path = self.module.get_bin_path(program, required=True)
        _code, output, _error = self.module.run_command(
            [path, *arguments], data=text, check_rc=True
        )
        return str(output)


def _texts(paths: Iterable[str | Path]) -> dict[Path, str]:
    return {
        path: path.read_text(encoding="utf-8", errors="replace")
        for path in map(Path, paths)
        if path.is_file()
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "parts": {"type": "list", "elements": "str", "choices": PARTS, "default": PARTS},
            "network": {"type": "str"},
            "devices": {"type": "list", "elements": "str", "default": list(DEVICE_PATTERNS)},
            "keep_devices": {"type": "list", "elements": "str", "default": []},
            "drop_ins": {"type": "list", "elements": "path", "default": list(DROP_INS)},
            "environment_files": {
                "type": "list",
                "elements": "path",
                "default": list(ENVIRONMENT_FILES),
            },
            "backup": {"type": "bool", "default": False},
            "unit": {"type": "str", "default": "docker.service"},
            "unit_load_path": {"type": "list", "elements": "path"},
        },
        supports_check_mode=True,
    )
    if "routes" in module.params["parts"] and module.params["network"] is None:
        module.fail_json(msg="network is required to identify flannel's routes: set it")
    try:
        result = FlannelLeftovers(module).run()
    except (LeftoverError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
