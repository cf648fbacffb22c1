# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that mend more than one flaw."""

from __future__ import annotations

RESTART_AGENT = "systemctl restart weftd"
START_AGENT = "systemctl enable --now weftd"
RESTART_DATAPATH = "systemctl restart weft-datapath"
SITE = "on the controller: ansible-playbook -i hosts.yml weft.overlay.site"
ROTATE = "on the controller: ansible-playbook -i hosts.yml weft.overlay.rotate"
CONFIGURE_DOCKER = f"{SITE} --tags docker"
