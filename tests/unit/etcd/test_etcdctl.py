# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment in which modules run etcdctl."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import pytest
from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.etcd.etcdctl import Etcdctl


class Module:
    """Records the environment of a command."""

    params = dict.fromkeys(("ca_cert", "client_cert", "client_key"))

    def __init__(self) -> None:
        self.environment: Mapping[str, str] = {}

    def get_bin_path(self, name: str) -> str:
        return f"/usr/bin/{name}"

    def run_command(
        self, _command: list[str], environ_update: Mapping[str, str]
    ) -> tuple[int, str, str]:
        self.environment = environ_update
        return 0, "", ""


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_host_is_cleared(name: str) -> None:
    module = Module()
    Etcdctl(cast(AnsibleModule, module), ["https://192.0.2.1:2379"]).call("member", "list")
    assert module.environment[name] == ""
    assert module.environment["NO_PROXY"] == module.environment["no_proxy"] == "*"
