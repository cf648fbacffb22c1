# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The offloads: their names, which are active, and why the others are not."""

from __future__ import annotations

import enum
import logging
from collections.abc import Collection, Mapping

_log = logging.getLogger(__name__)


class Offload(enum.StrEnum):
    """Work that is done once for a batch of packets, or left to a kernel."""

    UDP_GSO = "udp-gso"  # one send for a batch of datagrams (UDP_SEGMENT)
    UDP_GRO = "udp-gro"  # one receive for a batch of datagrams
    TUN_TSO = "tun-tso"  # TCP GSO packets read from the device, segmented by us
    TUN_USO = "tun-uso"  # UDP GSO packets; Linux 6.2
    COALESCE_TCP = "coalesce-tcp"  # consecutive TCP packets written as one GSO packet
    COALESCE_UDP = "coalesce-udp"  # consecutive UDP packets
    PARTIAL_CHECKSUM = "partial-checksum"  # inner checksums finished by a peer that announces it

    # The one of Enum is a Python function, and `active` is called for every batch.
    __hash__ = str.__hash__


ACTIVE = "active"
OFF_BY_TABLE = "off by the table"
IDLE = "idle, no peer takes partial checksums"
NEED_PARTIAL_CHECKSUM = frozenset({Offload.PARTIAL_CHECKSUM})
# Segmenting pays off only if the checksums stay partial or are summed for a batch at once: the
# kernel segments and sums faster than Python.
SEGMENTING = frozenset({Offload.TUN_TSO, Offload.TUN_USO})


class Offloads:
    """The offloads of one process; each that the kernel refuses is disabled by itself."""

    __slots__ = ("_active", "_disabled", "_idle", "_refused")

    def __init__(self, disabled: Collection[Offload] = ()) -> None:
        self._disabled = frozenset(disabled)
        self._idle: frozenset[Offload] = frozenset()
        self._refused: dict[Offload, str] = {}
        self._active: frozenset[Offload] = frozenset()
        self._update()

    def apply(
        self, disabled: Collection[Offload], any_partial_checksum: bool, sums_batches: bool = False
    ) -> None:
        """Disable `disabled`, as the table has them, and no others but those that were refused.

        `any_partial_checksum` tells whether a peer finishes partial checksums, `sums_batches`
        whether the checksums of a batch are summed at once (`word_sums.VECTORISED`).
        """
        self._disabled = frozenset(disabled)
        if any_partial_checksum:
            self._idle = frozenset()
        else:
            self._idle = (
                NEED_PARTIAL_CHECKSUM if sums_batches else NEED_PARTIAL_CHECKSUM | SEGMENTING
            )
        self._update()

    def active(self, offload: Offload) -> bool:
        """Return whether `offload` is in use."""
        return offload in self._active

    def refuse(self, offload: Offload, error: OSError) -> None:
        """Disable `offload` for the life of the process, and log it once."""
        if offload not in self._refused:
            reason = error.strerror or str(error)
            self._refused[offload] = f"refused: {reason}"
            self._update()
            _log.warning("offload %s disabled: the kernel refused it: %s", offload, reason)

    def status(self) -> Mapping[str, str]:
        """Return ACTIVE for each active offload, and the reason for each other one."""
        return {offload.value: self._state(offload) for offload in Offload}

    def _update(self) -> None:
        self._active = frozenset(item for item in Offload if self._state(item) == ACTIVE)

    def _state(self, offload: Offload) -> str:
        if offload in self._disabled:
            return OFF_BY_TABLE
        return self._refused.get(offload) or (IDLE if offload in self._idle else ACTIVE)
