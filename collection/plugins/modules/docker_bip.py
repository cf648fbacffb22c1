#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give Docker's default bridge its address and MTU."""

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_bip
short_description: Give Docker's default bridge its address and MTU
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Sets the address (C(bip)) and, if asked, the MTU (C(mtu)) of Docker's default bridge, so that
    its containers get addresses of the host's subnet in the overlay.
  - It owns these two options and nothing else. They are carried by exactly one file, either
    Docker's C(daemon.json) or a systemd drop-in. Another carrier than before moves them.
  - In C(daemon.json) the text of all other keys stays as it is, as do the file's mode and owner.
  - It never restarts Docker. Restart it when RV(restart_required) says so.
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
      - V(absent) takes back what this module has set. An option that has another value by now
        is somebody else's and stays.
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
      - Without it Docker keeps its own default, and an MTU that this module has set goes.
    type: int
  carrier:
    description:
      - V(daemon_json) keeps the options in O(path).
      - V(drop_in) keeps them in O(drop_in), on the command line of O(unit). Docker must be
        installed, because the drop-in repeats the unit's own command; run the module again after
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
      - The drop-in of O(carrier=drop_in).
      - The default is C(50-weft-bip.conf) in the drop-in directory of O(unit) below
        C(/etc/systemd/system).
    type: path
  unit_load_path:
    description:
      - The directories that hold systemd's units, the first match first.
      - The default is that of systemd's system manager.
    type: list
    elements: path
  bridge:
    description: The device of Docker's default bridge.
    type: str
    default: docker0
  socket:
    description:
      - The socket of Docker's API, asked for the MTU that the running dockerd gives to its
        default bridge.
    type: path
    default: /run/docker.sock
  overlay_network:
    description:
      - The overlay's network, such as V(100.96.0.0/16); O(bip) must lie in it.
      - Addresses and routes of the overlay are no conflict only inside it.
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
    description: Where the module keeps what it has set in O(path), so that it can take it back.
    type: path
    default: /etc/weft/docker_bip.json
  fallback:
    description:
      - Where to keep what the files held before they are changed, until
        M(weft.overlay.docker_restart), which is given the same path, has seen dockerd start with
        the change. Without it nothing is kept.
      - Only root can read it.
    type: path
notes:
  - The module fails, before anything is written, if C(bip), C(mtu) or C(bridge) is also given to
    dockerd elsewhere (the unit, its drop-ins, their environment files such as
    C(/etc/default/docker), or C(daemon.json)), because dockerd would not start.
  - It fails likewise if the subnet overlaps an address or a route of the host.
seealso:
  - module: weft.overlay.docker_restart
  - module: weft.overlay.subnet_reservation
"""

EXAMPLES = r"""
- name: Give the bridge the first address of the host's subnet
  weft.overlay.docker_bip:
    bip: 100.96.1.1/24
    mtu: 1472
    overlay_network: 100.96.0.0/16
  register: bridge

- name: Restart Docker only where its bridge differs
  weft.overlay.docker_restart:
  when: bridge.restart_required

- name: Keep the options on dockerd's command line, where another tool writes daemon.json
  weft.overlay.docker_bip:
    bip: 100.96.1.1/24
    carrier: drop_in

- name: Take back what was set
  weft.overlay.docker_bip:
    state: absent
"""

RETURN = r"""
bip:
  description: The bridge's address as set.
  returned: O(state=present)
  type: str
  sample: 100.96.1.1/24
mtu:
  description: The MTU as set, in bytes; null if none is.
  returned: O(state=present)
  type: int
  sample: 1472
carrier_path:
  description: The file that carries the options.
  returned: O(state=present)
  type: str
  sample: /etc/docker/daemon.json
owned:
  description: The options of dockerd's that this module owns on the host.
  returned: success
  type: list
  elements: str
  sample: [bip, mtu]
