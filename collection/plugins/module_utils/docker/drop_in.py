# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The systemd drop-in that adds the bridge settings to dockerd's command line."""

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


def temporary_drop_in_path(unit: str) -> Path:
    """Return the path of the drop-in that sets the bridge's address for one start of dockerd.

    Its name sorts last. It is removed after the start, at the latest with the next boot.
    """
    return Path(f"/run/systemd/system/{unit}.d/zz-weft-bip-once.conf")


class DropInError(BridgeError):
    """The drop-in would have no effect."""


def render_drop_in(path: Path, invocation: Invocation, settings: BridgeSettings) -> str:
    """Return the text of a drop-in that adds the settings to the unit's command.

    systemd cannot append to ExecStart: it must be reset and set as a whole (systemd.service(5)).
    Raises DropInError if the unit has no command, or a later drop-in replaces it.
    """
    command = invocation.command
    if command is None:
        raise DropInError(
            f"the unit has no command that {path} could repeat: "
            "install Docker first, or use carrier daemon_json"
        )
    if command.path.suffix == ".conf" and command.path.name > path.name:
        raise DropInError(
            f"{command.path} sets ExecStart after {path} does, so the bip would have no effect: "
            "rename that file so that it sorts before, or use carrier daemon_json"
        )
    options = settings.options()
    flags = [f"--{name}={value}" for name, value in options.items()]
    return _TEMPLATE.format(names=" and ".join(options), command=" ".join([command.value, *flags]))
