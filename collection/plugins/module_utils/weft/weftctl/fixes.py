# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that fix several kinds of problems, and how to keep a fix across a reboot."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

RESTART_AGENT = "systemctl restart weftd"
START_AGENT = "systemctl enable --now weftd"
RESTART_DATAPATH = "systemctl restart weft-datapath"
SITE = "on the controller: ansible-playbook -i hosts.yml weft.overlay.site"
ROTATE = "on the controller: ansible-playbook -i hosts.yml weft.overlay.rotate"
# Containers with a restart policy start again with dockerd; live-restore keeps all of them running.
RESTART_DOCKER = (
    "systemctl restart docker   # stops all containers of this host; those without a restart "
    "policy stay stopped"
)
CONFIGURE_DOCKER = f"{SITE} --tags docker"

_PERSISTENT: Mapping[str, str] = {
    "sysctl -w": "a line in /etc/sysctl.d",
    "iptables -I": "the rules that your firewall loads at boot",
    "nft insert": "the rules that nftables.service or your firewall loads at boot",
    "ethtool -K": "a .link file, systemd.link(5)",
}


def persistence_advice(fixes: Iterable[str | None]) -> str | None:
    """Return which of the commands a reboot reverts, and what keeps each; None without one."""
    text = re.sub(r"iptables -t \w+", "iptables", " ".join(filter(None, fixes)))
    reverted = [
        f"{tool} (persistent: {place})" for tool, place in _PERSISTENT.items() if tool in text
    ]
    return f"a reboot reverts {', '.join(reverted)}" if reverted else None