restart_required:
  description:
    - Whether the running dockerd must be restarted to carry the options.
    - With O(state=present), true if the bridge lacks the address, or dockerd gives it another
      MTU, whether or not this run changed a file.
    - With O(state=absent), true if this run took something back, or dockerd gives another MTU
      than its options say, or the bridge has an address in O(overlay_network) that nothing gives
      it. A restart alone leaves the bridge its address, see
      O(weft.overlay.docker_restart#module:own_address).
    - False if dockerd does not run.
  returned: success
  type: bool
docker_running:
  description: Whether dockerd runs.
  returned: success
  type: bool
firewall:
  description:
    - By what the running dockerd keeps its firewall, such as V(iptables), iptables+firewalld or
      nftables. Null if it does not run.
  returned: success
  type: str
  sample: iptables
files_differ:
  description: Whether the files did not hold the options as they shall, before this run.
  returned: success
  type: bool
bridge_addresses:
  description: The IPv4 addresses that the bridge has now.
  returned: success
  type: list
  elements: str
  sample: [172.17.0.1/16]
bridge_mtu:
  description: The MTU that the bridge device has now, in bytes; null if there is no bridge.
  returned: success
  type: int
  sample: 1500
backup_file:
  description: The copy of O(path).
  returned: O(backup=true) and the file was there and changed
  type: str
  sample: /etc/docker/daemon.json.4711.2026-01-31@12:00:00~
"""

import http.client
import re
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.docker.addresses import (
    Tolerated,
    parse_addresses,
    parse_routes,
    refuse_overlap,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.bridge import (
    DEFAULT_MTU,
    EngineState,
    parse_bridge,
    release_required,
    restart_required,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.carrier import (
    Carriers,
    Texts,
    carry_in_daemon_json,
    carry_in_drop_in,
    read_daemon_json,
    release,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.drop_in import (
    once_path,
    render_drop_in,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.engine import Engine
from ansible_collections.weft.overlay.plugins.module_utils.docker.fallback import (
    begin_change,
    parse_fallback,
    serialise_fallback,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.ownership import (
    Ownership,
    parse_ownership,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.service import SYSTEMD_RUNS
from ansible_collections.weft.overlay.plugins.module_utils.docker.settings import (
    BridgeSettings,
    parse_overlay_network,
    parse_settings,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.text_files import (
    read_text,
    read_texts,
    write_texts,
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
    write_atomically,
)

# RFC 3986, section 3.2.1: daemon.json names proxies, and may do so with a password.
_USER_INFORMATION = re.compile(r"(?<=://)[^/@\s\"]+(?=@)")


def _shown(text: str | None) -> str:
    return _USER_INFORMATION.sub("(secret)", text or "")


class DockerBip:
    """Brings the carriers from what they hold to what they shall hold."""

    def __init__(self, module: AnsibleModule) -> None:
        params = module.params
        self.module = module
        self.carriers = Carriers(
            # A link to the file stays a link: what it leads to is replaced.
            daemon_json=Path(params["path"]).resolve(),
            drop_in=Path(
                params["drop_in"] or f"/etc/systemd/system/{params['unit']}.d/50-weft-bip.conf"
            ),
            record=Path(params["record"]),
        )
        self.in_drop_in = params["carrier"] == "drop_in"

    def run(self) -> dict[str, Any]:
        """Read everything, decide once, write what differs, and return the module's result."""
        settings = self._settings()
        ownership = self._ownership()
        before = self._before(ownership)
        links = self._ip("address", "show")
        after = (
            self._carried(settings, ownership, before, links)
            if settings
            else release(self.carriers, ownership, before)
        )
        changes = {path: text for path, text in after.items() if text != before[path]}
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
            path = self.carriers.daemon_json
            if self.module.params["backup"] and path in changes and before[path] is not None:
                result["backup_file"] = self.module.backup_local(str(path))
            self._write(changes, before)
        return result

    def _settings(self) -> BridgeSettings | None:
        """Return what is wanted; None for state absent."""
        params = self.module.params
        if params["state"] == "absent":
            return None
        return parse_settings(params["bip"], params["mtu"], self._overlay_network())

    def _overlay_network(self) -> IPv4Network | None:
        text = self.module.params["overlay_network"]
        return parse_overlay_network(text) if text else None

    def _ownership(self) -> Ownership | None:
        text = read_text(self.carriers.record)
        return None if text is None else parse_ownership(text, self.carriers.record)

    def _before(self, ownership: Ownership | None) -> Texts:
        carriers = self.carriers
        paths = {carriers.daemon_json, carriers.drop_in, carriers.record}
        if ownership:
            paths.add(ownership.path)
        return read_texts(paths)

    def _carried(
        self,
        settings: BridgeSettings,
        ownership: Ownership | None,
        before: Texts,
        links: str,
    ) -> Texts:
        """Return what the files shall hold, if dockerd and the host can take it."""
        path = self.carriers.daemon_json
        invocation = self._invocation()
        if self.in_drop_in:
            drop_in = self._drop_in(invocation, settings, before)
            after = carry_in_drop_in(self.carriers, drop_in, ownership, before)
        else:
            after = carry_in_daemon_json(self.carriers, settings, ownership, before)
            self._warn_of_replaced(settings, ownership, before[path])
            refuse_other_config_file(invocation, path)
        keys = keys_given(path, read_daemon_json(path, after.get(path, before[path])).values())
        if not self.in_drop_in:
            keys = [entry for entry in keys if entry.option not in settings.options()]
        refuse_conflicts(settings.options().keys(), [*flags_given(invocation), *keys])
        occupied = [
            *parse_addresses(links),
            *parse_routes(self._ip("route", "show", "table", "all")),
        ]
        refuse_overlap(settings.bip.network, occupied, self._tolerated())
        return after

    def _warn_of_replaced(
        self, settings: BridgeSettings, ownership: Ownership | None, text: str | None
    ) -> None:
        path = self.carriers.daemon_json
        there = read_daemon_json(path, text).values()
        ours = ownership.options if ownership and ownership.path == path else {}
        for name, value in settings.options().items():
            if there.get(name, value) not in (value, ours.get(name)):
                self.module.warn(
                    f"{path} had {name} {there[name]!r}, which weft did not set: it is replaced by "
                    f"{value!r}, and state=absent will not bring it back"
                )

    def _invocation(self) -> Invocation:
        params = self.module.params
        load_path = [Path(directory) for directory in params["unit_load_path"] or LOAD_PATH]
        without = [self.carriers.drop_in, once_path(params["unit"])]
        return read_invocation(params["unit"], load_path=load_path, without=without)

    def _drop_in(self, invocation: Invocation, settings: BridgeSettings, before: Texts) -> str:
        if invocation.command is None and self.module.check_mode:
            # What installs Docker has not run either: a failure here would be a false alarm.
            self.module.warn(
                f"{self.module.params['unit']} is not there yet: the drop-in will repeat its "
                "command, which cannot be shown"
            )
            return before[self.carriers.drop_in] or ""
        return render_drop_in(self.carriers.drop_in, invocation, settings)

    def _tolerated(self) -> Tolerated:
        params = self.module.params
        return Tolerated(
            bridge=params["bridge"],
            overlay_devices=tuple(params["overlay_devices"]),
            route_protocol=ROUTE_PROTOCOL,
            overlay_network=self._overlay_network(),
        )

    def _state(
        self, settings: BridgeSettings | None, held: Texts, links: str, *, changed: bool
    ) -> dict[str, Any]:
        """Return what the host carries now beside what it shall carry."""
        bridge = parse_bridge(links, self.module.params["bridge"])
        engine = self._engine()
        state = {
            "docker_running": engine.running,
            "firewall": engine.firewall,
            "files_differ": changed,
            "bridge_addresses": [str(address) for address in bridge.addresses],
            "bridge_mtu": bridge.mtu,
        }
        path = self.carriers.daemon_json
        kept = read_daemon_json(path, held[path]).values()
        if settings is None:
            given = {
                entry.option: entry.value
                for entry in [*keys_given(path, kept), *flags_given(self._invocation())]
            }
            return {
                **state,
                "owned": [],
                "restart_required": release_required(
                    given, bridge, engine, changed=changed, overlay_network=self._overlay_network()
                ),
            }
        return {
            **state,
            "bip": str(settings.bip),
            "mtu": settings.mtu,
            "owned": list(settings.options()),
            "carrier_path": str(self.carriers.drop_in if self.in_drop_in else path),
            "restart_required": restart_required(
                settings,
                bridge,
                engine,
                changed=changed,
                mtu_left=kept.get("mtu", DEFAULT_MTU),
            ),
        }

    def _engine(self) -> EngineState:
        socket = self.module.params["socket"]
        booted = SYSTEMD_RUNS.is_dir()
        if booted:
            command = ["systemctl", "is-active", "--quiet", self.module.params["unit"]]
            code, _output, _error = self.module.run_command(command)
            # systemd may hold the socket for a dockerd that is down: asking would start it.
            if code != 0:
                return EngineState(running=False)
        try:
            engine = Engine(socket)
            return EngineState(True, engine.default_bridge_mtu(), engine.firewall())
        except (FileNotFoundError, ConnectionRefusedError) as error:
            reason: Exception = error
            if not booted:
                return EngineState(running=False)
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = error
        self.module.warn(
            f"dockerd does not tell its MTU at {socket} ({reason}), so restart_required follows "
            "the bridge device: give the socket that it listens on"
        )
        return EngineState(running=True)

    def _ip(self, *arguments: str) -> str:
        command = [self.module.get_bin_path("ip", required=True), "-N", "-j", "-4", *arguments]
        _code, output, _error = self.module.run_command(command, check_rc=True)
        return str(output)

    def _write(self, changes: Texts, before: Texts) -> None:
        if fallback := self.module.params["fallback"]:
            self._keep(Path(fallback), before, changes)
        write_texts(changes, self.module.atomic_move)
        if self.carriers.drop_in in changes and SYSTEMD_RUNS.is_dir():
            self.module.run_command(["systemctl", "daemon-reload"], check_rc=True)

    def _keep(self, path: Path, before: Texts, changes: Texts) -> None:
        text = read_text(path)
        existing = None if text is None else parse_fallback(text, path)
        kept = serialise_fallback(begin_change(existing, before, changes))
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        write_atomically(path, kept.encode(), 0o600)


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
