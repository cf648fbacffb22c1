# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is likely wrong with a pair, and where to look."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .results import Fault, Host, Observation, Pair, Results

EVERY_OTHER = "every other host"

# Bytes that a backend puts around a packet: IPv4 and UDP; with VXLAN and Ethernet (RFC 7348).
_OVERHEAD = {"udp": 28, "vxlan": 50, "host-gw": 0}


def answer(pair: Pair) -> str:
    """What came back, in a few words: the address by which the source arrived, if all is well."""
    seen = pair.seen
    if seen is None:
        return "the probes did not run"
    words: dict[Fault | None, str] = {
        None: str(pair.source_seen),
        Fault.SAME_ADDRESS: f"both are {pair.source.container}",
        Fault.NO_ANSWER: _silence(pair, seen),
        Fault.WRONG_HOST: f"{seen.tcp.name or seen.udp.name} answers",
        Fault.NO_ECHO: f"none of {seen.sent} echo requests is answered, though "
        f"{'UDP' if seen.tcp.error else 'TCP'} is",
        Fault.NO_PORT: f"echo requests are answered, UDP and TCP are not: {_error(seen)}",
        Fault.NO_UDP: f"UDP is not answered: {seen.udp.error}",
        Fault.NO_TCP: f"TCP to a port that is not published is not answered: {seen.tcp.error}",
        Fault.SOURCE: f"the source {pair.source.container} arrived as {_rewritten(pair, seen)}",
        Fault.LOSS: f"{seen.sent - seen.received} of {seen.sent} echo requests are lost",
        Fault.MTU: f"packets of more than {seen.path_mtu} bytes do not pass, and containers send "
        f"up to {seen.expected_mtu}",
    }
    return words[pair.fault]


def sentence(pair: Pair) -> str:
    """Which pair, what came back, the likely cause and the next step."""
    return _sentence(pair, pair.source.name, pair.destination.name)


def problems(results: Results) -> list[str]:
    """A sentence for each host without a container and each fault, the hosts first.

    What a host has with all others is said once.
    """
    absent = [f"{host.name}: {host.problems[0]}" for host in results.hosts if not host.container]
    others = len(results.probed) - 1
    faulty = [pair for pair in results.pairs if pair.fault]
    sentences = []
    if others > 1:
        silent = [pair for pair in faulty if pair.fault is Fault.NO_ANSWER]
        dead = {
            host.name: host
            for host in results.probed
            if sum(pair.destination is host for pair in silent) == others
        }
        sentences += [_dead(host) for host in dead.values()]
        faulty = [
            pair for pair in faulty if not {pair.source.name, pair.destination.name} & set(dead)
        ]
        others -= len(dead)
        for end in (lambda pair: pair.source, lambda pair: pair.destination):
            said, faulty = _joined(faulty, end, others)
            sentences += said
    return absent + sentences + [sentence(pair) for pair in faulty]


def _joined(
    faulty: Sequence[Pair], end: Callable[[Pair], Host], others: int
) -> tuple[list[str], list[Pair]]:
    """Say once what one end has with all others; return that, and the pairs that remain."""
    groups: dict[tuple[str, Fault | None, int | None], list[Pair]] = {}
    for pair in faulty:
        path_mtu = pair.seen.path_mtu if pair.seen and pair.fault is Fault.MTU else None
        groups.setdefault((end(pair).name, pair.fault, path_mtu), []).append(pair)
    said, left = [], list(faulty)
    for group in groups.values():
        if len(group) < 2 or len(group) != others:
            continue
        first = group[0]
        from_all = end(first) is first.destination
        source = EVERY_OTHER if from_all else first.source.name
        destination = first.destination.name if from_all else EVERY_OTHER
        said.append(_sentence(first, source, destination))
        left = [pair for pair in left if pair not in group]
    return said, left


def _sentence(pair: Pair, source: str, destination: str) -> str:
    link = f"the link between {_place(pair.source)} and {_place(pair.destination)}"
    if EVERY_OTHER in (source, destination):
        own = pair.destination if source == EVERY_OTHER else pair.source
        link = f"the link of {_place(own)}"
    said = f"{source} -> {destination}: {answer(pair)}: {_cause(pair, link)}"
    for host in (pair.source, pair.destination):
        if host.problems and EVERY_OTHER not in (source, destination):
            said += f"; 'weftctl status' on {host.name} says: {host.problems[0]}"
    return said


def _dead(host: Host) -> str:
    said = f"nobody reaches {host.name}: see 'weftctl status' and 'systemctl status docker' there"
    return f"{said}, which says: {host.problems[0]}" if host.problems else said


