# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of etcd, and of the clock, the certificate and the lease of this host."""

from __future__ import annotations

from collections.abc import Mapping

from ...store.certificate_expiry import SOON
from ...store.errors import StoreFault
from ..facts import HostFacts
from ..finding import Check, CheckProblem, Severity
from ..fixes import ROTATE, SITE
from ..formatting import format_expiry, format_moment

_SET_CLOCK = "timedatectl set-ntp true"

# Never a restart of etcd: it fixes none of these, and restarting all members loses the quorum.
_FIXES: Mapping[StoreFault, str] = {
    StoreFault.TLS: f"{SITE}; if that changes nothing: weft.overlay.rotate",
    StoreFault.CLOCK: _SET_CLOCK,
    StoreFault.REFUSED: SITE,
    StoreFault.OTHER: SITE,
}


def _clock(facts: HostFacts) -> list[CheckProblem]:
    """Find an unsynchronised clock: certificates and leases depend on it."""
    if facts.clock_synchronised:
        return []
    fix = _SET_CLOCK
    if not facts.ntp_available:
        fix = f"apt-get install systemd-timesyncd; {fix}"
    return [CheckProblem("no service synchronises the clock", fix, Severity.WARNING)]


def _certificate(facts: HostFacts) -> list[CheckProblem]:
    """Find a certificate that cannot be read, is not valid now, or expires within 21 days."""
    unreadable = facts.unreadable.get("certificate_expiry")
    if unreadable:
        return [CheckProblem(unreadable, ROTATE)]
    begin, expiry = facts.certificate_begin, facts.certificate_expiry
    path = facts.settings.store.client_certificate
    if begin is not None and facts.now < begin:
        text = (
            f"the certificate {path} is valid from {format_moment(begin)}, but the clock of this "
            f"host is at {format_moment(facts.now)}"
        )
        return [CheckProblem(text, _SET_CLOCK)]
    if expiry is None or expiry - facts.now >= SOON:
        return []
    severity = Severity.WARNING if expiry > facts.now else Severity.FAULT
    text = f"the certificate {path} {format_expiry(expiry, facts.now)}"
    return [CheckProblem(text, ROTATE, severity)]


def _store(facts: HostFacts) -> list[CheckProblem]:
    """Find an etcd that is unreachable or refuses this host, or that holds no network."""
    if facts.store_problem:
        fix = _FIXES.get(facts.store_fault) or _check_members(facts)
        return [CheckProblem(facts.store_problem, fix)]
    reason = facts.unreadable.get("network")
    return [CheckProblem(reason, SITE)] if reason else []


def _check_members(facts: HostFacts) -> str:
    members = ", ".join(f"{one.host}:{one.port}" for one in facts.settings.store.members)
    return (
        "on the hosts of etcd: systemctl status etcd; "
        f"if it runs, allow TCP from this host to {members}"
    )


def _lease(facts: HostFacts) -> list[CheckProblem]:
    """Find a public IP without a lease, and a reservation that has become an expiring lease.

    site.yml writes reservations; flanneld with the same public IP writes an expiring lease.
    """
    own, policy = facts.own_lease, facts.settings.lease
    if own is None:
        if facts.underlay is None:
            return []
        return [CheckProblem(f"{facts.underlay.public_ip} holds no lease", SITE)]
    if own.is_reservation or policy.reserve or policy.ttl is not None:
        return []
    text = (
        f"the lease {own.subnet} of {own.public_ip} expires unless it is renewed, but site.yml "
        "writes leases that never expire: another program, such as flanneld, has written it with "
        "the public IP of this host"
    )
    fix = f"stop flanneld where it runs with --public-ip={own.public_ip}, then {SITE}"
    return [CheckProblem(text, fix, Severity.WARNING)]


CLOCK = Check("clock", "the clock is synchronised", ("clock_synchronised",), _clock)
CERTIFICATE = Check(
    "certificate",
    "the certificate of this host is valid for 21 days or more",
    ("settings",),
    _certificate,
)
STORE = Check("store", "etcd is reachable and holds a network", ("settings",), _store)
LEASE = Check("lease", "this host holds a subnet", ("underlay", "network"), _lease)
