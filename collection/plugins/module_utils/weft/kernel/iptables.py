# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run iptables: read the rules and restore them, in one transaction per table."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ..errors import WeftError
from ..system.programs import run_program
from .firewall import (
    OverlayTraffic,
    docker_drops_direct_access,
    parse_rules,
    plan_removal,
    plan_repair,
)

# Seconds to wait for the lock of legacy iptables.
_LOCK_WAIT = 5
_TIMEOUT = 20
# The variant in the version of iptables and the output of iptables-save, if not legacy.
_NF_TABLES = "(nf_tables)"
_MODULES = Path("/sys/module")
# Error of legacy iptables in a unit that was written for nf_tables.
_DENIED = "Permission denied"
_UNIT_ADVICE = (
    "; run the role weft.overlay.overlay again, which adapts weftd.service to the host's iptables"
)


class FirewallError(WeftError):
    """iptables failed; the message has its error output."""


def reconcile(traffic: OverlayTraffic) -> bool:
    """Repair the overlay's rules; return whether anything was changed.

    Raises FirewallError.
    """
    return _restore(plan_repair(traffic, parse_rules(read_rules())))


def remove() -> bool:
    """Remove the overlay's rules; return whether there were any. Raises FirewallError."""
    return _restore(plan_removal(parse_rules(_save("filter", "nat", "raw"))))


def read_rules() -> str:
    """Return the output of iptables-save for the tables that weft uses. Raises FirewallError."""
    text = _save("filter", "nat")
    # Legacy iptables creates a table when it is read, and each packet then traverses it. Rules for
    # an earlier Docker can exist only if the table has been in use.
    if (
        docker_drops_direct_access(parse_rules(text))
        or _NF_TABLES in text
        or _legacy_raw_is_in_use()
    ):
        text += _save("raw")
    return text


def has_change_events() -> bool:
    """Return whether the kernel sends events for changed rules: nf_tables does, legacy does not.

    Raises FirewallError.
    """
    return _NF_TABLES in _run(["iptables", "--version"])


def _legacy_raw_is_in_use() -> bool:
    """Return whether a namespace may have the table raw; unknown if ip_tables is built in."""
    return (_MODULES / "iptable_raw").exists() or not (_MODULES / "ip_tables").exists()


def _save(*tables: str) -> str:
    # One table each: to list all tables, legacy iptables-save needs a file that only root may read;
    # without it, it prints nothing and exits with 0.
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
        raise FirewallError(f"{command[0]} did not finish within {_TIMEOUT} s") from error
    if done.returncode:
        stderr = " ".join(done.stderr.split())
        advice = _UNIT_ADVICE if _DENIED in stderr else ""
        raise FirewallError(
            f"{command[0]} failed with exit status {done.returncode}: {stderr}{advice}"
        )
    return done.stdout
