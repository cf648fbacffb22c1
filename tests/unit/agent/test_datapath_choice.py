# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import cast

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.agent.datapath_choice import (
    DatapathChoice,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.host.status import Datapath
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.netlink import Netlink


class Kernel:
    """A kernel that makes VXLAN devices, or refuses; it counts how often it was asked."""

    def __init__(self, refusal: str | None = None) -> None:
        self.kernel_error = refusal
        self.asked = 0

    def probe_vxlan(self) -> str | None:
        self.asked += 1
        return self.kernel_error


def choice(asked: str, kernel: Kernel) -> DatapathChoice:
    return DatapathChoice(Datapath(asked), cast(Netlink, kernel))


@pytest.mark.parametrize(("asked", "kernels"), [("kernel", True), ("userspace", False)])
def test_kernel_and_userspace_are_used_without_a_test(asked: str, kernels: bool) -> None:
    kernel = Kernel("EOPNOTSUPP")
    chosen = choice(asked, kernel)
    assert chosen.kernel_vxlan("vxlan") is kernels
    assert (kernel.asked, chosen.kernel_error) == (0, None)


@pytest.mark.parametrize("refusal", [None, "EOPNOTSUPP"])
def test_auto_is_the_kernel_if_possible_and_does_not_switch(
    refusal: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    kernel = Kernel(refusal)
    chosen = choice("auto", kernel)
    assert chosen.kernel_vxlan("vxlan") is (refusal is None)
    kernel.kernel_error = None if refusal else "EOPNOTSUPP"
    assert chosen.kernel_vxlan("vxlan") is (refusal is None)
    assert (kernel.asked, chosen.kernel_error) == (1, refusal)
    assert ("EOPNOTSUPP" in caplog.text) is (refusal is not None)


@pytest.mark.parametrize("backend", ["udp", "host-gw"])
def test_other_backends_have_one_datapath_and_no_device_is_created(backend: str) -> None:
    kernel = Kernel()
    assert not choice("auto", kernel).kernel_vxlan(backend)
    assert kernel.asked == 0
