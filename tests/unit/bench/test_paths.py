# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The measured paths and the addresses that they get."""

from __future__ import annotations

from bench.figures import Figure
from bench.overlay import Overlay
from bench.paths import ALL


def test_paths_and_figures_have_the_names_that_readers_of_the_results_rely_on() -> None:
    assert [path.name for path in ALL] == [
        "none",
        "kernel-vxlan",
        "weft-vxlan",
        "weft-udp",
        "weft-udp-full-checksums",
        "weft-udp-full-checksums-no-numpy",
        "weft-udp-no-offload",
        "weft-vxlan-userspace",
        "tinc",
        "fastd",
        "openvpn",
        "wireguard-go",
        "nebula",
    ]
    promised = ["tcp1", "tcp4", "udp64", "udp1400", "rtt_p50", "rtt_p99", "cpu_s_per_gib"]
    assert set(promised) <= {figure.value for figure in Figure}


def test_every_figure_has_a_unit() -> None:
    units = {figure.value: figure.unit for figure in Figure}
    assert set(units.values()) == {"Gbit/s", "datagrams/s", "us", "s/GiB"}
    assert units["udp1400"] == "datagrams/s"
    assert units["rtt_p99_loaded"] == "us"


def test_overlays_share_neither_addresses_nor_devices_nor_ports() -> None:
    overlays = [Overlay(number) for number in range(len(ALL))]
    assert len({overlay.network for overlay in overlays}) == len(ALL)
    assert len({overlay.device for overlay in overlays}) == len(ALL)
    assert len({overlay.port for overlay in overlays}) == len(ALL)


def test_both_ends_lie_in_their_halves_of_the_network() -> None:
    overlay = Overlay(3)
    left, right = overlay.ends
    assert (str(left.interface), str(right.interface)) == ("100.96.3.1/24", "100.96.3.129/24")
    assert left.subnet.subnet_of(overlay.network)
    assert not left.subnet.overlaps(right.subnet)
