# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints what a host holds for the overlay, as one JSON document."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

# Where the daemon writes, and so where an interrupted write would leave a temporary file.
_FOLDERS = ("/etc/weft", "/run/flannel", "/run/weft", "/var/lib/weft", "/opt/weft")


def main() -> None:
    devices = [
        link["ifname"] for link in ask_json("ip", "-j", "link") if link["ifname"][:4] != "veth"
    ]
    state = {
        "status": json.loads(ask("weftctl", "status", "--json")),
        "routes": [
            [route["dst"], route["dev"], route.get("gateway")]
            for route in ask_json("ip", "-j", "route", "show", "proto", "87")
        ],
        "devices": sorted(devices),
        "fdb": [
            [entry["mac"], entry["dst"]]
            for entry in ask_json("bridge", "-j", "fdb", "show")
            if entry["ifname"].startswith("flannel") and "dst" in entry
        ],
        "neighbours": [
            [entry["dst"], entry["lladdr"]]
            for entry in ask_json("ip", "-j", "neighbour", "show", "nud", "permanent")
            if entry["dev"].startswith("flannel")
        ],
        "rules": [
            re.sub(r" \[\d+:\d+\]", "", line)
            for line in ask("iptables-save").splitlines()
            if "WEFT" in line
        ],
        "bridge_addresses": [
            f"{address['local']}/{address['prefixlen']}"
            for link in ask_json("ip", "-j", "-4", "address", "show", "dev", "docker0")
            for address in link["addr_info"]
        ],
        "bip": json.loads(Path("/etc/docker/daemon.json").read_text(encoding="utf-8"))["bip"],
        "subnet_file": Path("/run/flannel/subnet.env").read_text(encoding="utf-8"),
        "temporary_files": [
            str(path)
            for folder in _FOLDERS
            for path in Path(folder).rglob(".*")
            if re.fullmatch(r"\..+\.[a-z0-9_]{8}", path.name)
        ],
        "agents": ask("pgrep", "--full", "--count", "weftd agent$").strip(),
        "failed_units": ask("systemctl", "--failed", "--plain", "--no-legend").splitlines(),
    }
    print(json.dumps(state))


def ask(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def ask_json(*command: str) -> Any:
    return json.loads(ask(*command) or "[]")


if __name__ == "__main__":
    main()
