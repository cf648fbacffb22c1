# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packet engine of the backends udp and vxlan; the standard library only.

Rooms without I/O, packets: `ipv4`, `layer4`, `checksum`, `fragmentation` and `icmp` are bytes;
`virtio_net`, `segmentation` and `coalescing` are the trains that the kernel gives and takes, and
hold the rule of the checksums; `vxlan` and `encapsulation` are what stands in front of a packet,
`unfinished` what a peer's kernel left to do. Rooms without I/O, decisions: `table` is what the
agent wants, `forwarding` the same compiled for lookup, `decision` says what becomes of one packet,
`offloads` which work is done once a train, `counters` and `token_bucket` remember, `tally` sums
over queues.

Edges: `tun` and `transport` own the descriptors and `packet_io` the calls on them; `sender`,
`receiver` and `reporter` carry bursts, put together by `forwarder`; `probe` asks the driver what
it takes, `guard` has the kernel filter floods by `socket_filter` when `stranger_guard` says so,
`carrier` carries one queue of the device and `worker` does so in a process of its own,
`engine` opens and mends, `control` and `commands` take requests, `loop` waits for all of it and
`process` is `weftd datapath`.

The TTL is left alone: the kernels on both ends forward the packet from and to a bridge, and each
decrements it there, so a crossing costs the two hops that a router at each end would.
"""
