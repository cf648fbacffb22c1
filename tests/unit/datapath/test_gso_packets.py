# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GSO packets in a row: pending segments begin the next batch, and the order stays."""

from __future__ import annotations

import errno

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire.virtio_net import (
    PLAIN,
)

from .flows import cut
from .packets import PEER
from .test_batches import Rig, gso_packet, outward

# 44 segments of 1,472 bytes with their headers are the most that a datagram holds.
MOST = 44


def test_pending_segments_begin_the_next_batch() -> None:
    rig = Rig(partial=True)
    header, packet = gso_packet(1420 * 46)
    rig.out(*[packet] * 4, header=header)
    assert rig.sent_datagrams() == cut(header + packet, full=False) * 4
    assert [len(data) // 1472 for data, _, _ in rig.sent] == [MOST] * 4 + [8]
    assert rig.counters.packets_out == 4 * 46


def test_no_segment_stays_pending_after_a_wake_up() -> None:
    rig = Rig(partial=True)
    header, packet = gso_packet(1420 * 46)
    for _turn in range(2):
        rig.out(packet, header=header)
    assert [len(data) // 1472 for data, _, _ in rig.sent] == [MOST, 2] * 2


def test_pending_segments_of_another_peer_or_size_are_sent_first() -> None:
    rig = Rig(partial=True)
    one, other = gso_packet(1420 * 46), gso_packet(1000 * 50, segment=1000)
    for header, packet in (one, other, one):
        rig.to_read.append((header, packet))
    rig.path.drain_device()
    expected = [
        segment
        for header, packet in (one, other, one)
        for segment in cut(header + packet, full=False)
    ]
    assert rig.sent_datagrams() == expected


def test_a_refused_batch_loses_no_pending_segment() -> None:
    rig = Rig(partial=True)
    header, packet = gso_packet(1420 * 46)
    rig.to_read.extend([(header, packet)] * 2)
    rig.send_errors.append(errno.EIO)
    rig.path.drain_device()
    assert rig.sent[0][1] == 0
    assert rig.sent_datagrams() == cut(header + packet, full=False) * 2


@given(
    st.lists(
        st.one_of(
            st.builds(gso_packet, st.integers(1421, 65000)),
            st.builds(gso_packet, st.integers(1, 46).map(lambda count: 1420 * count)),
            st.builds(lambda size: (PLAIN, outward(size)[0]), st.integers(1, 1400)),
        ),
        max_size=12,
    )
)
def test_order_is_kept_and_nothing_is_lost(packets: list[tuple[bytes, bytes]]) -> None:
    rig = Rig(partial=True)
    rig.to_read.extend(packets)
    while rig.to_read:
        rig.path.drain_device()
    expected: list[bytes] = []
    for header, packet in packets:
        expected.extend([packet] if header == PLAIN else cut(header + packet, full=False))
    assert rig.sent_datagrams() == expected
    assert max((len(data) for data, _, _ in rig.sent), default=0) <= 65507


def test_after_a_single_packet_the_next_is_sent_before_another_is_read() -> None:
    rig = Rig()
    first, second, third = outward(100, 100, 100)
    rig.out(first)
    rig.out(first, second, third)
    assert rig.sent == [(first, 0, PEER), (first, 0, PEER), (second + third, 128, PEER)]
    rig.out(first, second)
    assert rig.sent[3:] == [(first + second, 128, PEER)]
