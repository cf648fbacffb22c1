# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packet engine of the udp backend; the standard library only.

Rooms without I/O: `ipv4`, `checksum` and `icmp` are bytes; `table` is what the agent wants,
`forwarding` the same compiled for lookup, `decision` says what becomes of one packet, `counters`
and `token_bucket` remember. Edges: `tun` and `transport` own the descriptors, `forwarder` moves
bursts between them, `engine` opens and mends them, `control` and `commands` take requests,
`loop` waits for all of it and `process` is `weftd datapath`.

The TTL is left alone: the kernels on both ends forward the packet from and to a bridge, and each
decrements it there, so a crossing costs the two hops that a router at each end would.
"""
