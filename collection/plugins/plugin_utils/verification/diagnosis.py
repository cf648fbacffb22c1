# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The likely cause of a fault, and the next step."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .results import Fault, Host, Observation, Pair, Results

EVERY_OTHER = "every other host"

# The overhead of a backend in bytes: IPv4 and UDP; with VXLAN and Ethernet (RFC 7348).
_OVERHEAD = {"udp": 28, "vxlan": 50, "host-gw": 0}


def answer(pair: Pair) -> str:
    """Return the probe result of a pair in short: the source address received, or the fault."""
    seen = pair.seen
    if seen is None:
        return "the probes did not run"
    words: dict[Fault | None, str] = {
        None: str(pair.source_seen),
        Fault.SAME_ADDRESS: f"both are {pair.source.container}",
        Fault.NO_ANSWER: _no_answer(pair, seen),
        Fault.WRONG_HOST: f"{seen.tcp.name or seen.udp.name} replies instead",
        Fault.NO_ECHO: f"none of {seen.sent} echo requests is answered, but "
        f"{'UDP' if seen.tcp.error else 'TCP'} is",
        Fault.NO_PORT: f"echo requests are answered, UDP and TCP are not: {_error(seen)}",
        Fault.NO_UDP: f"UDP is not answered: {seen.udp.error}",
        Fault.NO_TCP: f"TCP to a port that is not published is not answered: {seen.tcp.error}",
        Fault.SOURCE: f"source address changed from {pair.source.container} to "
        f"{_rewritten(pair, seen)}",
        Fault.LOSS: f"{seen.sent - seen.received} of {seen.sent} echo requests are lost",
        Fault.MTU: f"packets of more than {seen.path_mtu} bytes are lost, and containers send "
        f"up to {seen.expected_mtu} bytes",
    }
    return words[pair.fault]


def sentence(pair: Pair) -> str:
    """Return the pair, the probe result, the likely cause and the next step."""
    return _sentence(pair, pair.source.name, pair.destination.name)


def problems(results: Results) -> list[str]:
    """Return a sentence for each host without a container and for each fault, hosts first.

    A fault that a host has with all other hosts is reported once.
    """
    missing = [f"{host.name}: {host.problems[0]}" for host in results.hosts if not host.container]
    others = len(results.probed) - 1
    faulty = [pair for pair in results.pairs if pair.fault]
    if others > 1 and all(pair.fault is Fault.NO_ANSWER for pair in results.pairs):
        return [*missing, _none_reached(results)]
    fitting = _fitting_mtu(faulty)
    sentences = []
    if others > 1:
        unanswered = [pair for pair in faulty if pair.fault is Fault.NO_ANSWER]
        unreachable = {
            host.name: host
            for host in results.probed
            if sum(pair.destination is host for pair in unanswered) == others
        }
        sentences += [_unreachable(host) for host in unreachable.values()]
        faulty = [
            pair
            for pair in faulty
            if not {pair.source.name, pair.destination.name} & set(unreachable)
        ]
        others -= len(unreachable)
        for end in (lambda pair: pair.source, lambda pair: pair.destination):
            joined, faulty = _join(faulty, end, others)
            sentences += joined
    return missing + sentences + [sentence(pair) for pair in faulty] + fitting


def _none_reached(results: Results) -> str:
    reported = [f"{host.name}: {host.problems[0]}" for host in results.probed if host.problems]
    text = "no host reaches another through the overlay"
    if reported:
        return f"{text}: 'weftctl status' reports on {'; '.join(reported)}"
    transport = _transport(results.probed[0])
    return (
        f"{text}: {transport} is blocked on every path: allow it between all hosts. If 'weftctl "
        f"doctor' finds no fault on the hosts, the network drops {transport}: set another port or "
        "backend in overlay_backend"
    )


