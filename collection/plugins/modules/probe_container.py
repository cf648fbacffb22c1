#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start or remove a container that answers the probes of other hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
module: probe_container
short_description: Start or remove a container that answers probes
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Internal to the collection. The role P(weft.overlay.verify#role) uses it.
  - Starts a container in Docker's default network, with a responder in the network namespace of
    the container. M(weft.overlay.container_probe_info) on the other hosts sends probes to it.
  - The responder is a process of the host's Python. The image needs C(sleep) only.
  - The responder ends together with the container.
extends_documentation_fragment:
  - weft.overlay.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
options:
  state:
    description:
      - V(present) starts the container and its responder, and returns the versions of the host and
        the status of C(weftd).
      - V(absent) returns the addresses from which the responder received packets, and removes the
        container.
    type: str
    choices: [present, absent]
    default: present
  container:
    description: The name of the container.
    type: str
    required: true
  host:
    description: The host name in the responder's replies. Required with O(state=present).
    type: str
  image:
    description:
      - The image of the container. If the host does not have it, it is loaded from O(archive) or
        pulled.
      - If empty, an image is made of the host's own C(sleep) and its libraries, which needs no
        registry.
    type: str
    default: ""
  archive:
    description: The path, on the host, of an archive of the image. If empty, the image is pulled.
    type: path
    default: ""
  lifetime:
    description: The time in seconds after which the container ends by itself, from 60 to 86400.
    type: int
    default: 900
  port:
    description: The TCP and UDP port of the responder. It is not published.
    type: int
    default: 8080
  timeout:
    description: The timeout in seconds of a request to the responder, from 1 to 60.
    type: int
    default: 3
seealso:
  - module: weft.overlay.container_probe_info
"""

EXAMPLES = r"""
- name: Start the probe container
  weft.overlay.probe_container:
    container: weft-verify-1
    host: "{{ inventory_hostname }}"
  register: started

- name: Remove the probe container
  weft.overlay.probe_container:
    state: absent
    container: weft-verify-1
"""

RETURN = r"""
image_obtained:
  description: Whether the image was made, loaded or pulled. In check mode, whether it would be.
  returned: O(state=present)
  type: bool
address:
  description: The IPv4 address of the container.
  returned: O(state=present) and not check mode
  type: str
  sample: 100.96.1.2
prefix_length:
  description: The prefix length of the container's network.
  returned: O(state=present) and not check mode
  type: int
  sample: 24
mtu:
  description: The MTU of the container's device, in bytes.
  returned: O(state=present) and not check mode
  type: int
  sample: 1472
docker:
  description: The version of dockerd.
  returned: O(state=present)
  type: str
  sample: 28.5.2
kernel:
  description: The release of the kernel.
  returned: O(state=present)
  type: str
  sample: 6.12.48+deb13-amd64
daemon:
  description: The output of C(weftctl status --json), or null if the host has no C(weftctl).
  returned: O(state=present)
  type: dict
sources:
  description:
    - The IPv4 addresses from which the responder received packets.
    - Null if there was no responder, or it did not reply.
  returned: O(state=absent) and not check mode
  type: list
  elements: str
  sample: [100.96.2.2]
"""

import errno
import json
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.verification import (
    connections,
    local_image,
)
from ansible_collections.weft.overlay.plugins.module_utils.verification.bounds import check_bounds
from ansible_collections.weft.overlay.plugins.module_utils.verification.container import (
    ContainerClient,
    ContainerError,
    RunningContainer,
)
from ansible_collections.weft.overlay.plugins.module_utils.verification.network_namespace import (
    device_mtu,
    enter_network_namespace,
)
from ansible_collections.weft.overlay.plugins.module_utils.verification.responder import (
    Responder,
    serve_in_background,
)

BOUNDS = {"lifetime": (60, 86400), "port": (1, 65535), "timeout": (1, 60)}


class ProbeContainer:
    """Starts the container and its responder, or removes both."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.params = module.params
        self.container = ContainerClient(
            module.params["container"], module.get_bin_path("docker", required=True), self._run
        )

    def run(self) -> dict[str, Any]:
        """Return the module's result."""
        check_bounds(self.params, BOUNDS)
        return self._present() if self.params["state"] == "present" else self._absent()

    def _present(self) -> dict[str, Any]:
        host = {
            "docker": self.container.version(),
            "kernel": os.uname().release,
            "daemon": self._daemon_status(),
        }
        running = self.container.inspect()
        image = self.params["image"] or local_image.NAME
        lacks_image = running is None and not self.container.has_image(image)
        if self.module.check_mode:
            return {"changed": running is None, "image_obtained": lacks_image, **host}
        if lacks_image:
            self._obtain_image()
        if running is None:
            self.container.start(image, self.params["lifetime"])
        return {
            "image_obtained": lacks_image,
            **self._start_responder(self.container.inspect_running(), running is None),
            **host,
        }

    def _absent(self) -> dict[str, Any]:
        running = self.container.inspect()
        if self.module.check_mode:
            return {"changed": running is not None}
        sources = self._sources(running) if running else None
        self.container.remove()
        return {"changed": running is not None, "sources": sources}

    def _start_responder(self, running: RunningContainer, is_new: bool) -> dict[str, Any]:
        enter_network_namespace(running.network_namespace)
        changed = is_new
        try:
            responder = Responder(self.params["host"], self.params["port"])
        except OSError as error:
            # The responder of an earlier call has the port.
            if is_new or error.errno != errno.EADDRINUSE:
                raise
        else:
            serve_in_background(responder, running.pid, self.params["lifetime"])
            changed = True
        return {
            "changed": changed,
            "address": running.address,
            "prefix_length": running.prefix_length,
            "mtu": device_mtu(running.address),
        }

    def _sources(self, running: RunningContainer) -> list[str] | None:
        # A thread, so that docker's command line is not called in the container's namespace.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(self._query_sources, running).result()

    def _query_sources(self, running: RunningContainer) -> list[str] | None:
        try:
            enter_network_namespace(running.network_namespace)
            return connections.query_sources(self.params["port"], self.params["timeout"])
        except (OSError, ValueError):
            return None

    def _obtain_image(self) -> None:
        if not self.params["image"]:
            self._make_image()
        elif self.params["archive"]:
            self.container.load_image(self.params["archive"])
        else:
            self.container.pull_image(self.params["image"])

    def _make_image(self) -> None:
        program = self.module.get_bin_path(local_image.PROGRAM, required=True)
        # It fails for a static program, which needs no libraries.
        _code, output, _errors = self._run(["ldd", os.path.realpath(program)])
        with tempfile.TemporaryDirectory(prefix="weft-probe-") as folder:
            archive = Path(folder, "root.tar")
            local_image.write_root(archive, Path(program), local_image.shared_objects(output))
            self.container.import_image(str(archive), local_image.NAME)

    def _daemon_status(self) -> dict[str, Any] | None:
        weftctl = self.module.get_bin_path("weftctl")
        if weftctl is None:
            return None
        # The exit status is 1 if the status has a problem; the output is complete all the same.
        _code, output, errors = self._run([weftctl, "status", "--json"])
        try:
            status: dict[str, Any] = json.loads(output)
        except ValueError:
            reason = errors.strip() or "no output"
            return {"agent": None, "datapath": None, "problems": [f"weftctl status: {reason}"]}
        return status

    def _run(self, command: list[str]) -> tuple[int, str, str]:
        code, output, errors = self.module.run_command(command)
        return int(code), str(output), str(errors)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "container": {"type": "str", "required": True},
            "host": {"type": "str"},
            "image": {"type": "str", "default": ""},
            "archive": {"type": "path", "default": ""},
            "lifetime": {"type": "int", "default": 900},
            "port": {"type": "int", "default": 8080},
            "timeout": {"type": "int", "default": 3},
        },
        required_if=[("state", "present", ("host",))],
        supports_check_mode=True,
    )
    try:
        result = ProbeContainer(module).run()
    except (ContainerError, OSError, ValueError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
