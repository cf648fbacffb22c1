# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The containers and units that a restart of dockerd stops, on disk until all run again.

A run that finds the record resumes the restart.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any

from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.errors import BridgeError

from .containers import Attachment, Container, still_stopped


class RestartRecordError(BridgeError):
    """The restart record is not valid."""


@dataclass(frozen=True, slots=True)
class RestartRecord:
    """The containers and units that ran, and the addresses of the bridge."""

    containers: tuple[Container, ...] = ()
    units: tuple[str, ...] = ()
    bridge: tuple[IPv4Interface, ...] = ()

    def merged_with(
        self, earlier: RestartRecord, now: Mapping[str, Container | None]
    ) -> RestartRecord:
        """Return this record with the containers of an earlier one that are still stopped.

        ``now`` are the earlier record's containers by identifier. The bridge addresses are those of
        the earlier record, because the current ones may be those of an incomplete change.
        """
        running = {container.identifier for container in self.containers}
        return RestartRecord(
            containers=(
                *self.containers,
                *(
                    container
                    for container in still_stopped(earlier.containers, now)
                    if container.identifier not in running
                ),
            ),
            units=_united(self.units, earlier.units),
            bridge=earlier.bridge,
        )


def _united(*groups: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for group in groups for name in group))


def serialise_restart_record(record: RestartRecord) -> str:
    """Return the text of the record."""
    fields = {
        "containers": [asdict(container) for container in record.containers],
        "units": record.units,
        "bridge": [str(address) for address in record.bridge],
    }
    return json.dumps(fields, indent=2) + "\n"


def parse_restart_record(text: str, source: Path) -> RestartRecord:
    """Parse the record at ``source``. Raises RestartRecordError if it is not valid."""
    try:
        fields = json.loads(text)
        return RestartRecord(
            containers=tuple(_container(entry) for entry in fields["containers"]),
            units=tuple(fields["units"]),
            bridge=tuple(IPv4Interface(address) for address in fields["bridge"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RestartRecordError(
            f"{source} is not a valid restart record ({error!r}). Start the stopped containers by "
            "hand and remove the file."
        ) from error


def _container(fields: Mapping[str, Any]) -> Container:
    attachments = {name: Attachment(**entry) for name, entry in fields["attachments"].items()}
    return Container(**{**fields, "joins": tuple(fields["joins"]), "attachments": attachments})
