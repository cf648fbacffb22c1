# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The door to iptables: reads the rules and restores them, in one transaction a table."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ..errors import WeftError
from ..system.programs import run_program
from .firewall import OverlayTraffic, closes_containers, parse_saved, plan, plan_removal

# Another program may hold the lock of legacy iptables for a moment, in seconds.
_LOCK_WAIT = 5
_TIMEOUT = 20
# How iptables and iptables-save name the kind that is not legacy.
_NF_TABLES = "(nf_tables)"
_MODULES = Path("/sys/module")
# What legacy iptables says in the unit of a host that had the other kind when it was made.
_DENIED = "Permission denied"
_UNIT_ADVICE = (
    "; run the role weft.overlay.overlay again, which fits weftd.service to the host's iptables"
)


class FirewallError(WeftError):
    """iptables failed; the message holds its own words."""


def reconcile(traffic: OverlayTraffic) -> bool:
    """Make the overlay's rules as they should be; True where anything had to be mended.

    Raises FirewallError.
    """
    return _restore(plan(traffic, parse_saved(read_saved())))


def remove() -> bool:
    """Take the overlay's rules away; True where there were any. Raises FirewallError."""
    return _restore(plan_removal(parse_saved(_save("filter", "nat", "raw"))))


def read_saved() -> str:
    """What iptables-save prints of the tables that matter to the overlay. Raises FirewallError."""
    text = _save("filter", "nat")
    # Not always: with legacy iptables, reading a table makes it, and each packet passes it. What an
    # earlier Docker asked for there can only be left where the table has been in use.
    if closes_containers(parse_saved(text)) or _NF_TABLES in text or _legacy_raw_is_in_use():
        text += _save("raw")
    return text


def announces_changes() -> bool:
    """Whether the kernel tells of changed rules, as nf_tables does and legacy iptables does not.

    Raises FirewallError.
    """
    return _NF_TABLES in _run(["iptables", "--version"])


def _legacy_raw_is_in_use() -> bool:
    """Whether any network namespace has the table; iptables built into the kernel does not tell."""
    return (_MODULES / "iptable_raw").exists() or not (_MODULES / "ip_tables").exists()


def _save(*tables: str) -> str:
    # Each by its name: for a list of them all, legacy iptables-save needs a file that only root
    # may read, and without it prints nothing and succeeds.
    return "".join(_run(["iptables-save", "-t", table]) for table in tables)


def _restore(rules: str) -> bool:
    if rules:
        _run(["iptables-restore", "--noflush", f"--wait={_LOCK_WAIT}"], rules)
    return bool(rules)


def _run(command: list[str], text: str = "") -> str:
    try:
        done = run_program(command, _TIMEOUT, text)
    except FileNotFoundError as error:
        raise FirewallError(f"{command[0]} is missing: install the package iptables") from error
    except subprocess.TimeoutExpired as error:
        raise FirewallError(f"{command[0]} did not answer within {_TIMEOUT} s") from error
    if done.returncode:
        words = " ".join(done.stderr.split())
        advice = _UNIT_ADVICE if _DENIED in words else ""
        raise FirewallError(f"{command[0]} failed with {done.returncode}: {words}{advice}")
    return done.stdout
