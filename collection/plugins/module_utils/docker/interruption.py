# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restart of dockerd interrupts, kept on the disk until all of it is back.

Whoever finds the record resumes a restart that was itself interrupted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any

from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.errors import BridgeError

from .containers import Attachment, Container, outstanding


class InterruptionError(BridgeError):
    """The record is not one that weft wrote."""


@dataclass(frozen=True, slots=True)
class Interruption:
    """The containers and the units that ran, and the addresses that the bridge had."""

    containers: tuple[Container, ...] = ()
    units: tuple[str, ...] = ()
    bridge: tuple[IPv4Interface, ...] = ()

    def resumed(self, earlier: Interruption, now: Mapping[str, Container | None]) -> Interruption:
        """Return this one with what is still outstanding of an earlier one.

        ``now`` are the earlier one's containers by their identifiers. The bridge is the earlier
        one's, since this one's may be half-way.
        """
        running = {container.identifier for container in self.containers}
        return Interruption(
            containers=(
                *self.containers,
                *(
                    container
                    for container in outstanding(earlier.containers, now)
                    if container.identifier not in running
                ),
            ),
            units=_united(self.units, earlier.units),
            bridge=earlier.bridge,
        )


def _united(*groups: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for group in groups for name in group))


def serialise_interruption(interruption: Interruption) -> str:
    """Return the record's text."""
    fields = {
        "containers": [asdict(container) for container in interruption.containers],
        "units": interruption.units,
        "bridge": [str(address) for address in interruption.bridge],
    }
    return json.dumps(fields, indent=2) + "\n"


def parse_interruption(text: str, source: Path) -> Interruption:
    """Read the record that lies at ``source``. Raises InterruptionError if it is not one."""
    try:
        fields = json.loads(text)
        return Interruption(
            containers=tuple(_container(entry) for entry in fields["containers"]),
            units=tuple(fields["units"]),
            bridge=tuple(IPv4Interface(address) for address in fields["bridge"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InterruptionError(
            f"{source} is not a record of what a restart of dockerd interrupted ({error!r}): "
            "start by hand the containers that are to run, and remove it"
        ) from error


def _container(fields: Mapping[str, Any]) -> Container:
    attachments = {name: Attachment(**entry) for name, entry in fields["attachments"].items()}
    return Container(**{**fields, "joins": tuple(fields["joins"]), "attachments": attachments})
