# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drawings of the documentation.

Usage: python -m dev.drawings, which writes docs/drawings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from pathlib import Path

from dev.drawing import Box, Drawing, Kind

FOLDER = Path(__file__).resolve().parent.parent / "docs/drawings"


def converge() -> Drawing:
    """The roles of the playbook site, in order."""
    drawing = Drawing(
        1000,
        404,
        "Convergence: from inventory to hosts",
        "The playbook site reads the inventory and runs four roles in order: etcd, overlay, docker "
        "and verify. The role etcd installs the etcd cluster. The role overlay writes the network "
        "and a reservation for each host into etcd, once for all hosts, and starts weftd on each. "
        "It passes the bridge address and the MTU to the role docker. The role verify tests the "
        "connections from a container on each host to those on all other hosts.",
    )
    inventory = drawing.box(
        24, 24, 200, "Inventory", "`weft: docker1, docker2", "`weft_etcd: docker1", kind=Kind.PLAIN
    )
    site = drawing.box(
        294, 24, 682, "ansible-playbook weft.overlay.site",
        "four roles in order; a second run changes nothing",
        "--check shows the changes without making them",
        kind=Kind.PLAIN,
    )  # fmt: skip
    drawing.way(inventory.right, site.left)
    roles = [
        drawing.box(24, 140, 220, "1  role etcd", "certificates, package,",
                    "members one by one,", "users and roles", kind=Kind.STORE),
        drawing.box(268, 140, 220, "2  role overlay", "a subnet for each host,",
                    "its key and certificate,", "the daemon weftd", kind=Kind.WEFT),
        drawing.box(512, 140, 220, "3  role docker", "bip and mtu; restarts only",
                    "if the bridge differs", "and the policy allows it", kind=Kind.PLAIN),
        drawing.box(756, 140, 220, "4  role verify", "a container on each host",
                    "tests all other hosts:", "the matrix", kind=Kind.PLAIN),
    ]  # fmt: skip
    for before, after in pairwise(roles):
        drawing.way(before.right, after.left)
    drawing.way((624, 98), (624, 118), (134, 118), roles[0].top)
    store = drawing.box(
        24, 296, 464, "etcd, with TLS",
        "`/coreos.com/network/config",
        "`/coreos.com/network/subnets/100.96.1.0-24",
        kind=Kind.STORE,
    )  # fmt: skip
    drawing.way(roles[0].bottom, (134, store.y))
    drawing.way(roles[1].bottom, (378, store.y))
    drawing.words(146, 272, "installs", style="quiet")
    drawing.words(390, 272, "writes, once for all hosts", style="quiet")
    docker = drawing.box(
        512, 296, 220, "Each host's Docker", "`bip 100.96.1.1/24", "`mtu 1472", kind=Kind.PLAIN
    )
    drawing.way(roles[2].bottom, docker.top)
    drawing.words(634, 272, "sets", style="quiet")
    reached = drawing.box(
        756, 296, 220, "Every container", "reaches every other at its", "own address, on any port",
        kind=Kind.WEFT,
    )  # fmt: skip
    drawing.way(roles[3].bottom, reached.top)
    drawing.words(878, 272, "tests", style="quiet")
    return drawing


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the packet flow: its name, and the text for the outgoing and the incoming side."""

    name: str
    out: str
    back: str
    kind: Kind


_ENDS = (
    Step("container", "`100.96.1.2", "`100.96.2.2", Kind.PLAIN),
    Step("docker0", "`100.96.1.1", "`100.96.2.1", Kind.KERNEL),
)
# By backend: the steps between bridge and wire, and the packet on the wire.
_LANES: tuple[tuple[str, tuple[Step, ...], tuple[str, ...]], ...] = (
    (
        "udp: userspace datapath",
        (
            Step("flannel0", "TUN", "TUN", Kind.KERNEL),
            Step("weftd datapath", "look up the peer", "check the source", Kind.WEFT),
        ),
        (
            "IP 192.0.2.11 > 192.0.2.12",
            "UDP to port 8285",
            "IP 100.96.1.2 > 100.96.2.2",
        ),
    ),
    (
        "vxlan: kernel datapath, or userspace without kernel support",
        (
            Step("route", "through the peer", "to docker0", Kind.KERNEL),
            Step("flannel.1", "neighbour, FDB entry", "decapsulates", Kind.KERNEL),
        ),
        (
            "IP 192.0.2.11 > 192.0.2.12",
            "UDP to port 8472, VXLAN",
            "IP 100.96.1.2 > 100.96.2.2",
        ),
    ),
    (
        "host-gw: kernel routes, on one link",
        (
            Step("route", "through the peer", "to docker0", Kind.KERNEL),
            Step("eth0", "the underlay", "the underlay", Kind.KERNEL),
        ),
        (
            "IP 100.96.1.2 > 100.96.2.2",
            "no encapsulation",
        ),
    ),
)


def packet() -> Drawing:
    """The packet flow of each backend."""
    drawing = Drawing(
        900,
        728,
        "Packet flow of each backend",
        "From a container through docker0 and a route to the backend, over the underlay, and the "
        "reverse to a container of the other host. With udp the device is a TUN device and the "
        "process weftd datapath sends each packet in a UDP datagram to port 8285. With vxlan the "
        "kernel's device flannel.1 encapsulates it as VXLAN to UDP port 8472, with a route, an "
        "FDB entry and a neighbour for each peer. With host-gw the peer is the gateway of a "
        "route, without encapsulation.",
    )
    for number, (title, steps, wire) in enumerate(_LANES):
        top = 16 + 236 * number
        drawing.frame(16, top, 868, 224, title)
        sides = [
            [
                drawing.box(32 + 176 * place, row, 156, step.name, words(step), kind=step.kind)
                for place, step in enumerate((*_ENDS, *steps))
            ]
            for words, row in ((attrgetter("out"), top + 34), (attrgetter("back"), top + 156))
        ]
        for before, after in pairwise(sides[0]):
            drawing.way(before.right, after.left)
        for before, after in pairwise(sides[1]):
            drawing.way(after.left, before.right)
        drawing.way(sides[0][-1].bottom, sides[1][-1].top)
        for line, text in enumerate(wire):
            drawing.words(650, top + 110 + 18 * line, text, style="quiet")
        drawing.words(32, top + 106, "docker1, 192.0.2.11", style="quiet")
        drawing.words(32, top + 146, "docker2, 192.0.2.12", style="quiet")
    return drawing


def reconcile() -> Drawing:
    """The agent's reconcile loop."""
    drawing = Drawing(
        1000,
        420,
        "Reconciliation: from etcd to the kernel",
        "A pass starts with an event from etcd, an event from the kernel, or a 30-second timer. "
        "The backend computes the desired state from the leases; the agent reads the actual state "
        "from the kernel and applies the difference with netlink, iptables and the datapath's "
        "table. Status and metrics show failed changes. Then the agent waits for the next event.",
    )
    begins = [
        drawing.box(24, 40, 200, "Event from etcd", "a lease was written", "or deleted",
                    kind=Kind.STORE),
        drawing.box(24, 132, 200, "Event from the kernel", "a link, address, route,",
                    "or rule changed", kind=Kind.KERNEL),
        drawing.box(24, 242, 200, "Timer", "30 seconds", kind=Kind.PLAIN),
    ]  # fmt: skip
    drawing.frame(268, 24, 708, 300, "One pass: level-triggered, independent of the event")
    leases = drawing.box(292, 64, 190, "Leases", "and the network's", "configuration",
                         kind=Kind.STORE)  # fmt: skip
    plan = drawing.box(524, 64, 190, "The backend's plan", "desired devices, routes,",
                       "entries and rules", kind=Kind.WEFT)  # fmt: skip
    actual = drawing.box(524, 200, 190, "The actual state", "read from the kernel and",
                         "the datapath", kind=Kind.KERNEL)  # fmt: skip
    change = drawing.box(756, 132, 196, "The difference", "netlink, iptables,",
                         "the datapath's table", kind=Kind.WEFT)  # fmt: skip
    drawing.way(leases.right, plan.left)
    drawing.way(plan.right, (735, plan.right[1]), (735, 150), (756, 150))
    drawing.way(actual.right, (735, actual.right[1]), (735, 186), (756, 186))
    for begin in begins:
        drawing.way(begin.right, (268, begin.right[1]))
    told = drawing.box(524, 346, 428, "Status, metrics, weftctl", "failed changes and their fixes",
                       kind=Kind.PLAIN)  # fmt: skip
    drawing.way(change.bottom, (change.bottom[0], told.y))
    drawing.way(told.left, (124, told.left[1]), (124, begins[2].bottom[1]))
    drawing.words(136, 362, "then waits for the next", style="quiet")
    drawing.words(292, 300, "Only changes objects that weft created.", style="quiet")
    return drawing


