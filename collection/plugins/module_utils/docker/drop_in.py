# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The systemd drop-in that carries the bridge's settings on dockerd's command line."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.errors import BridgeError
from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.invocation import Invocation

from .settings import BridgeSettings

_TEMPLATE = """\
# weft.overlay.docker_bip owns this file: it repeats the unit's command and adds {names}.
[Service]
ExecStart=
ExecStart={command}
"""


def once_path(unit: str) -> Path:
    """Return the drop-in that gives dockerd an address for one start.

    It sorts last, is gone as soon as dockerd has started, and at the latest with the next boot.
    """
    return Path(f"/run/systemd/system/{unit}.d/zz-weft-bip-once.conf")


class DropInError(BridgeError):
    """A drop-in could not do its work."""


def render_drop_in(path: Path, invocation: Invocation, settings: BridgeSettings) -> str:
    """Return a drop-in that replaces the unit's own command by itself plus the settings.

    systemd cannot append to ExecStart: it must be reset and given whole (systemd.service(5)).
    Raises DropInError if there is no command, or a later drop-in would replace this one's.
    """
    command = invocation.command
    if command is None:
        raise DropInError(
            f"the unit has no command for {path} to repeat: "
            "install Docker first, or use carrier daemon_json"
        )
    if command.path.suffix == ".conf" and command.path.name > path.name:
        raise DropInError(
            f"{command.path} sets ExecStart after {path} would, so its bip would be ignored: "
            "rename that file to sort before, or use carrier daemon_json"
        )
    options = settings.options()
    flags = [f"--{name}={value}" for name, value in options.items()]
    return _TEMPLATE.format(names=" and ".join(options), command=" ".join([command.value, *flags]))