def _fitting_mtu(faulty: Sequence[Pair]) -> list[str]:
    """Return the setting that fits every path, if several paths have different smaller MTUs."""
    narrow = [pair for pair in faulty if pair.fault is Fault.MTU and _on_the_path(pair)]
    sizes = [
        pair.seen.path_mtu + _OVERHEAD[pair.source.backend]
        for pair in narrow
        if pair.seen and pair.seen.path_mtu and pair.source.backend in _OVERHEAD
    ]
    if len(set(sizes)) < 2:
        return []
    return [
        f"{len(narrow)} paths have a smaller MTU than the interfaces: 'mtu: {min(sizes)}' in "
        "overlay_backend fits every one, then run weft.overlay.site"
    ]


def _transport(host: Host) -> str:
    return f"UDP {host.port}" if host.port else "the traffic of the backend"


def _join(
    faulty: Sequence[Pair], end: Callable[[Pair], Host], others: int
) -> tuple[list[str], list[Pair]]:
    """Return the sentences for faults with all other hosts, and the remaining pairs."""
    groups: dict[tuple[str, Fault | None, int | None], list[Pair]] = {}
    for pair in faulty:
        path_mtu = pair.seen.path_mtu if pair.seen and pair.fault is Fault.MTU else None
        groups.setdefault((end(pair).name, pair.fault, path_mtu), []).append(pair)
    sentences, left = [], list(faulty)
    for group in groups.values():
        if len(group) < 2 or len(group) != others:
            continue
        first = group[0]
        from_all = end(first) is first.destination
        source = EVERY_OTHER if from_all else first.source.name
        destination = first.destination.name if from_all else EVERY_OTHER
        sentences.append(_sentence(first, source, destination))
        left = [pair for pair in left if pair not in group]
    return sentences, left


def _sentence(pair: Pair, source: str, destination: str) -> str:
    link = f"the link between {_place(pair.source)} and {_place(pair.destination)}"
    if EVERY_OTHER in (source, destination):
        own = pair.destination if source == EVERY_OTHER else pair.source
        link = f"the link of {_place(own)}"
    text = f"{source} -> {destination}: {answer(pair)}: {_cause(pair, link)}"
    for host in (pair.source, pair.destination):
        if host.problems and EVERY_OTHER not in (source, destination):
            text += f"; 'weftctl status' on {host.name} reports: {host.problems[0]}"
    return text


def _unreachable(host: Host) -> str:
    text = f"{host.name} is unreachable from all hosts"
    if host.problems:
        text += f": 'weftctl status' reports: {host.problems[0]}"
    return (
        f"{text}: {_transport(host)} is blocked there, or weftd or Docker is down: run 'weftctl "
        f"doctor' on {host.name}"
    )


def _place(host: Host) -> str:
    return host.public_ip or host.name


def _cause(pair: Pair, link: str) -> str:
    source, destination = pair.source.name, pair.destination.name
    address = pair.destination.container
    forward = (
        f"a firewall rule drops it: see 'iptables -S FORWARD' on {destination} and {source}, where "
        "WEFT-FORWARD must come before Docker's chains, and 'weftctl doctor'"
    )
    causes: dict[Fault | None, str] = {
        Fault.NOT_PROBED: f"the probes failed on {source}: see the play's output above",
        Fault.SAME_ADDRESS: "two containers have the same address: set a different bip on each "
        "host "
        "(the role weft.overlay.docker does)",
        Fault.NO_ANSWER: _cause_of_no_answer(pair),
        Fault.WRONG_HOST: f"two hosts use the same subnet, or a route is stale: see 'weftctl trace "
        f"{address}' on {source}",
        Fault.NO_ECHO: forward,
        Fault.NO_PORT: forward,
        Fault.NO_UDP: forward,
        Fault.NO_TCP: forward,
        Fault.SOURCE: _cause_of_source(pair),
        Fault.LOSS: "a link or a host is overloaded: see the drops of 'weftctl peers' on "
        f"{source} and {destination}, and verify again",
        Fault.MTU: _cause_of_small_mtu(pair, link),
    }
    return causes[pair.fault]


