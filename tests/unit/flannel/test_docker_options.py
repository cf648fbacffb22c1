# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.flannel.docker_options import (
    ENVIRONMENT_FILES,
    left_drop_ins,
    left_environment_files,
    refuse_required,
)
from ansible_collections.weft.overlay.plugins.module_utils.flannel.errors import LeftoverError
from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.unit import UnitFile

DROP_IN = Path("/etc/systemd/system/docker.service.d/flannel.conf")
ENVIRONMENT = Path("/run/flannel/docker")
UNIT = Path("/lib/systemd/system/docker.service")


@pytest.mark.parametrize(
    "text",
    [
        "[Service]\nEnvironmentFile=-/run/flannel/docker\n",
        "[Service]\nEnvironmentFile=/run/docker_opts.env\n",
        "[Unit]\nRequires=flanneld.service\nAfter=flanneld.service\n",
        "[Service]\nExecStart=\nExecStart=/usr/bin/dockerd --bip=${FLANNEL_SUBNET}\n",
    ],
)
def test_a_drop_in_that_mentions_flannel_is_removed(text: str) -> None:
    assert left_drop_ins({DROP_IN: text}, ENVIRONMENT_FILES) == [DROP_IN]


def test_a_drop_in_with_only_the_name_is_kept() -> None:
    text = "[Service]\nEnvironment=HTTP_PROXY=http://192.0.2.1:3128\n"
    assert left_drop_ins({DROP_IN: text}, ENVIRONMENT_FILES) == []


@pytest.mark.parametrize(
    ("text", "goes"),
    [
        # As mk-docker-opts.sh writes it, with -c and with -i.
        ('DOCKER_OPTS=" --bip=100.96.2.1/24 --ip-masq=false --mtu=1472 "\n', True),
        ('DOCKER_OPT_MTU="--mtu=1472"\n', True),
        ('DOCKER_OPTS="--log-level=warn --mtuned"\n', False),
        ("", False),
    ],
)
def test_an_environment_file_with_the_bridges_options_is_removed(text: str, goes: bool) -> None:
    assert left_environment_files({ENVIRONMENT: text}) == ([ENVIRONMENT] if goes else [])


def test_the_file_that_requires_a_removed_one_is_named() -> None:
    files = [UnitFile(UNIT, "[Service]\nEnvironmentFile=/run/flannel/docker\n")]
    with pytest.raises(LeftoverError, match=f"{UNIT} requires the environment file {ENVIRONMENT}"):
        refuse_required(files, [ENVIRONMENT])


@pytest.mark.parametrize(
    "file",
    [
        UnitFile(UNIT, "[Service]\nEnvironmentFile=-/run/flannel/docker\n"),
        UnitFile(UNIT, "[Service]\nEnvironmentFile=-/etc/default/docker\n"),
        UnitFile(DROP_IN, "[Service]\nEnvironmentFile=/run/flannel/docker\n"),
    ],
)
def test_a_file_that_is_no_longer_required_is_removed(file: UnitFile) -> None:
    refuse_required([file], [DROP_IN, ENVIRONMENT])
