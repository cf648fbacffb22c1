# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An option given twice is found, with the file that gives it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.conflicts import (
    ConflictError,
    flags_given,
    keys_given,
    refuse_conflicts,
    refuse_other_config_file,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.invocation import Invocation
from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.unit import (
    Assignment,
    Variable,
)

UNIT = Path("/lib/systemd/system/docker.service")
DEFAULTS = Path("/etc/default/docker")
FLANNEL = Path("/run/flannel/docker")


def invocation(command: str | None, *variables: Variable) -> Invocation:
    return Invocation(Assignment(UNIT, command) if command else None, variables)


@pytest.mark.parametrize(
    ("flags", "options"),
    [
        ("--bip=10.0.0.1/24", {"bip": "10.0.0.1/24"}),
        ("--bip 10.0.0.1/24 --mtu 9000", {"bip": "10.0.0.1/24", "mtu": "9000"}),
        ('"--mtu=9000"', {"mtu": "9000"}),
        ("-b br0", {"bridge": "br0"}),
        ("--bridge=none", {"bridge": "none"}),
        ("-H fd:// --log-driver=bip --label mtu", {}),
        ("--bip", {"bip": ""}),
    ],
)
def test_flags_are_read_in_both_forms(flags: str, options: dict[str, str]) -> None:
    found = flags_given(invocation(f"/usr/sbin/dockerd {flags}"))
    assert {entry.option: entry.value for entry in found} == options
    assert all(entry.path == UNIT for entry in found)


@pytest.mark.parametrize("reference", ["$DOCKER_OPTS", "${DOCKER_OPTS}"])
def test_a_variable_counts_where_the_command_refers_to_it(reference: str) -> None:
    variable = Variable(DEFAULTS, "DOCKER_OPTS", "--bip=10.0.0.1/24")
    [found] = flags_given(invocation(f"dockerd {reference}", variable))
    assert (found.option, found.path) == ("bip", DEFAULTS)
    assert flags_given(invocation("dockerd", variable)) == []


def test_without_a_unit_the_packaged_variable_counts() -> None:
    variable = Variable(DEFAULTS, "DOCKER_OPTS", "--mtu=9000")
    assert [entry.option for entry in flags_given(invocation(None, variable))] == ["mtu"]


def test_flannels_own_options_are_found() -> None:
    variable = Variable(FLANNEL, "DOCKER_NETWORK_OPTIONS", " --bip=10.1.2.1/24 --mtu=1472")
    given = flags_given(invocation("dockerd $DOCKER_NETWORK_OPTIONS", variable))
    with pytest.raises(ConflictError, match=r"bip \(10\.1\.2\.1/24\) in /run/flannel/docker"):
        refuse_conflicts(["bip"], given)


def test_only_what_is_wanted_conflicts() -> None:
    given = flags_given(invocation("dockerd --mtu=9000"))
    refuse_conflicts(["bip"], given)
    with pytest.raises(ConflictError, match=f"mtu .* in {UNIT}"):
        refuse_conflicts(["bip", "mtu"], given)


def test_a_bridge_of_ones_own_excludes_a_bip() -> None:
    given = keys_given(Path("daemon.json"), {"bridge": "br0", "debug": True})
    with pytest.raises(ConflictError, match=r"bridge \(br0\) in daemon\.json"):
        refuse_conflicts(["bip"], given)


def test_another_configuration_file_is_named() -> None:
    other = invocation("dockerd --config-file=/etc/other.json")
    with pytest.raises(ConflictError, match=r"set the option path to /etc/other\.json"):
        refuse_other_config_file(other, Path("/etc/docker/daemon.json"))
    refuse_other_config_file(other, Path("/etc/other.json"))
    refuse_other_config_file(invocation("dockerd"), Path("/etc/docker/daemon.json"))