def _cause_of_source(pair: Pair) -> str:
    source = pair.source
    rewritten = _rewritten(pair, pair.seen) if pair.seen else None
    if rewritten and source.subnet.partition("/")[0] == rewritten:
        return (
            f"{rewritten} is the address of the overlay's device on {source.name}: the connection "
            "began while WEFT-POSTROUTING was missing there or came after Docker's MASQUERADE: see "
            f"'weftctl status' on {source.name}, and verify again"
        )
    return (
        f"a MASQUERADE or SNAT rule on {source.name} comes before WEFT-POSTROUTING "
        "('iptables -t nat -S POSTROUTING')"
    )


def _no_answer(pair: Pair, seen: Observation) -> str:
    if pair.arrived and _error(seen) == "timed out":
        return "the requests arrive, but the replies do not"
    return _error(seen)


def _error(seen: Observation) -> str:
    """Return the first error other than a timeout, if there is one."""
    errors = [seen.tcp.error, seen.udp.error, seen.echo_error]
    return next((error for error in errors if error not in ("", "timed out")), "timed out")


# Error messages of the C library, and their causes between two containers of an overlay.
_CAUSES = (
    ("Network is unreachable", "{source} has no lease for {address}: see 'weftctl leases' there"),
    ("No route to host", "{source} has no route to {address}: see 'weftctl status' there"),
    ("refused", "the responder on {destination} does not run: see 'docker ps' there, and verify "
     "again"),
)  # fmt: skip


def _cause_of_no_answer(pair: Pair) -> str:
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
    direct = sender.backend == "host-gw"
    transport = "packets of other subnets" if direct else _transport(receiver)
    check = (
        "the link forwards packets of other subnets, that IP forwarding is enabled"
        if direct
        else f"{transport} is open"
    )
    return (
        f"packets from {sender.name} to {receiver.name} are lost: check that {check} on "
        f"{receiver.name}, and that weftd runs there ('weftctl status'). If 'weftctl doctor' finds "
        f"no fault on either host, the network between them drops {transport}: set another "
        f"{'backend' if direct else 'port or backend'} in overlay_backend"
    )


def _rewritten(pair: Pair, seen: Observation) -> str | None:
    sources = (seen.tcp.source, seen.udp.source)
    return next((each for each in sources if each not in (None, pair.source.container)), None)


def _on_the_path(pair: Pair) -> bool:
    """Whether the path has the small MTU, and neither a bridge nor the other host."""
    size = pair.seen.path_mtu if pair.seen else None
    ends = (pair.source.overlay_mtu, pair.destination.overlay_mtu, pair.destination.mtu)
    return size is not None and size not in ends


def _cause_of_small_mtu(pair: Pair, link: str) -> str:
    source, destination, seen = pair.source, pair.destination, pair.seen
    size = seen.path_mtu if seen else None
    expected = seen.expected_mtu if seen else None
    if size is not None and size == source.overlay_mtu:
        return (
            f"the bridge of {source.name} has MTU {expected}, its overlay {size}: run "
            "weft.overlay.site, whose role docker sets the bridge's MTU"
        )
    if size is not None and size in (destination.overlay_mtu, destination.mtu):
        return (
            f"{destination.name} has MTU {size}, {source.name} {expected}: set the same MTU on the "
            "underlay interfaces of all hosts, then run weft.overlay.site"
        )
    overhead = _OVERHEAD.get(source.backend)
    known = None if overhead is None or size is None else size + overhead
    setting = f"set 'mtu: {known}' in overlay_backend" if known else "set mtu in overlay_backend"
    if seen and seen.path_mtu_told_by:
        return (
            f"{seen.path_mtu_told_by} reports the path MTU, so TCP adapts: {setting}, or set the "
            "underlay interfaces to the smallest MTU of the path, then run weft.overlay.site"
        )
    mtu = f"{known} bytes" if known else "the path"
    return (
        "no router reports the path MTU, so TCP connections hang on large packets: the path MTU "
        "of "
        f"{link} is smaller than the MTU of its interfaces: {setting}, or set these to the MTU of "
        f"{mtu}, then run weft.overlay.site"
    )