def trust() -> Drawing:
    """The identities and their access to etcd."""
    drawing = Drawing(
        1000,
        440,
        "Access to etcd",
        "The certificate authority, on one host, signs the requests of members, of the provisioner "
        "and of every Docker host; no key is transferred. A Docker host's agent reads the network "
        "and writes its own lease, nothing else. The provisioner, on an etcd member, writes the "
        "network and the reservations for the playbooks. A machine without a certificate has no "
        "access.",
    )
    authority = drawing.box(
        360, 24, 280, "Certificate authority, on one host", "`/etc/weft/ca/authority.key",
        "signs requests; no key is sent", kind=Kind.PLAIN,
    )  # fmt: skip
    store = drawing.box(
        360, 210, 280, "etcd: 1, 3 or 5 members",
        "`/coreos.com/network/config",
        "`/coreos.com/network/subnets/...",
        "TLS with client certificates;",
        "users and roles, no passwords",
        kind=Kind.STORE,
    )  # fmt: skip
    agents: list[Box] = []
    for number, name in enumerate(("docker1", "docker2")):
        agents.append(
            drawing.box(24, 180 + 100 * number, 210, f"weftd on {name}",
                        f"`weft-host-192.0.2.1{number + 1}", "key stays on the host",
                        kind=Kind.WEFT)
        )  # fmt: skip
    play = drawing.box(766, 180, 210, "Playbooks", "`weft-provisioner", "on an etcd member",
                       kind=Kind.WEFT)  # fmt: skip
    unknown = drawing.box(766, 300, 210, "Unknown machine", "has no certificate", kind=Kind.PLAIN)
    drawing.way(authority.bottom, store.top)
    drawing.way(authority.left, (129, authority.left[1]), agents[0].top)
    drawing.way(authority.right, (871, authority.right[1]), play.top)
    drawing.words(510, 160, "signs for members", style="quiet")
    drawing.words(140, 120, "signs for hosts", style="quiet")
    drawing.words(860, 120, "signs for the playbooks", style="quiet", anchor="end")
    for agent in agents:
        drawing.way(agent.right, (360, agent.right[1]))
    drawing.words(240, 254, "reads all,", style="quiet")
    drawing.words(240, 272, "writes its", style="quiet")
    drawing.words(240, 290, "own lease", style="quiet")
    drawing.way(play.left, (640, play.left[1]))
    drawing.words(650, 240, "writes network", style="quiet")
    drawing.words(650, 258, "and leases", style="quiet")
    drawing.way(unknown.left, (690, unknown.left[1]))
    drawing.words(660, unknown.left[1] + 5, "✕", style="title")
    drawing.words(24, 412, "Traffic does not depend on etcd: it continues during an outage. "
                  "Container traffic is not encrypted.", style="quiet")  # fmt: skip
    return drawing


DRAWINGS: Mapping[str, Callable[[], Drawing]] = {
    "converge": converge,
    "packet": packet,
    "reconcile": reconcile,
    "trust": trust,
}


def main() -> None:
    """Write all drawings."""
    FOLDER.mkdir(exist_ok=True)
    for name, draw in DRAWINGS.items():
        (FOLDER / f"{name}.svg").write_text(draw().svg(), encoding="utf-8")


if __name__ == "__main__":
    main()
