#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set the address and the MTU of Docker's default bridge."""

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_bip
short_description: Set the address and MTU of Docker's default bridge
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Sets the address (C(bip)) and optionally the MTU (C(mtu)) of Docker's default bridge, so that
    its containers get addresses of the host's subnet in the overlay.
  - It manages these two options only. They are in exactly one file, either Docker's C(daemon.json)
    or a systemd drop-in. A change of O(carrier) moves them.
  - In C(daemon.json), the text of all other keys is unchanged, as are the file's mode and owner.
  - It never restarts Docker. If RV(restart_required) is true, use
    M(weft.overlay.docker_restart).
extends_documentation_fragment:
  - weft.overlay.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  state:
    description:
      - V(present) sets the options.
      - V(absent) removes the options that this module has set. An option whose value was changed
        since is kept.
    type: str
    choices: [present, absent]
    default: present
  bip:
    description:
      - The bridge's address with the subnet's prefix length, such as V(100.96.1.1/24).
      - Required if O(state=present).
    type: str
  mtu:
    description:
      - The MTU of the bridge and its containers, in bytes.
      - If it is not set, an MTU that this module has set is removed, and Docker's default applies.
    type: int
  carrier:
    description:
      - The settings file for the options.
      - V(daemon_json) writes them to O(path).
      - V(drop_in) writes them to O(drop_in), as flags on the command line of O(unit). Docker must
        be installed, because the drop-in repeats the unit's own command. Run the module again after
        an upgrade of Docker that changes the command.
    type: str
    choices: [daemon_json, drop_in]
    default: daemon_json
  path:
    description: Docker's configuration file.
    type: path
    default: /etc/docker/daemon.json
  unit:
    description: The systemd unit that runs dockerd.
    type: str
    default: docker.service
  drop_in:
    description:
      - The path of the drop-in with O(carrier=drop_in).
      - The default is C(50-weft-bip.conf) in the drop-in directory of O(unit) below
        C(/etc/systemd/system).
    type: path
  unit_load_path:
    description:
      - The directories of systemd's units, in the order of precedence.
      - The default is the load path of systemd's system manager.
    type: list
    elements: path
  bridge:
    description: The device of Docker's default bridge.
    type: str
    default: docker0
  socket:
    description:
      - The socket of Docker's API. The module queries the MTU of the running dockerd's default
        bridge.
    type: path
    default: /run/docker.sock
  overlay_network:
    description:
      - The overlay's network, such as V(100.96.0.0/16); O(bip) must be inside it.
      - Addresses and routes of the overlay may overlap with O(bip) only inside this network.
    type: str
  overlay_devices:
    description:
      - Shell patterns of the overlay's devices. Their addresses and routes may overlap with the
        subnet of O(bip).
    type: list
    elements: str
    default: [flannel*, weft*]
  backup:
    description: Keep a copy of O(path) beside it, with a timestamp, before it is changed.
    type: bool
    default: false
  record:
    description: The file in which the module records the options that it has set in O(path).
    type: path
    default: /etc/weft/docker_bip.json
  fallback:
    description:
      - The file in which to save the content of the files before a change, for a rollback by
        M(weft.overlay.docker_restart) with the same path. That module removes it after a successful
        start of dockerd.
      - If it is not set, nothing is saved.
      - Only root can read it.
    type: path
notes:
  - The module fails, before anything is written, if C(bip), C(mtu) or C(bridge) is also set
    elsewhere (in the unit, its drop-ins, their environment files such as C(/etc/default/docker), or
    C(daemon.json)), because dockerd would not start.
  - It also fails, before anything is written, if C(fixed-cidr) or C(default-gateway) is outside
    the subnet, if C(ip) is an address that the bridge loses, if one of C(default-address-pools)
    overlaps O(overlay_network), if the subnet overlaps an address or a route of the host, or if
    dockerd refuses its options as they are.
seealso:
  - module: weft.overlay.docker_restart
  - module: weft.overlay.subnet_reservation
