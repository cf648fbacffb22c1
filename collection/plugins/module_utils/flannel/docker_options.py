# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files with which flannel sets dockerd's options: drop-ins and environment files.

flannel has no unit of its own. The known sources are dist/mk-docker-opts.sh (`-d`, by default
/run/docker_opts.env), the unit files of Fedora's package (/run/flannel/docker) and those of CoreOS
(/run/flannel_docker_opts.env, later below /run/flannel).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.unit import (
    UnitFile,
    assignments,
)

from .errors import LeftoverError

DROP_INS = (
    "/etc/systemd/system/docker.service.d/*flannel*.conf",
    "/run/systemd/system/docker.service.d/*flannel*.conf",
)
ENVIRONMENT_FILES = (
    "/run/docker_opts.env",
    "/run/flannel/docker",
    "/run/flannel/docker_opts.env",
    "/run/flannel/flannel_docker_opts.env",
    "/run/flannel_docker_opts.env",
)

_BRIDGE_OPTION = re.compile(r"--(bip|mtu|ip-masq)\b")
_FLANNEL = re.compile(r"/run/flannel|flanneld?\.service|FLANNEL_")


def left_drop_ins(texts: Mapping[Path, str], environment_files: Collection[str]) -> list[Path]:
    """Return the drop-ins that use flannel's unit, its variables or an environment file."""
    return [
        path
        for path, text in texts.items()
        if _FLANNEL.search(text) or any(name in text for name in environment_files)
    ]


def left_environment_files(texts: Mapping[Path, str]) -> list[Path]:
    """Return the environment files that set an option of dockerd's bridge."""
    return [path for path, text in texts.items() if _BRIDGE_OPTION.search(text)]


def refuse_required(files: Sequence[UnitFile], removed: Collection[Path]) -> None:
    """Raise LeftoverError if dockerd would not start without one of the files to remove.

    `files` are the unit and its drop-ins. systemd does not start a unit if an environment file is
    missing, unless it is marked as optional (systemd.exec(5), EnvironmentFile=).
    """
    for entry in assignments(
        [file for file in files if file.path not in removed], "EnvironmentFile"
    ):
        if Path(entry.value) in removed:
            raise LeftoverError(
                f"{entry.path} requires the environment file {entry.value} of flannel: "
                f"change the line to EnvironmentFile=-{entry.value}, or remove it"
            )
