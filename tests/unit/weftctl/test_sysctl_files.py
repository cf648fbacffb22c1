# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that disables forwarding, of all files of sysctl.d."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.sysctl_files import (
    file_that_disables_forwarding,
)

OFF, ON = "net.ipv4.ip_forward = 0\n", "net.ipv4.ip_forward=1\n"


@pytest.mark.parametrize(
    ("files", "deciding"),
    [
        ({}, None),
        ({"etc/90-hardening.conf": OFF}, "etc/90-hardening.conf"),
        (
            {"etc/90-hardening.conf": "# comment\n-net/ipv4/conf/all/forwarding=0\n"},
            "etc/90-hardening.conf",
        ),
        ({"etc/90-hardening.conf": "#" + OFF}, None),
        ({"etc/90-hardening.conf": OFF, "etc/zz-weft.conf": ON}, None),
        ({"etc/90-hardening.conf": ON, "usr/95-vendor.conf": OFF}, "usr/95-vendor.conf"),
        # The same name in /etc replaces that of the vendor.
        ({"etc/50-default.conf": ON, "usr/50-default.conf": OFF}, None),
        ({"etc/zz-weft.conf": ON, "sysctl.conf": OFF}, "sysctl.conf"),
    ],
)
def test_the_value_that_is_applied_last_decides(
    tmp_path: Path, files: dict[str, str], deciding: str | None
) -> None:
    for name in ("etc", "usr"):
        (tmp_path / name).mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    found = file_that_disables_forwarding(
        (tmp_path / "etc", tmp_path / "usr"), tmp_path / "sysctl.conf"
    )
    assert found == (tmp_path / deciding if deciding else None)
