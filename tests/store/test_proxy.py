# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No client of etcd uses a proxy of the environment."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from typing import cast

import pytest
from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.etcd.etcdctl import CallError, Etcdctl
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.client import StoreClient
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.errors import StoreError
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.settings import StoreSettings
from tests.store.etcd_server import executable

# RFC 5737: no etcd is there, so a reply could only come from the proxy. Loopback has no proxy.
ENDPOINT = "http://192.0.2.1:2379"

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A proxy that the environment names, and that accepts connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        for name in VARIABLES:
            monkeypatch.setenv(name, f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        server.settimeout(0)
        yield server


def was_used(proxy: socket.socket) -> bool:
    try:
        connection, _address = proxy.accept()
    except BlockingIOError:
        return False
    connection.close()
    return True


class Module:
    """The parts of AnsibleModule that Etcdctl uses."""

    params = dict.fromkeys(("ca_cert", "client_cert", "client_key"))

    def get_bin_path(self, name: str) -> str:
        return executable(name, "etcd-client")

    def run_command(
        self, command: list[str], environ_update: dict[str, str]
    ) -> tuple[int, str, str]:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
            env={**os.environ, **environ_update},
        )
        return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("endpoint", [ENDPOINT, ENDPOINT.replace("http:", "https:")])
def test_etcdctl_uses_no_proxy(proxy: socket.socket, endpoint: str) -> None:
    with pytest.raises(CallError):
        Etcdctl(cast(AnsibleModule, Module()), [endpoint]).members()
    assert not was_used(proxy)


def test_the_client_of_the_modules_and_the_daemon_uses_no_proxy(proxy: socket.socket) -> None:
    with (
        pytest.raises(StoreError),
        StoreClient(StoreSettings(endpoints=(ENDPOINT,), prefix="/test", timeout=1)) as store,
    ):
        store.snapshot()
    assert not was_used(proxy)
