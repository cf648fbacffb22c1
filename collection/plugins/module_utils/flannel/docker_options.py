# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files by which flannel gives dockerd its options: drop-ins and environment files.

flannel ships no unit. What its users copy from is dist/mk-docker-opts.sh (`-d`, by default
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
    """The drop-ins that speak of flannel: of its unit, its variables, or an environment file."""
    return [
        path
        for path, text in texts.items()
        if _FLANNEL.search(text) or any(name in text for name in environment_files)
    ]


def left_environment_files(texts: Mapping[Path, str]) -> list[Path]:
    """The environment files that give dockerd an option of its bridge."""
    return [path for path, text in texts.items() if _BRIDGE_OPTION.search(text)]


def refuse_needed(files: Sequence[UnitFile], going: Collection[Path]) -> None:
    """Raise LeftoverError if dockerd would not start without one of the files that are to go.

    `files` are the unit and its drop-ins; systemd fails a unit whose environment file is missing,
    but for one that is marked as optional (systemd.exec(5), EnvironmentFile=).
    """
    for entry in assignments([file for file in files if file.path not in going], "EnvironmentFile"):
        if Path(entry.value) in going:
            raise LeftoverError(
                f"{entry.path} needs the environment file {entry.value}, which flannel made: "
                f"write EnvironmentFile=-{entry.value} there, or take the line away"
            )