def _place(host: Host) -> str:
    return host.public_ip or host.name


def _cause(pair: Pair, link: str) -> str:
    source, destination = pair.source.name, pair.destination.name
    address = pair.destination.container
    forward = (
        f"a rule of the firewall drops it: see 'iptables -S FORWARD' on {destination} and "
        f"{source}, where WEFT-FORWARD comes before Docker's chains, and 'weftctl doctor'"
    )
    causes: dict[Fault | None, str] = {
        Fault.NOT_PROBED: f"the task that probes failed on {source}: see the play's output above",
        Fault.SAME_ADDRESS: "no two containers may have one address: give each host's Docker a bip "
        "of its own (the role weft.overlay.docker)",
        Fault.NO_ANSWER: _cause_of_silence(pair),
        Fault.WRONG_HOST: f"two hosts hold one subnet, or a route is stale: see 'weftctl trace "
        f"{address}' on {source}",
        Fault.NO_ECHO: forward,
        Fault.NO_PORT: forward,
        Fault.NO_UDP: forward,
        Fault.NO_TCP: forward,
        Fault.SOURCE: f"a MASQUERADE or SNAT rule on {source} comes before WEFT-POSTROUTING "
        "('iptables -t nat -S POSTROUTING')",
        Fault.LOSS: "a link or a host is overloaded: see the drops of 'weftctl peers' on "
        f"{source} and {destination}, and verify again",
        Fault.MTU: _cause_of_misfit(pair, link),
    }
    return causes[pair.fault]


def _silence(pair: Pair, seen: Observation) -> str:
    if pair.arrived and _error(seen) == "timed out":
        return "the requests arrive, and no answer comes back"
    return _error(seen)


def _error(seen: Observation) -> str:
    """The reason that says more than that time has passed, if there is one."""
    errors = [seen.tcp.error, seen.udp.error, seen.echo_error]
    return next((error for error in errors if error not in ("", "timed out")), "timed out")


# What the C library says, and what it means between two containers of one overlay.
_CAUSES = (
    ("Network is unreachable", "{source} has no lease for {address}: see 'weftctl leases' there"),
    ("No route to host", "{source} has no way to {address}: see 'weftctl status' there"),
    ("refused", "the responder on {destination} does not run: see 'docker ps' there, and verify "
     "again"),
)  # fmt: skip


def _cause_of_silence(pair: Pair) -> str:
    source, destination = pair.source, pair.destination
    if pair.seen:
        for words, cause in _CAUSES:
            if words in _error(pair.seen):
                return cause.format(
                    source=source.name, destination=destination.name, address=destination.container
                )
    if pair.arrived:
        return _lossy(destination, source)
    return _lossy(source, destination)


def _lossy(sender: Host, receiver: Host) -> str:
    door = (
        "does the link carry packets of other subnets, and is forwarding on"
        if sender.backend == "host-gw"
        else "is UDP to the backend's port open"
    )
    return (
        f"packets from {sender.name} to {receiver.name} are lost: {door} on {receiver.name}, "
        "and is weftd running there ('weftctl status')?"
    )


def _rewritten(pair: Pair, seen: Observation) -> str | None:
    sources = (seen.tcp.source, seen.udp.source)
    return next((each for each in sources if each not in (None, pair.source.container)), None)


def _cause_of_misfit(pair: Pair, link: str) -> str:
    source, destination, seen = pair.source, pair.destination, pair.seen
    size = seen.path_mtu if seen else None
    expected = seen.expected_mtu if seen else None
    if size is not None and size == source.overlay_mtu:
        return (
            f"the bridge of {source.name} has MTU {expected}, its overlay {size}: run "
            "weft.overlay.site, whose role docker gives the bridge the overlay's"
        )
    if size is not None and size in (destination.overlay_mtu, destination.mtu):
        return (
            f"{destination.name} has MTU {size}, {source.name} {expected}: give the interfaces of "
            "the underlay one MTU on all hosts, then run weft.overlay.site"
        )
    if seen and seen.path_mtu_told_by:
        return (
            f"{seen.path_mtu_told_by} says so, so that TCP adapts: give the interfaces of the "
            "underlay the MTU of the narrowest link, then run weft.overlay.site"
        )
    overhead = _OVERHEAD.get(source.backend)
    fitting = "what passes" if overhead is None or size is None else f"{size + overhead} bytes"
    return (
        f"nobody says so, so that connections hang once they send much: {link} is narrower than "
        f"the interfaces say: give these an MTU of {fitting}, then run weft.overlay.site"
    )
