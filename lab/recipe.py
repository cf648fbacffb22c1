# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What defines a host image. Pure values, no I/O."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

# Raise this when a change of the build itself makes older images wrong.
FORMAT = 1

BUSYBOX_TAG = "weft/busybox:latest"
BUSYBOX_ARCHIVE = "/usr/share/weft-lab/busybox.tar"

INSTALLED = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "python3",
    "python3-apt",
    "iproute2",
    "iptables",
    "openssh-server",
    "ca-certificates",
    "procps",
    "kmod",
    "iputils-ping",
)

# Roles install these, so they wait in the image's apt cache.
DOWNLOADED = (
    "docker.io",
    "etcd-server",
    "etcd-client",
    "python3-cryptography",
    "python3-etcd3",
    "python3-prometheus-client",
    "python3-pyroute2",
    "tcpdump",
    "iperf3",
)

# What waits in the apt cache besides, by the purpose of a lab; most need nothing more.
FLAVOURS: dict[str, tuple[str, ...]] = {
    "plain": (),
    # The overlays that the benchmark measures beside ours, and what sets the hosts' links.
    "bench": (
        *("ethtool", "fastd", "nebula", "openvpn", "tinc", "wireguard-go", "wireguard-tools"),
        "python3-numpy",
    ),
}
DEFAULT_FLAVOUR = "plain"

_USELESS_UNITS = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "getty.target",
    "console-getty.service",
    "systemd-networkd-wait-online.service",
)

# The clock and the devices are the machine's; a package that roles install may bring these.
_MEDDLING_UNITS = (
    "systemd-timesyncd.service",
    "systemd-udevd.service",
    "systemd-udevd-kernel.socket",
    "systemd-udevd-control.socket",
    "systemd-udev-trigger.service",
)

FILES = {
    # A distribution's udev gives the node this mode; c makes the host's own node of tun(4).
    "etc/tmpfiles.d/weft-lab.conf": (
        "d /dev/net 0755 root root -\nc! /dev/net/tun 0666 root root - 10:200\n"
    ),
    "etc/ssh/sshd_config.d/weft-lab.conf": (
        "PermitRootLogin prohibit-password\nPasswordAuthentication no\nMaxStartups 100\n"
    ),
    # The journal of the boot before a crash can still be read.
    "etc/systemd/journald.conf.d/weft-lab.conf": "[Journal]\nStorage=persistent\n",
    "etc/resolv.conf": "# A lab host has no way out, so no name server.\n",
    "etc/apt/apt.conf.d/90weft-lab": 'APT::Periodic::Enable "0";\n',
}


@dataclass(frozen=True, slots=True)
class Suite:
    """What sets one Debian suite apart from the others."""

    debootstrap_script: str
    downloaded: tuple[str, ...] = ()


# docker-cli became a package of its own in trixie; debootstrap knows no forky, whose
# steps are those of sid.
SUITES = {
    "bookworm": Suite("bookworm"),
    "trixie": Suite("trixie", ("docker-cli",)),
    "forky": Suite("sid", ("docker-cli",)),
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides what is in an image, but for the archive's state."""

    suite: str
    debootstrap_script: str
    installed: tuple[str, ...]
    downloaded: tuple[str, ...]
    masked_units: tuple[str, ...]
    files: dict[str, str]
    format: int = FORMAT

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that change with any part of the recipe."""
        canonical = json.dumps(asdict(self), sort_keys=True).encode()
        return hashlib.sha256(canonical).hexdigest()[:12]

    @property
    def image_name(self) -> str:
        """The directory of the image inside the cache."""
        return f"{self.suite}-{self.digest}"


def recipe_of(suite: str, flavour: str = DEFAULT_FLAVOUR) -> Recipe:
    """Return the recipe of an image; suite and flavour are keys of SUITES and FLAVOURS."""
    particular = SUITES[suite]
    return Recipe(
        suite=suite,
        debootstrap_script=particular.debootstrap_script,
        installed=INSTALLED,
        downloaded=DOWNLOADED + particular.downloaded + FLAVOURS[flavour],
        masked_units=_USELESS_UNITS + _MEDDLING_UNITS,
        files=FILES,
    )


def network_sysctls(text: str) -> str:
    """Keep the lines of a sysctl.d file that set ``net.`` keys.

    The others (``kernel.``, ``fs.``, ``vm.``) belong to the machine's kernel, which a host shares.
    """
    kept = (line for line in text.splitlines() if line.lstrip("-").startswith("net."))
    return "".join(f"{line}\n" for line in kept)
