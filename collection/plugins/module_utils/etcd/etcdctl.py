# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks a cluster by etcdctl, on behalf of a module; the one place that runs it."""

from __future__ import annotations

from collections.abc import Sequence
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

# Seconds that one call may take; etcd answers in milliseconds or not at all.
_CALL_SECONDS = 5


class CallError(EtcdError):
    """A call of etcdctl that failed; the message has what it said last."""


def etcdctl_options() -> dict[str, Any]:
    """Return the part of an argument_spec that the doc fragment ``etcdctl`` documents."""
    return {
        "ca_cert": {"type": "path"},
        "client_cert": {"type": "path"},
        "client_key": {"type": "path", "no_log": False},
    }


class Etcdctl:
    """etcdctl with the module's certificates, or those that its environment names."""

    def __init__(self, module: AnsibleModule, endpoints: Sequence[str]) -> None:
        self._module = module
        self._path = module.get_bin_path("etcdctl")
        self._endpoints = tuple(endpoints)
        # etcdctl refuses an option that its environment has, too, so all go the same way.
        self._environment = {"ETCDCTL_API": "3"} | {
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
        """Return what the member at *endpoint* says of itself. Raises EtcdError."""
        return parse_status(self.call("endpoint", "status", "-w", "json", endpoints=[endpoint]))

    def alarms(self) -> tuple[Alarm, ...]:
        """Return the alarms that are raised. Raises EtcdError."""
        return parse_alarms(self.call("alarm", "list", "-w", "json"))

    def call(self, *arguments: str, endpoints: Sequence[str] = ()) -> str:
        """Run etcdctl and return what it printed. Raises CallError."""
        if self._path is None:
            raise CallError("etcdctl is not installed; its package is etcd-client")
        asked = ",".join(endpoints or self._endpoints)
        status, output, errors = self._module.run_command(
            [self._path, f"--command-timeout={_CALL_SECONDS}s", *arguments],
            environ_update={**self._environment, "ETCDCTL_ENDPOINTS": asked},
        )
        if status != 0:
            said = [line for line in errors.splitlines() if line and not line.startswith("{")]
            raise CallError(
                f"etcdctl {' '.join(arguments)} at {asked}: {' '.join(said) or output.strip()}"
            )
        return str(output)
