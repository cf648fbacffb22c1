# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The container of a verification, by docker's command line. Each call may raise ContainerError."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ansible_collections.weft.overlay.plugins.module_utils.weft.errors import WeftError

Run = Callable[[list[str]], tuple[int, str, str]]
"""Runs a command and returns its exit status, output and errors, as AnsibleModule's run_command."""


class ContainerError(WeftError):
    """docker refused, or answered what cannot be read; names the command and the reason."""


@dataclass(frozen=True, slots=True)
class Running:
    """A container that runs, in Docker's default network."""

    pid: int
    address: str
    prefix_length: int

    @property
    def network_namespace(self) -> str:
        """Where the kernel shows the container's network."""
        return f"/proc/{self.pid}/ns/net"


class ProbeContainer:
    """A container by its name."""

    def __init__(self, name: str, docker: str, run: Run) -> None:
        self._name = name
        self._docker = docker
        self._run = run

    def version(self) -> str:
        """Return the version of dockerd, such as 28.5.2."""
        return self._ask("version", "--format", "{{.Server.Version}}").strip()

    def has_image(self, image: str) -> bool:
        """Whether the image is there."""
        code, _output, errors = self._run([self._docker, "image", "inspect", image])
        if code != 0 and "no such image" not in errors.lower():
            raise ContainerError(_refusal(["image", "inspect", image], errors))
        return code == 0

    def load_image(self, archive: str) -> None:
        """Load the image from the host's disk."""
        self._ask("image", "load", "--input", archive)

    def pull_image(self, image: str) -> None:
        """Pull the image from its registry."""
        self._ask("image", "pull", "--quiet", image)

    def start(self, image: str, lifetime: int) -> None:
        """Start it; it ends by itself after ``lifetime`` seconds and is gone then."""
        self._ask(
            *("run", "--detach", "--rm", "--network=bridge", f"--name={self._name}"),
            *("--entrypoint=sleep", image, str(lifetime)),
        )

    def inspect(self) -> Running | None:
        """Return what runs under the name, or None."""
        command = ["container", "inspect", self._name]
        code, output, errors = self._run([self._docker, *command])
        if code != 0:
            if "no such container" in errors.lower():
                return None
            raise ContainerError(_refusal(command, errors))
        return _running(self._name, output)

    def remove(self) -> None:
        """Remove it, if it is there."""
        self._ask("container", "rm", "--force", "--volumes", self._name)

    def _ask(self, *command: str) -> str:
        code, output, errors = self._run([self._docker, *command])
        if code != 0:
            raise ContainerError(_refusal(list(command), errors))
        return output


def _running(name: str, output: str) -> Running | None:
    try:
        (fields,) = json.loads(output)
        if not fields["State"]["Running"]:
            return None
        bridge: dict[str, Any] = fields["NetworkSettings"]["Networks"]["bridge"]
        return Running(
            int(fields["State"]["Pid"]), str(bridge["IPAddress"]), int(bridge["IPPrefixLen"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ContainerError(
            f"'docker container inspect {name}' does not tell the container's address: {error!r}: "
            "is Docker's default bridge switched off?"
        ) from error


def _refusal(command: list[str], errors: str) -> str:
    reason = " ".join(errors.split()) or "no reason given"
    return f"'docker {' '.join(command)}': {reason}"
