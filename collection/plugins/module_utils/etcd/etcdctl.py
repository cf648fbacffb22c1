# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs etcdctl for a module; the only file that does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .cluster import (
    Alarm,
    EtcdError,
    Member,
    Status,
    parse_alarms,
    parse_members,
    parse_status,
)

DEFAULT_ENDPOINT = "http://127.0.0.1:2379"

# Timeout of one call in seconds; a healthy etcd answers in milliseconds.
_CALL_SECONDS = 5


# etcd belongs to the fleet, but Go's HTTP and gRPC clients use a proxy of the environment for every
# address except loopback (golang.org/x/net/http/httpproxy, Config).
WITHOUT_PROXY: Mapping[str, str] = MappingProxyType(
    {
        name: value
        for lower, value in (
            ("http_proxy", ""),
            ("https_proxy", ""),
            ("all_proxy", ""),
            ("no_proxy", "*"),
        )
        for name in (lower, lower.upper())
    }
)


class CallError(EtcdError):
    """A call of etcdctl failed; the message has its output."""


def etcdctl_options() -> dict[str, Any]:
    """Return the argument_spec of the doc fragment ``etcdctl``."""
    return {
        "ca_cert": {"type": "path"},
        "client_cert": {"type": "path"},
        "client_key": {"type": "path", "no_log": False},
    }


class Etcdctl:
    """etcdctl with the certificates of the module's options, or of the environment."""

    def __init__(self, module: AnsibleModule, endpoints: Sequence[str]) -> None:
        self._module = module
        self._path = module.get_bin_path("etcdctl")
        self._endpoints = tuple(endpoints)
        # etcdctl rejects an option that the environment sets too, so options go there as well.
        self._environment = {**WITHOUT_PROXY, "ETCDCTL_API": "3"} | {
            variable: module.params[option]
            for variable, option in (
                ("ETCDCTL_CACERT", "ca_cert"),
                ("ETCDCTL_CERT", "client_cert"),
                ("ETCDCTL_KEY", "client_key"),
            )
            if module.params[option]
        }

    @property
    def installed(self) -> bool:
        """Whether the host has an etcdctl."""
        return self._path is not None

    def members(self) -> tuple[Member, ...]:
        """Return the member list. Raises EtcdError, from etcd 3.5 on also without a majority."""
        return parse_members(self.call("member", "list", "-w", "json"))

    def status(self, endpoint: str) -> Status:
        """Return the status of the member at *endpoint*. Raises EtcdError."""
        return parse_status(self.call("endpoint", "status", "-w", "json", endpoints=[endpoint]))

    def alarms(self) -> tuple[Alarm, ...]:
        """Return the active alarms. Raises EtcdError."""
        return parse_alarms(self.call("alarm", "list", "-w", "json"))

    def call(self, *arguments: str, endpoints: Sequence[str] = ()) -> str:
        """Run etcdctl and return what it printed. Raises CallError."""
        if self._path is None:
            raise CallError("etcdctl is not installed; install the package etcd-client")
        urls = ",".join(endpoints or self._endpoints)
        status, output, errors = self._module.run_command(
            [self._path, f"--command-timeout={_CALL_SECONDS}s", *arguments],
            environ_update={**self._environment, "ETCDCTL_ENDPOINTS": urls},
        )
        if status != 0:
            lines = [line for line in errors.splitlines() if line and not line.startswith("{")]
            raise CallError(
                f"etcdctl {' '.join(arguments)} at {urls}: {' '.join(lines) or output.strip()}"
            )
        return str(output)
