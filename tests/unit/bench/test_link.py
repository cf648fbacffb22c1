# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modes of link, and reading a veth's features back."""

from __future__ import annotations

import pytest

from bench.errors import BenchError
from bench.link import Mode, features, parse_features

OUTPUT = """Features for eth0:
rx-checksumming: on
tx-checksumming: off
\ttx-checksum-ipv4: off [fixed]
tcp-segmentation-offload: off
generic-segmentation-offload: off
generic-receive-offload: on
tx-udp_tnl-segmentation: off
tx-udp_tnl-csum-segmentation: on
tx-udp-segmentation: off
"""


def test_hosts_end_of_a_wire_merges_and_never_leaves_work_to_the_link() -> None:
    assert parse_features(OUTPUT) == features(Mode.W, is_host=True)


def test_bridges_end_of_a_wire_does_not_merge() -> None:
    assert not any(features(Mode.W, is_host=False).values())


def test_plain_veth_is_as_the_kernel_makes_it() -> None:
    plain = features(Mode.P, is_host=True)
    assert plain == features(Mode.P, is_host=False)
    assert [name for name, on in plain.items() if not on] == ["gro"]


@pytest.mark.parametrize("state", ["off [fixed]", "on [requested off]"])
def test_feature_that_cannot_be_set_is_named(state: str) -> None:
    text = OUTPUT.replace("generic-receive-offload: on", f"generic-receive-offload: {state}")
    with pytest.raises(BenchError, match="generic-receive-offload"):
        parse_features(text)


def test_missing_feature_is_named() -> None:
    with pytest.raises(BenchError, match="tx-udp-segmentation: nothing"):
        parse_features(OUTPUT.replace("tx-udp-segmentation: off\n", ""))
