# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.policy import (
    Drop,
    ipv4_drop,
)

from .packets import packet

VALID = packet()


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("empty", b"", Drop.TRUNCATED),
        ("one byte", VALID[:1], Drop.TRUNCATED),
        ("cut in the header", VALID[:19], Drop.TRUNCATED),
        ("cut in the payload", VALID[:-1], Drop.TRUNCATED),
        ("version 6", b"\x65" + VALID[1:], Drop.NOT_IPV4),
        ("version 0", b"\x05" + VALID[1:], Drop.NOT_IPV4),
        ("header below 20 bytes", b"\x44" + VALID[1:], Drop.MALFORMED),
        ("no header length", b"\x40" + VALID[1:], Drop.MALFORMED),
        ("header beyond the packet", b"\x4f" + VALID[1:], Drop.MALFORMED),
        ("total length below 20", VALID[:2] + b"\x00\x13" + VALID[4:], Drop.MALFORMED),
        ("longer than it says", VALID + b"x", Drop.MALFORMED),
        ("total length zero", VALID[:2] + bytes(2) + VALID[4:], Drop.MALFORMED),
    ],
)
def test_ipv4_drop(name: str, data: bytes, expected: Drop) -> None:
    assert ipv4_drop(data, len(data)) is expected, name


def test_reads_no_further_than_the_length() -> None:
    assert ipv4_drop(VALID, len(VALID) - 1) is Drop.TRUNCATED
    assert ipv4_drop(VALID, 19) is Drop.TRUNCATED
    assert ipv4_drop(VALID, 0) is Drop.TRUNCATED
