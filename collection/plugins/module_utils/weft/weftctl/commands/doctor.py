# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`weftctl doctor`: checks this host, and prints each problem with its fix."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from ..checks import agent, datapath, disk, docker, firewall, kernel, peers, store, underlay
from ..facts import HostFacts
from ..facts_reader import read_facts
from ..finding import Check, Finding, Severity
from ..fixes import persistence_advice
from ..paths import HostPaths
from ..terminal import Colour, Colouriser, Terminal

# In the order of causes: a fault found by one check may cause those of the checks after it.
CHECKS: tuple[Check, ...] = (
    agent.SETTINGS,
    agent.AGENT,
    disk.DISK,
    store.CLOCK,
    store.CERTIFICATE,
    store.STORE,
    store.LEASE,
    underlay.PUBLIC_IP,
    underlay.NETWORK_RANGE,
    docker.BIP,
    docker.MTU,
    datapath.DATAPATH,
    kernel.KERNEL,
    kernel.ROUTES,
    kernel.BRIDGE_ROUTE,
    kernel.IP_FORWARD,
    docker.DOCKER_RULES,
    firewall.FORWARD_POLICY,
    firewall.HOST_TRAFFIC,
    firewall.BR_NETFILTER,
    kernel.RP_FILTER,
    firewall.PORT,
    underlay.OFFLOADS,
    datapath.DROPS,
    peers.PEERS,
    peers.LARGE_PACKETS,
    peers.PEER_FORWARDING,
)

_COLOURS = {
    Severity.OK: Colour.GOOD,
    Severity.WARNING: Colour.WARNING,
    Severity.UNKNOWN: Colour.WARNING,
    Severity.FAULT: Colour.BAD,
}
_EXIT_UNKNOWN = 3
_COUNTABLE = frozenset({Severity.WARNING, Severity.FAULT})


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """The command has no arguments of its own."""


def run(options: argparse.Namespace, paths: HostPaths, terminal: Terminal) -> int:
    """Read the facts and run the checks; the host is not changed."""
    findings = run_checks(CHECKS, read_facts(paths, probe=True))
    if options.json:
        terminal.print_json(findings_document(findings))
    else:
        terminal.print(render_findings(findings, terminal.colour))
    return exit_status(findings)


def run_checks(checks: Iterable[Check], facts: HostFacts) -> list[Finding]:
    """Return the findings of all checks; severity UNKNOWN if a required fact is unreadable."""
    return [finding for check in checks for finding in _findings(check, facts)]


def exit_status(findings: Sequence[Finding]) -> int:
    """Return 1 with a fault, 3 if a check could not run, else 0, also with warnings."""
    severities = {finding.severity for finding in findings}
    if Severity.FAULT in severities:
        return 1
    return _EXIT_UNKNOWN if Severity.UNKNOWN in severities else 0


def findings_document(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return the findings as JSON values; `mend` is the deprecated name of `fix`."""
    return {
        "healthy": exit_status(findings) == 0,
        "findings": [{**asdict(finding), "mend": finding.fix} for finding in findings],
    }


def render_findings(findings: Sequence[Finding], colour: Colouriser) -> str:
    """Return a line for each finding with its fix below, then which fixes a reboot reverts."""
    width = max(len(finding.check) for finding in findings)
    lines = []
    for finding in findings:
        severity = colour(f"{finding.severity:<7}", _COLOURS[finding.severity])
        lines.append(f"{severity}  {finding.check:<{width}}  {finding.text}")
        if finding.fix:
            lines.append(f"{'':7}  {'':{width}}  fix: {finding.fix}")
    counts = dict.fromkeys(Severity, 0)
    for finding in findings:
        counts[finding.severity] += 1
    summary = ", ".join(
        f"{count} {severity}{'s' if severity in _COUNTABLE and count > 1 else ''}"
        for severity, count in counts.items()
        if count
    )
    advice = persistence_advice(finding.fix for finding in findings)
    return "\n".join([*lines, "", *filter(None, [advice]), summary])


def _findings(check: Check, facts: HostFacts) -> Iterator[Finding]:
    missing = [name for name in check.requires if name in facts.unreadable]
    if missing:
        reason = facts.unreadable[missing[0]]
        yield Finding(check.name, Severity.UNKNOWN, f"not checked: {reason}")
        return
    problems = check.find_problems(facts)
    if not problems:
        yield Finding(check.name, Severity.OK, check.expected)
    for problem in problems:
        yield Finding(check.name, problem.severity, problem.text, problem.fix)
