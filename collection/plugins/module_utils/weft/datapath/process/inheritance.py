# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an engine leaves to the next one, in this process or in another."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..forwarding import Endpoint
from .status import Status


@dataclass(frozen=True, slots=True)
class Inheritance:
    """The table and the counts, as of `status`, and what is open: packets wait in it meanwhile.

    `device` has a descriptor for each queue, `transports` a socket; both are empty where the
    engine forwarded nothing.
    """

    status: Status
    device: Sequence[int] = ()
    transports: Sequence[socket.socket] = ()
    peer_queues: Mapping[Endpoint, socket.socket] = field(default_factory=dict)
