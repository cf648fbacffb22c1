# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nftables tables of other programs: firewalld, nftables.service, Tailscale ...

The kernel lists the tables (linux/netfilter/nf_tables.h), so the program nft is needed only on
hosts that have others than those of iptables.
"""

from __future__ import annotations

import json
import socket
import struct
import subprocess
from typing import Any

from ..errors import WeftError
from ..system.programs import run_program
from .messages import attributes
from .request_socket import RequestSocket

_NETLINK_NETFILTER = 12
_GET_TABLE = (10 << 8) | 1  # NFNL_SUBSYS_NFTABLES, NFT_MSG_GETTABLE
_NFTA_TABLE_NAME = 1
# struct nfgenmsg: family, version, resource.
_HEADER = struct.Struct("!BBH")
_INET, _IPV4 = 1, 2  # NFPROTO_*
_FAMILIES = {_INET: "inet", _IPV4: "ip"}
_IPTABLES = frozenset({"filter", "nat", "raw", "mangle", "security"})
_TIMEOUT = 10.0


class NftError(WeftError):
    """The rules of nftables cannot be read; the message names the tables and the reason."""


def read_foreign_rules() -> dict[str, Any]:
    """Return the output of `nft -j list ruleset`; empty if only iptables has tables.

    Raises NftError if there are other tables and their rules cannot be read.
    """
    try:
        tables = _foreign_tables()
    except OSError:  # a kernel without nf_tables
        return {}
    if not tables:
        return {}
    shown = "the rules of the nftables table " + ", ".join(tables)
    try:
        done = run_program(["nft", "--json", "list", "ruleset"], _TIMEOUT)
    except FileNotFoundError as error:
        raise NftError(f"{shown} cannot be read: install the package nftables") from error
    except subprocess.TimeoutExpired as error:
        raise NftError(f"{shown} cannot be read: nft did not finish") from error
    if done.returncode:
        raise NftError(f"{shown} cannot be read: {done.stderr.strip()}")
    try:
        document: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        raise NftError(f"{shown} cannot be read: nft printed no JSON") from error
    return document


def is_table_of_iptables(family: str, name: str) -> bool:
    """Return whether a table has the name of one of iptables, whose rules iptables-save prints."""
    return family == "ip" and name in _IPTABLES


def _foreign_tables() -> list[str]:
    with RequestSocket(_NETLINK_NETFILTER) as requests:
        bodies = requests.dump(_GET_TABLE, _HEADER.pack(socket.AF_UNSPEC, 0, 0))
    found = []
    for body in bodies:
        family = _FAMILIES.get(body[0])
        name = (
            dict(attributes(body, _HEADER.size)).get(_NFTA_TABLE_NAME, b"").rstrip(b"\0").decode()
        )
        if family is not None and not is_table_of_iptables(family, name):
            found.append(f"{family} {name}")
    return found
