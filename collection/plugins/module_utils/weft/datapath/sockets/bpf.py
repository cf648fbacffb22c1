# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A socket filter in classic BPF that accepts datagrams from peers' addresses only.

It needs no privilege and runs before a datagram is queued, so a flood from unknown senders neither
wakes the process nor fills the peers' receive queue. The program
(Documentation/networking/filter.rst) loads the source address from the IPv4 header and finds it by
binary search down to groups of 8, which it compares one by one. A conditional jump reaches at most
255 instructions.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Sequence
from typing import NamedTuple

from ...errors import WeftError

# Some 1,000 instructions after the kernel's translation: half of what net.core.optmem_max, 20,480
# bytes before Linux 6.9, allows for a socket.
PEERS_MAX = 512

# linux/bpf_common.h, linux/filter.h
LOAD_WORD = 0x20  # BPF_LD | BPF_W | BPF_ABS
JUMP = 0x05  # BPF_JMP | BPF_JA
JUMP_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
JUMP_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
RETURN = 0x06  # BPF_RET | BPF_K
NETWORK_HEADER = 0xFFF00000  # SKF_NET_OFF
SOURCE = 12  # in the IPv4 header
ACCEPT = 0xFFFFFFFF  # as many bytes as there are
DROP = 0

_INSTRUCTION = struct.Struct("=HBBI")  # struct sock_filter
_LEAF = 8
_JUMP_MAX = 255


class Instruction(NamedTuple):
    """One instruction; `if_true` and `if_false` are relative to the next instruction."""

    code: int
    value: int = 0
    if_true: int = 0
    if_false: int = 0


class TooManyPeersError(WeftError, ValueError):
    """The program would be too long for some kernels; the message has the limit."""


def accept_only(addresses: Collection[int]) -> tuple[Instruction, ...]:
    """Return the program that accepts only datagrams from `addresses`, 32-bit numbers.

    Raises TooManyPeersError.
    """
    known = sorted(set(addresses))
    if len(known) > PEERS_MAX:
        raise TooManyPeersError(f"{len(known)} addresses are more than {PEERS_MAX}")
    return (Instruction(LOAD_WORD, NETWORK_HEADER + SOURCE), *_search(known))


def pack(program: Sequence[Instruction]) -> bytes:
    """Return the program as an array of struct sock_filter."""
    return b"".join(
        _INSTRUCTION.pack(code, if_true, if_false, value)
        for code, value, if_true, if_false in program
    )


def _search(known: Sequence[int]) -> list[Instruction]:
    if len(known) <= _LEAF:
        compared = [
            Instruction(JUMP_EQUAL, address, len(known) - index)
            for index, address in enumerate(known)
        ]
        return [*compared, Instruction(RETURN, DROP), Instruction(RETURN, ACCEPT)]
    middle = len(known) // 2
    below, above = _search(known[:middle]), _search(known[middle:])
    if len(below) <= _JUMP_MAX:
        return [Instruction(JUMP_AT_LEAST, known[middle], len(below)), *below, *above]
    far = Instruction(JUMP, len(below))
    return [Instruction(JUMP_AT_LEAST, known[middle], 0, 1), far, *below, *above]