"""

EXAMPLES = r"""
- name: Set the bridge's address to the first address of the host's subnet
  weft.overlay.docker_bip:
    bip: 100.96.1.1/24
    mtu: 1472
    overlay_network: 100.96.0.0/16
  register: bridge

- name: Restart Docker if its bridge differs
  weft.overlay.docker_restart:
  when: bridge.restart_required

- name: Set the options on dockerd's command line, if another tool writes daemon.json
  weft.overlay.docker_bip:
    bip: 100.96.1.1/24
    carrier: drop_in

- name: Remove the options
  weft.overlay.docker_bip:
    state: absent
"""

RETURN = r"""
bip:
  description: The bridge's address.
  returned: O(state=present)
  type: str
  sample: 100.96.1.1/24
mtu:
  description: The MTU in bytes, or null if none is set.
  returned: O(state=present)
  type: int
  sample: 1472
carrier_path:
  description: The settings file that has the options.
  returned: O(state=present)
  type: str
  sample: /etc/docker/daemon.json
owned:
  description: The options that this module has set on the host.
  returned: success
  type: list
  elements: str
  sample: [bip, mtu]
restart_required:
  description:
    - Whether dockerd must be restarted to apply the options.
    - With O(state=present), true if the bridge does not have the address, or dockerd's MTU differs,
      whether or not this run changed a file.
    - With O(state=absent), true if this run removed an option, or dockerd's MTU differs from its
      options, or the bridge has an address in O(overlay_network) that no file sets. The bridge
      keeps its address after a plain restart, see
      O(weft.overlay.docker_restart#module:own_address).
    - False if dockerd does not run.
  returned: success
  type: bool
mtu_only:
  description: Whether a restart would change the MTU only, because the bridge has the address.
  returned: success
  type: bool
unit_exists:
  description: Whether the host has the unit of dockerd.
  returned: success
  type: bool
socket_is_served:
  description: Whether a process listens at the socket of dockerd's API.
  returned: success
  type: bool
docker_running:
  description: Whether dockerd runs.
  returned: success
  type: bool
firewall:
  description:
    - The firewall backend of dockerd, such as V(iptables), iptables+firewalld or nftables. If
      dockerd does not run, that of C(daemon.json), or null.
  returned: success
  type: str
  sample: iptables
files_differ:
  description: Whether the files differed from the wanted options before this run.
  returned: success
  type: bool
bridge_addresses:
  description: The current IPv4 addresses of the bridge.
  returned: success
  type: list
  elements: str
  sample: [172.17.0.1/16]
bridge_in_network:
  description: Whether the bridge has an address in O(overlay_network).
  returned: success
  type: bool
bridge_mtu:
  description: The current MTU of the bridge in bytes, or null if it does not exist.
  returned: success
  type: int
  sample: 1500
backup_file:
  description: The path of the copy of O(path).
  returned: O(backup=true) and the file existed and was changed
  type: str
  sample: /etc/docker/daemon.json.4711.2026-01-31@12:00:00~
"""

import http.client
import re
from dataclasses import replace
from functools import cached_property
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.docker.addresses import (
    AllowedOverlaps,
    parse_addresses,
    parse_routes,
    refuse_overlap,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.bridge import (
    DEFAULT_MTU,
    BridgeState,
    EngineState,
    differs_in_mtu_only,
    parse_bridge,
    restart_required,
    restart_required_after_removal,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.bridge_subnet import (
    refuse_other_subnets,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.config_files import (
    Texts,
    read_text,
    read_texts,
    refuse_unwritable,
    write_texts,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.drop_in import (
    render_drop_in,
    temporary_drop_in_path,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.engine import EngineClient
from ansible_collections.weft.overlay.plugins.module_utils.docker.ownership import (
    Ownership,
    parse_ownership,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.saved_files import (
    parse_saved_files,
    save_before_change,
    serialise_saved_files,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.service import (
    SYSTEMD_RUNS,
    DockerService,
    ServiceError,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.settings import (
    BridgeSettings,
    parse_overlay_network,
    parse_settings,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.settings_files import (
    SettingsFiles,
    read_daemon_json,
    remove_settings,
    set_in_daemon_json,
    set_in_drop_in,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.conflicts import (
    flags_given,
    keys_given,
    refuse_conflicts,
    refuse_other_config_file,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.errors import BridgeError
from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.invocation import (
    LOAD_PATH,
    Invocation,
    read_invocation,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.state import ROUTE_PROTOCOL
from ansible_collections.weft.overlay.plugins.module_utils.weft.system.files import (
    make_directories,
    write_atomically,
)

# RFC 3986, section 3.2.1: a proxy URL in daemon.json may contain a password.
_USER_INFORMATION = re.compile(r"(?<=://)[^/@\s\"]+(?=@)")


# dockerd checks its options in less than a second.
_CHECK_SECONDS = 30


def _shown(text: str | None) -> str:
    return _USER_INFORMATION.sub("(secret)", text or "")


class DockerBip:
    """Sets the options in the settings file, or removes them."""

    def __init__(self, module: AnsibleModule) -> None:
        params = module.params
        self.module = module
        self.files = SettingsFiles(
            # If the path is a symbolic link, its target is replaced.
            daemon_json=Path(params["path"]).resolve(),
            drop_in=Path(
                params["drop_in"] or f"/etc/systemd/system/{params['unit']}.d/50-weft-bip.conf"
            ),
            record=Path(params["record"]),
        )
        self.in_drop_in = params["carrier"] == "drop_in"

    def run(self) -> dict[str, Any]:
        """Read the files, decide, write the changes unless in check mode, and return the result."""
        settings = self._settings()
        ownership = self._ownership()
        before = self._before(ownership)
        links = self._ip("address", "show")
        after = (
            self._with_settings(settings, ownership, before, links)
            if settings
            else remove_settings(self.files, ownership, before)
        )
        changes = {path: text for path, text in after.items() if text != before[path]}
        refuse_unwritable(changes)
        if changes and before[self.files.daemon_json] is not None:
            self._refuse_invalid_options()
        result = {
            "changed": bool(changes),
            "diff": [
                {
                    "before_header": str(path),
                    "after_header": str(path),
                    "before": _shown(before[path]),
                    "after": _shown(text),
                }
                for path, text in changes.items()
            ],
            **self._state(settings, {**before, **after}, links, changed=bool(changes)),
        }
        if changes and not self.module.check_mode:
            path = self.files.daemon_json
            if self.module.params["backup"] and path in changes and before[path] is not None:
                result["backup_file"] = self.module.backup_local(str(path))
            self._write(changes, before)
        return result

    def _settings(self) -> BridgeSettings | None:
        """Return the wanted settings, None for state absent."""
        params = self.module.params
        if params["state"] == "absent":
            return None
        return parse_settings(params["bip"], params["mtu"], self._overlay_network())

    def _overlay_network(self) -> IPv4Network | None:
        text = self.module.params["overlay_network"]
        return parse_overlay_network(text) if text else None

    def _ownership(self) -> Ownership | None:
        text = read_text(self.files.record)
        if text is None:
            return None
        ownership = parse_ownership(text, self.files.record)
        # The file may have become a symbolic link since.
        return replace(ownership, path=ownership.path.resolve())

    def _before(self, ownership: Ownership | None) -> Texts:
        files = self.files
        paths = {files.daemon_json, files.drop_in, files.record}
        if ownership:
            paths.add(ownership.path)
        return read_texts(paths)

    def _with_settings(
        self,
        settings: BridgeSettings,
        ownership: Ownership | None,
        before: Texts,
        links: str,
    ) -> Texts:
        """Return the wanted files. Raises BridgeError if they conflict with other settings."""
        path = self.files.daemon_json
        invocation = self._invocation
        if self.in_drop_in:
            drop_in = self._drop_in(invocation, settings, before)
            after = set_in_drop_in(self.files, drop_in, ownership, before)
        else:
            after = set_in_daemon_json(self.files, settings, ownership, before)
            self._warn_about_replaced_values(settings, ownership, before[path])
            refuse_other_config_file(invocation, path)
        keys = keys_given(path, read_daemon_json(path, after.get(path, before[path])).values())
        if not self.in_drop_in:
            keys = [entry for entry in keys if entry.option not in settings.options()]
        given = [*flags_given(invocation), *keys]
        refuse_conflicts(settings.options().keys(), given)
        refuse_other_subnets(
            settings,
            given,
            overlay_network=self._overlay_network(),
            bridge_addresses=parse_bridge(links, self.module.params["bridge"]).addresses,
        )
        used = [
            *parse_addresses(links),
            *parse_routes(self._ip("route", "show", "table", "all")),
        ]
        refuse_overlap(settings.bip.network, used, self._allowed_overlaps())
        return after

    def _refuse_invalid_options(self) -> None:
        """Raise BridgeError if dockerd refuses its options as they are, before a change."""
        command = self._invocation.words()
        if not command or not Path(command[0]).exists():
            return
        try:
            DockerService(self.module.params["unit"], _CHECK_SECONDS).check_options(command)
        except ServiceError as error:
            raise BridgeError(
                f"{self.files.daemon_json} was invalid before this run: {error}. Nothing was "
                "changed. Correct or remove this option, check the file with 'dockerd --validate', "
                "and run this again."
            ) from error

    def _warn_about_replaced_values(
        self, settings: BridgeSettings, ownership: Ownership | None, text: str | None
    ) -> None:
        path = self.files.daemon_json
        present = read_daemon_json(path, text).values()
        ours = ownership.options if ownership and ownership.path == path else {}
        for name, value in settings.options().items():
            if present.get(name, value) not in (value, ours.get(name)):
                self.module.warn(
                    f"{path} had {name} {present[name]!r}, which weft did not set: it is replaced "
                    f"by {value!r}, and state=absent will not restore it"
                )

    @cached_property
    def _invocation(self) -> Invocation:
        """How systemd starts dockerd, without what weft itself sets on its command line."""
        params = self.module.params
        load_path = [Path(directory) for directory in params["unit_load_path"] or LOAD_PATH]
        without = [self.files.drop_in, temporary_drop_in_path(params["unit"])]
        return read_invocation(params["unit"], load_path=load_path, without=without)

    def _drop_in(self, invocation: Invocation, settings: BridgeSettings, before: Texts) -> str:
        if invocation.command is None and self.module.check_mode:
            # In check mode, the tasks that install Docker have not run: this is not an error.
            self.module.warn(
                f"{self.module.params['unit']} does not exist yet: the drop-in, which repeats its "
                "command, cannot be predicted"
            )
            return before[self.files.drop_in] or ""
        return render_drop_in(self.files.drop_in, invocation, settings)

    def _allowed_overlaps(self) -> AllowedOverlaps:
        params = self.module.params
        return AllowedOverlaps(
            bridge=params["bridge"],
            overlay_devices=tuple(params["overlay_devices"]),
            route_protocol=ROUTE_PROTOCOL,
            overlay_network=self._overlay_network(),
        )

    def _state(
        self, settings: BridgeSettings | None, after: Texts, links: str, *, changed: bool
    ) -> dict[str, Any]:
        """Return the state of the host and the wanted settings as result fields."""
        bridge = parse_bridge(links, self.module.params["bridge"])
        engine = self._engine()
        path = self.files.daemon_json
        options = read_daemon_json(path, after[path]).values()
        state = {
            "docker_running": engine.running,
            "firewall": engine.firewall if engine.running else options.get("firewall-backend"),
            "unit_exists": self._invocation.command is not None,
            "socket_is_served": self._socket_is_served(),
            "mtu_only": settings is not None and differs_in_mtu_only(settings, bridge),
            "files_differ": changed,
            "bridge_addresses": [str(address) for address in bridge.addresses],
            "bridge_mtu": bridge.mtu,
            "bridge_in_network": self._is_in_network(bridge),
        }
        if settings is None:
            given = {
                entry.option: entry.value
                for entry in [*keys_given(path, options), *flags_given(self._invocation)]
            }
            return {
                **state,
                "owned": [],
                "restart_required": restart_required_after_removal(
                    given, bridge, engine, changed=changed, overlay_network=self._overlay_network()
                ),
            }
        return {
            **state,
            "bip": str(settings.bip),
            "mtu": settings.mtu,
            "owned": list(settings.options()),
            "carrier_path": str(self.files.drop_in if self.in_drop_in else path),
            "restart_required": restart_required(
                settings,
                bridge,
                engine,
                changed=changed,
                default_mtu=options.get("mtu", DEFAULT_MTU),
            ),
        }

    def _is_in_network(self, bridge: BridgeState) -> bool:
        network = self._overlay_network()
        return network is not None and any(entry.ip in network for entry in bridge.addresses)

    def _engine(self) -> EngineState:
        socket = self.module.params["socket"]
        booted = SYSTEMD_RUNS.is_dir()
        if booted:
            command = ["systemctl", "is-active", "--quiet", self.module.params["unit"]]
            code, _output, _error = self.module.run_command(command)
            # systemd may listen on the socket: a connection would start dockerd.
            if code != 0:
                return EngineState(running=False)
        try:
            engine = EngineClient(socket)
            return EngineState(True, engine.default_bridge_mtu(), engine.firewall())
        except (FileNotFoundError, ConnectionRefusedError) as error:
            reason: Exception = error
            if not booted:
                return EngineState(running=False)
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = error
        self.module.warn(
            f"dockerd's MTU cannot be read at {socket} ({reason}), so restart_required depends on "
            "the bridge device only. Set socket to the Unix socket of dockerd's API."
        )
        return EngineState(running=True)

    def _socket_is_served(self) -> bool:
        path = Path(self.module.params["socket"]).resolve()
        sockets = Path("/proc/net/unix").read_text(encoding="utf-8", errors="replace")
        return any(line.split()[7:] == [str(path)] for line in sockets.splitlines()[1:])

    def _ip(self, *arguments: str) -> str:
        command = [self.module.get_bin_path("ip", required=True), "-N", "-j", "-4", *arguments]
        _code, output, _error = self.module.run_command(command, check_rc=True)
        return str(output)

    def _write(self, changes: Texts, before: Texts) -> None:
        if fallback := self.module.params["fallback"]:
            self._save(Path(fallback), before, changes)
        write_texts(changes, self.module.atomic_move)
        if self.files.drop_in in changes and SYSTEMD_RUNS.is_dir():
            self.module.run_command(["systemctl", "daemon-reload"], check_rc=True)

    def _save(self, path: Path, before: Texts, changes: Texts) -> None:
        text = read_text(path)
        existing = None if text is None else parse_saved_files(text, path)
        saved = serialise_saved_files(save_before_change(existing, before, changes))
        make_directories(path.parent)
        write_atomically(path, saved.encode(), 0o600)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "bip": {"type": "str"},
            "mtu": {"type": "int"},
            "carrier": {
                "type": "str",
                "choices": ["daemon_json", "drop_in"],
                "default": "daemon_json",
            },
            "path": {"type": "path", "default": "/etc/docker/daemon.json"},
            "unit": {"type": "str", "default": "docker.service"},
            "drop_in": {"type": "path"},
            "unit_load_path": {"type": "list", "elements": "path"},
            "bridge": {"type": "str", "default": "docker0"},
            "socket": {"type": "path", "default": "/run/docker.sock"},
            "overlay_network": {"type": "str"},
            "overlay_devices": {
                "type": "list",
                "elements": "str",
                "default": ["flannel*", "weft*"],
            },
            "backup": {"type": "bool", "default": False},
            "record": {"type": "path", "default": "/etc/weft/docker_bip.json"},
            "fallback": {"type": "path"},
        },
        required_if=[("state", "present", ["bip"])],
        supports_check_mode=True,
    )
    try:
        result = DockerBip(module).run()
    except (BridgeError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
