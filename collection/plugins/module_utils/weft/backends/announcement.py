# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a weft host tells the others in its lease's `BackendData`, which flannel's udp ignores."""

from __future__ import annotations

from ..model.json_object import JsonObject
from ..model.lease import Lease

_SECTION = "weft"
_INNER_CHECKSUM = "InnerChecksum"
_PARTIAL = "partial"


def partial_checksum_data() -> JsonObject:
    """The `BackendData` of a host whose datapath takes partial inner checksums."""
    return {_SECTION: {_INNER_CHECKSUM: _PARTIAL}}


def announces_partial_checksum(lease: Lease) -> bool:
    """Tell whether the holder of the lease takes packets whose inner checksum is left partial."""
    data = lease.backend_data
    section = data.get(_SECTION) if isinstance(data, dict) else None
    return isinstance(section, dict) and section.get(_INNER_CHECKSUM) == _PARTIAL
