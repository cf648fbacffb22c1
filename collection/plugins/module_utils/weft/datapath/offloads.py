# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The offloads: what each is called, which are active, and why one is not."""

from __future__ import annotations

import enum
import logging
from collections.abc import Collection, Mapping

_log = logging.getLogger(__name__)


class Offload(enum.StrEnum):
    """Work that is done once for a train of packets, or left to the kernel."""

    UDP_GSO = "udp-gso"  # one send for a train of datagrams (UDP_SEGMENT)
    UDP_GRO = "udp-gro"  # one receive for a train of datagrams
    TUN_TSO = "tun-tso"  # TCP super-packets read from the device, cut by us
    TUN_USO = "tun-uso"  # the same of UDP; Linux 6.2
    COALESCE_TCP = "coalesce-tcp"  # TCP runs written to the device as super-packets
    COALESCE_UDP = "coalesce-udp"
    PARTIAL_CHECKSUM = "partial-checksum"  # inner checksums left to a peer that announces it

    # The enumeration's own is a call of Python, and `active` is asked for every train.
    __hash__ = str.__hash__


ACTIVE = "active"
OFF_BY_TABLE = "off by the table"
IDLE = "idle, no peer takes partial checksums"
NEED_PARTIAL = frozenset({Offload.PARTIAL_CHECKSUM})
# Cutting super-packets pays only where their checksums need not be finished, or are summed for a
# train at once: else the kernel cuts and sums faster than we do.
CUTTING = frozenset({Offload.TUN_TSO, Offload.TUN_USO})


class Offloads:
    """The offloads of one process; one that the kernel refuses is dropped by itself."""

    __slots__ = ("_active", "_disabled", "_idle", "_refused")

    def __init__(self, disabled: Collection[Offload] = ()) -> None:
        self._disabled = frozenset(disabled)
        self._idle: frozenset[Offload] = frozenset()
        self._refused: dict[Offload, str] = {}
        self._active: frozenset[Offload] = frozenset()
        self._settle()

    def follow(
        self, disabled: Collection[Offload], any_partial: bool, sums_trains: bool = False
    ) -> None:
        """Switch exactly `disabled` off, as the table says; what was refused stays refused.

        `any_partial` says whether a peer takes partial checksums, `sums_trains` whether those of
        a train can be finished at once (`word_sums.VECTORISED`).
        """
        self._disabled = frozenset(disabled)
        if any_partial:
            self._idle = frozenset()
        else:
            self._idle = NEED_PARTIAL if sums_trains else NEED_PARTIAL | CUTTING
        self._settle()

    def active(self, offload: Offload) -> bool:
        """Return whether `offload` is in use."""
        return offload in self._active

    def refuse(self, offload: Offload, error: OSError) -> None:
        """Drop `offload` for the life of the process, with one line in the log."""
        if offload not in self._refused:
            reason = error.strerror or str(error)
            self._refused[offload] = f"refused: {reason}"
            self._settle()
            _log.warning("offload %s dropped: %s", offload, reason)

    def status(self) -> Mapping[str, str]:
        """Return of each offload that it is active, or why not."""
        return {offload.value: self._state(offload) for offload in Offload}

    def _settle(self) -> None:
        self._active = frozenset(item for item in Offload if self._state(item) == ACTIVE)

    def _state(self, offload: Offload) -> str:
        if offload in self._disabled:
            return OFF_BY_TABLE
        return self._refused.get(offload) or (IDLE if offload in self._idle else ACTIVE)
