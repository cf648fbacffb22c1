# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""flannel's rules, as iptables-restore takes them (flannel: pkg/trafficmngr/iptables)."""

from __future__ import annotations

import subprocess
from ipaddress import IPv4Network

_MASQUERADE = '-m comment --comment "flanneld masq"'
_FORWARD = '-m comment --comment "flanneld forward"'


def add_rules(network: IPv4Network, subnet: IPv4Network, *, masquerade: bool) -> None:
    """Append the rules that are missing. Raises CalledProcessError."""
    present = subprocess.run(["iptables-save"], capture_output=True, check=True, text=True).stdout
    text = ""
    if masquerade and "-j FLANNEL-POSTRTG" not in present:
        text += _masquerading(network, subnet)
    if "-j FLANNEL-FWD" not in present:
        text += _forwarding(network)
    subprocess.run(["iptables-restore", "--noflush"], input=text, check=True, text=True)


def _masquerading(network: IPv4Network, subnet: IPv4Network) -> str:
    chain, comment = "-A FLANNEL-POSTRTG", _MASQUERADE
    return f"""\
*nat
:FLANNEL-POSTRTG - [0:0]
-A POSTROUTING {comment} -j FLANNEL-POSTRTG
{chain} -m mark --mark 0x4000/0x4000 {comment} -j RETURN
{chain} -s {subnet} -d {network} {comment} -j RETURN
{chain} -s {network} -d {subnet} {comment} -j RETURN
{chain} ! -s {network} -d {subnet} {comment} -j RETURN
{chain} -s {network} ! -d 224.0.0.0/4 {comment} -j MASQUERADE --random-fully
{chain} ! -s {network} -d {network} {comment} -j MASQUERADE --random-fully
COMMIT
"""


def _forwarding(network: IPv4Network) -> str:
    """The chain; and one rule as older releases placed it."""
    return f"""\
*filter
:FLANNEL-FWD - [0:0]
-A FORWARD {_FORWARD} -j FLANNEL-FWD
-A FORWARD -s {network} {_FORWARD} -j ACCEPT
-A FLANNEL-FWD -s {network} {_FORWARD} -j ACCEPT
-A FLANNEL-FWD -d {network} {_FORWARD} -j ACCEPT
COMMIT
"""
