# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host said when the playbook asked it, from the results of its tasks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any

Document = Mapping[str, Any]

_SILENT_DAEMON = "weftctl status says nothing: is weft on this host? Run site.yml."


@dataclass(frozen=True, slots=True)
class Asked:
    """One host; what is not known is empty.

    public_ip is what the inventory says. status is what `weftctl status --json` printed.
    """

    name: str
    reached: bool = True
    public_ip: str = ""
    status: Document = field(default_factory=dict, hash=False)
    docker: str = ""
    kernel: str = ""
    problems: tuple[str, ...] = ()


def read_asked(name: str, returned: Document) -> Asked:
    """Read what the tasks returned for a host.

    The keys are addresses, the surest first, and results: facts of the module setup, daemon and
    docker of commands. A key that is missing was not asked for: it is no problem of the host.
    """
    facts = _result(returned, "facts")
    reached = not (facts.get("unreachable") or facts.get("failed"))
    status = _status(_result(returned, "daemon"))
    silent = reached and "daemon" in returned and not status
    return Asked(
        name=name,
        reached=reached,
        public_ip=_first_address(returned.get("addresses") or ()),
        status=status,
        docker=_output(_result(returned, "docker")),
        kernel=str(_result(facts, "ansible_facts").get("ansible_kernel") or ""),
        problems=(_SILENT_DAEMON,) if silent else (),
    )


def _result(returned: Document, name: str) -> Document:
    value = returned.get(name)
    return value if isinstance(value, Mapping) else {}


def _output(result: Document) -> str:
    return str(result.get("stdout") or "").strip()


def _status(result: Document) -> Document:
    try:
        said = json.loads(_output(result))
    except ValueError:
        return {}
    return said if isinstance(said, Mapping) else {}


def _first_address(candidates: Iterable[Any]) -> str:
    """The first that is an IPv4 address; an inventory may have names in their place."""
    for candidate in candidates:
        try:
            return str(IPv4Address(str(candidate)))
        except ValueError:
            continue
    return ""
