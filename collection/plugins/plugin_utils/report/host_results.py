# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status of a host, from the results of the playbook's tasks on it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any

Document = Mapping[str, Any]

_NO_STATUS = "weftctl status has no output: check that weft is installed, or run site.yml."


@dataclass(frozen=True, slots=True)
class HostResult:
    """The results of one host; unknown fields are empty.

    public_ip is the address in the inventory. status is the output of `weftctl status --json`.
    """

    name: str
    reached: bool = True
    public_ip: str = ""
    status: Document = field(default_factory=dict, hash=False)
    docker: str = ""
    kernel: str = ""
    problems: tuple[str, ...] = ()


def read_host_result(name: str, returned: Document) -> HostResult:
    """Parse the task results of a host.

    The keys are addresses, the most reliable first, and task results: facts of the module setup,
    daemon and docker of commands. A missing key means that the task did not run, which is not a
    problem of the host.
    """
    facts = _result(returned, "facts")
    reached = not (facts.get("unreachable") or facts.get("failed"))
    status = _status(_result(returned, "daemon"))
    no_status = reached and "daemon" in returned and not status
    return HostResult(
        name=name,
        reached=reached,
        public_ip=_first_address(returned.get("addresses") or ()),
        status=status,
        docker=_output(_result(returned, "docker")),
        kernel=str(_result(facts, "ansible_facts").get("ansible_kernel") or ""),
        problems=(_NO_STATUS,) if no_status else (),
    )


def _result(returned: Document, name: str) -> Document:
    value = returned.get(name)
    return value if isinstance(value, Mapping) else {}


def _output(result: Document) -> str:
    return str(result.get("stdout") or "").strip()


def _status(result: Document) -> Document:
    try:
        status = json.loads(_output(result))
    except ValueError:
        return {}
    return status if isinstance(status, Mapping) else {}


def _first_address(candidates: Iterable[Any]) -> str:
    """Return the first IPv4 address of the candidates, which may be host names, too."""
    for candidate in candidates:
        try:
            return str(IPv4Address(str(candidate)))
        except ValueError:
            continue
    return ""
