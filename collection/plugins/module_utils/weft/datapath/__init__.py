# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The userspace datapath of the backends udp and vxlan, by the standard library only.

Read first: `egress` (device to peers) and `ingress` (peers to device) have the packet path, each in
the order of its steps; `policy` has every rule and every reason for a drop.

* `table` is the configuration that the agent applies, `compiled_table` the same for lookup.
* `offloads` has the active offloads, `statistics` the counters, `token_bucket` a rate limit.
* `wire` has packet formats and pure functions, without file descriptors and without rules.
* `sockets` has the file descriptors: the TUN device, UDP sockets, socket filters, Unix sockets.
* `process` is `weftd datapath`: engine, queues, workers, control and handover.

A packet's TTL is not changed: the kernels of both hosts forward the packet to or from a bridge and
decrement it there, so that it is reduced by two, as by a router on each host.
"""
