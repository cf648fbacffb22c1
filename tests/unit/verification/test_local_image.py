# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The libraries that the image of the verification contains."""

from __future__ import annotations

from ansible_collections.weft.overlay.plugins.module_utils.verification.local_image import (
    shared_objects,
)


def test_the_paths_in_the_output_of_ldd_are_the_libraries() -> None:
    output = (
        "\tlinux-vdso.so.1 (0x00007ffd4b5f2000)\n"
        "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f4d2a200000)\n"
        "\t/lib64/ld-linux-x86-64.so.2 (0x00007f4d2a4e1000)\n"
    )
    assert shared_objects(output) == [
        "/lib/x86_64-linux-gnu/libc.so.6",
        "/lib64/ld-linux-x86-64.so.2",
    ]


def test_a_static_program_has_none() -> None:
    assert shared_objects("\tnot a dynamic executable\n") == []
