# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The socket filter: known programs, an interpreter of classic BPF, and a real socket."""

from __future__ import annotations

import random
import socket
from collections.abc import Collection, Sequence
from ipaddress import IPv4Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process import flood_filter
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.sockets import udp_socket
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.sockets.bpf import (
    ACCEPT,
    DROP,
    PEERS_MAX,
    Instruction,
    TooManyPeersError,
    accept_only,
    pack,
)


def result(program: Sequence[Instruction], source: int) -> int:
    """The return value of the program for a packet from `source` (filter.rst)."""
    assert program[0] == Instruction(0x20, 0xFFF0000C)
    at = 1
    while True:
        code, value, if_true, if_false = program[at]
        assert max(if_true, if_false) <= 255
        at += 1
        match code:
            case 0x05:
                at += value
            case 0x15:
                at += if_true if source == value else if_false
            case 0x35:
                at += if_true if source >= value else if_false
            case 0x06:
                return value
            case _:
                raise AssertionError(hex(code))


def test_one_peer_as_the_kernel_reads_it() -> None:
    """By hand: ld [net + 12]; jeq #10.168.0.12, 1, 0; ret 0; ret all."""
    assert pack(accept_only([0x0AA8000C])).hex(" ", 8) == (
        "200000000c00f0ff 150001000c00a80a 0600000000000000 06000000ffffffff"
    )


@settings(max_examples=60, derandomize=True, database=None)
@given(addresses=st.sets(st.integers(0, 0xFFFFFFFF), max_size=60))
def test_exactly_the_peers_pass(addresses: set[int]) -> None:
    expect_exactly(addresses, set())


@pytest.mark.parametrize("count", [0, 1, 8, 9, 200, PEERS_MAX])
def test_every_size(count: int) -> None:
    chance = random.Random(count)
    expect_exactly({chance.randrange(1 << 32) for _ in range(count)}, {0, 0xFFFFFFFF})


def expect_exactly(addresses: Collection[int], others: set[int]) -> None:
    program = accept_only(addresses)
    neighbours = {address + step for address in addresses for step in (-1, 1)} | others
    assert all(result(program, address) == ACCEPT for address in addresses)
    assert all(result(program, other) == DROP for other in neighbours - set(addresses))


def test_more_than_fit_are_refused() -> None:
    with pytest.raises(TooManyPeersError, match="513 addresses are more than 512"):
        accept_only(range(PEERS_MAX + 1))


@pytest.mark.parametrize("count", [1, 40, PEERS_MAX])
def test_the_kernel_agrees(count: int) -> None:
    """Loopback has all of 127.0.0.0/8; every other address of a row is a peer."""
    first = int(IPv4Address("127.1.0.0"))
    peers = [first + 2 * index for index in range(count)]
    asked = sorted({0, 1, 2, count - 1, 2 * count - 2, 2 * count - 1, 2 * count})
    with bound("127.0.0.1") as receiver:
        udp_socket.attach_filter(receiver, pack(accept_only(peers)))
        for source in (first + offset for offset in asked):
            send(source, receiver)
            assert has_arrived(receiver) == (source in peers), IPv4Address(source)
        lost = udp_socket.datagrams_lost(receiver)
        assert lost == sum(first + offset not in peers for offset in asked)
        udp_socket.detach_filter(receiver)
        send(first + 1, receiver)
        assert has_arrived(receiver)


def bound(address: str) -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    one.bind((address, 0))
    return one


def send(source: int, receiver: socket.socket) -> None:
    with bound(str(IPv4Address(source))) as sender:
        sender.sendto(b"x", receiver.getsockname())


def has_arrived(receiver: socket.socket) -> bool:
    """Over loopback a datagram has arrived, or was dropped, when its send returns."""
    try:
        receiver.recv(1)
    except BlockingIOError:
        return False
    return True


@pytest.mark.parametrize(
    ("filtering", "unknown", "lost", "wanted"),
    [
        (False, 0, 0, False),
        (False, flood_filter.FLOOD, 0, False),
        (False, flood_filter.FLOOD + 1, 0, True),
        # A flood from a peer fills the queue.
        (False, 0, 10 * flood_filter.FLOOD, False),
        (True, 0, flood_filter.FLOOD + 1, True),
        (True, 0, flood_filter.FLOOD, False),
    ],
)
def test_when_the_filter_is_needed(filtering: bool, unknown: int, lost: int, wanted: bool) -> None:
    assert flood_filter.is_flood(filtering, unknown, lost) is wanted
