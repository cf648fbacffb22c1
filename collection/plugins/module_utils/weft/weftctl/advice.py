# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that mend more than one flaw, and how long what mends lasts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

RESTART_AGENT = "systemctl restart weftd"
START_AGENT = "systemctl enable --now weftd"
RESTART_DATAPATH = "systemctl restart weft-datapath"
SITE = "on the controller: ansible-playbook -i hosts.yml weft.overlay.site"
ROTATE = "on the controller: ansible-playbook -i hosts.yml weft.overlay.rotate"
CONFIGURE_DOCKER = f"{SITE} --tags docker"

_LASTING: Mapping[str, str] = {
    "sysctl -w": "a line in /etc/sysctl.d",
    "iptables -I": "the rules that your firewall loads at boot",
    "ethtool -K": "a .link file, systemd.link(5)",
}


def lasting_advice(mends: Iterable[str | None]) -> str | None:
    """What of the mends a reboot undoes, and where it stands for good; None without such."""
    text = re.sub(r"iptables -t \w+", "iptables", " ".join(filter(None, mends)))
    undone = [f"{tool} (for good: {where})" for tool, where in _LASTING.items() if tool in text]
    return f"a reboot undoes {', '.join(undone)}" if undone else None
