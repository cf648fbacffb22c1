# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The container of a verification, by docker's command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ansible_collections.weft.overlay.plugins.module_utils.weft.errors import WeftError

Run = Callable[[list[str]], tuple[int, str, str]]
"""Runs a command and returns its exit status, output and errors, as AnsibleModule's run_command."""


class ContainerError(WeftError):
    """A docker command failed, or the container does not run; names the command and the reason."""


@dataclass(frozen=True, slots=True)
class RunningContainer:
    """A running container in Docker's default network."""

    pid: int
    address: str
    prefix_length: int

    @property
    def network_namespace(self) -> str:
        """The path of the container's network namespace."""
        return f"/proc/{self.pid}/ns/net"


class ContainerClient:
    """Runs docker commands for one container. Each method may raise ContainerError."""

    def __init__(self, name: str, docker: str, run: Run) -> None:
        self._name = name
        self._docker = docker
        self._run = run

    def version(self) -> str:
        """Return the version of dockerd, such as 28.5.2."""
        return self._checked("version", "--format", "{{.Server.Version}}").strip()

    def has_image(self, image: str) -> bool:
        """Return whether the host has the image."""
        code, _output, errors = self._run([self._docker, "image", "inspect", image])
        if code != 0 and "no such image" not in errors.lower():
            raise ContainerError(_failure(["image", "inspect", image], errors))
        return code == 0

    def load_image(self, archive: str) -> None:
        """Load the image from an archive on the host."""
        self._checked("image", "load", "--input", archive)

    def pull_image(self, image: str) -> None:
        """Pull the image from its registry."""
        self._checked("image", "pull", "--quiet", image)

    def import_image(self, archive: str, image: str) -> None:
        """Create the image from an archive of its root directory on the host."""
        self._checked("image", "import", archive, image)

    def start(self, image: str, lifetime: int) -> None:
        """Start the container; after ``lifetime`` seconds it ends and Docker removes it."""
        self._checked(
            *("run", "--detach", "--rm", "--network=bridge", f"--name={self._name}"),
            *("--entrypoint=sleep", image, str(lifetime)),
        )

    def inspect(self) -> RunningContainer | None:
        """Return the container, or None if it does not run."""
        command = ["container", "inspect", self._name]
        code, output, errors = self._run([self._docker, *command])
        if code != 0:
            if "no such container" in errors.lower():
                return None
            raise ContainerError(_failure(command, errors))
        return _parse_inspected(self._name, output)

    def inspect_running(self) -> RunningContainer:
        """Return the container. Raises ContainerError if it does not run."""
        running = self.inspect()
        if running is None:
            raise ContainerError(
                f"container {self._name} does not run: it reached the end of its lifetime or was "
                "removed. Run the verification again."
            )
        return running

    def remove(self) -> None:
        """Remove the container if it exists."""
        self._checked("container", "rm", "--force", "--volumes", self._name)

    def _checked(self, *command: str) -> str:
        code, output, errors = self._run([self._docker, *command])
        if code != 0:
            raise ContainerError(_failure(list(command), errors))
        return output


def _parse_inspected(name: str, output: str) -> RunningContainer | None:
    try:
        (fields,) = json.loads(output)
        if not fields["State"]["Running"]:
            return None
        bridge: dict[str, Any] = fields["NetworkSettings"]["Networks"]["bridge"]
        return RunningContainer(
            int(fields["State"]["Pid"]), str(bridge["IPAddress"]), int(bridge["IPPrefixLen"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ContainerError(
            f"the output of 'docker container inspect {name}' has no address: {error!r}. "
            "Check that Docker's default bridge is enabled."
        ) from error


def _failure(command: list[str], errors: str) -> str:
    reason = " ".join(errors.split()) or "no error message"
    return f"'docker {' '.join(command)}': {reason}"
