# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network namespace as the host that a module changes, with both kinds of iptables."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.modules.ansible_run import Outcome, run_module

TABLES = (
    "{ iptables-nft-save; iptables-legacy-save; } | sed '/^#/d; s/ \\[[0-9:]*\\]//';"
    "ip -o route show; ip -o link show"
)


@dataclass(frozen=True, slots=True)
class NamespaceHost:
    """A network namespace that outlives a run."""

    namespace: str

    def shell(self, script: str, text: str = "") -> str:
        """Run a script in it, with a text to read, and return what it printed."""
        command = ["ip", "netns", "exec", self.namespace, "sh", "-ec", script]
        return subprocess.run(
            command, input=text, capture_output=True, text=True, check=True
        ).stdout

    def run(self, module: str, *flags: str, **options: Any) -> Outcome:
        """Run a module in it."""
        enter = f'exec nsenter --net=/run/netns/{self.namespace} "$@"'
        return run_module(module, options, *flags, setup=[enter])


@contextlib.contextmanager
def namespace_host(name: str, script: str, rules: str) -> Iterator[NamespaceHost]:
    """A host after a script and an iptables-restore of both kinds; it goes in any case."""
    host = NamespaceHost(f"{name}-{os.getpid()}")
    subprocess.run(["ip", "netns", "add", host.namespace], check=True)
    try:
        host.shell(script)
        for kind in ("nft", "legacy"):
            host.shell(f"iptables-{kind}-restore", rules)
        yield host
    finally:
        subprocess.run(["ip", "netns", "delete", host.namespace], check=True)
