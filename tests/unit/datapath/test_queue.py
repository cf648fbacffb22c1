# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A queue without root: a pair of sockets stands in for the device, loopback for the hosts."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.offloads import (
    ACTIVE,
    Offloads,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.loop import (
    EventLoop,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.queue import Queue
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.sockets import (
    tun,
    udp_socket,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.table import (
    ForwardingTable,
    parse_table,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire.virtio_net import (
    PLAIN,
)

from .packets import document, packet

OWN, PEER = "127.0.0.1", "127.0.0.2"
SUBNET = "100.96.2.0/24"
OUT = packet("100.96.1.2", "100.96.2.2")


@dataclass
class Rig:
    """A queue to one peer, and the kernel's end of its device."""

    loop: EventLoop
    queue: Queue
    table: ForwardingTable
    kernel: socket.socket
    offloads: Offloads

    def send_one(self) -> None:
        """Forward one packet to the peer."""
        self.kernel.send(PLAIN + OUT)
        before = self.queue.statistics().counters.packets_out

        def look() -> None:
            if self.queue.statistics().counters.packets_out > before:
                self.loop.stop()

        self.loop.every(0.01, look)
        self.loop.run()


@pytest.fixture
def raised() -> Iterator[Callable[[], Rig]]:
    with contextlib.ExitStack() as opened:

        def rise() -> Rig:
            loop, offloads = EventLoop(), Offloads()
            opened.callback(loop.close)
            kernel, device = map(
                opened.enter_context, socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            )
            device.setblocking(False)
            (transport,) = udp_socket.open_transports(IPv4Address(OWN), 0)
            opened.enter_context(transport)
            port = transport.getsockname()[1]
            peers = [{"subnet": SUBNET, "public_ip": PEER}]
            table = parse_table(document(bind=OWN, port=port, peers=peers))
            queue = Queue(loop, device.fileno(), transport, table, offloads, on_lost=loop.stop)
            opened.callback(queue.stop)
            return Rig(loop, queue, table, kernel, offloads)

        yield rise


@pytest.mark.parametrize(
    "change", [{"partial_checksum": True}, {"vtep_mac": "02:00:00:00:00:01"}], ids=str
)
def test_a_peer_with_another_announcement_keeps_its_counters(
    raised: Callable[[], Rig], change: dict[str, bool | str]
) -> None:
    rig = raised()
    rig.send_one()
    (peer,) = rig.table.peers
    changed = replace(peer, **change)  # type: ignore[arg-type]
    rig.queue.apply(replace(rig.table, peers=(changed,)))
    (traffic,) = rig.queue.statistics().traffic.values()
    assert (traffic.packets_out, traffic.bytes_out) == (1, len(OUT))
    # A host that took over its subnet is another peer.
    moved = replace(peer, public_ip=IPv4Address("127.0.0.3"))
    rig.queue.apply(replace(rig.table, peers=(moved,)))
    (traffic,) = rig.queue.statistics().traffic.values()
    assert traffic.packets_out == 0


@pytest.mark.parametrize(("number", "refused"), [(errno.EINVAL, True), (errno.EBADFD, False)])
def test_a_device_that_was_deleted_refuses_no_offload(
    raised: Callable[[], Rig], monkeypatch: pytest.MonkeyPatch, number: int, refused: bool
) -> None:
    def fail(*_arguments: object, **_wanted: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tun, "set_offloads", fail)
    states = raised().offloads.status()
    assert states["tun-tso"].startswith("refused") is refused
    assert states["udp-gso"] == ACTIVE
