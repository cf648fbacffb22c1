# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a running etcd must be restarted."""

from __future__ import annotations

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.etcd.service import (
    ca_files_changed,
    parse_environment,
    parse_settings,
    parse_start,
    parse_unit_environment,
    restart_reasons,
)

PROGRAM = "/usr/bin/etcd"
FILE = """\
# Ansible managed
ETCD_NAME=h1
 ETCD_DATA_DIR="/var/lib/etcd/default"
DAEMON_ARGS=
ETCD_INITIAL_CLUSTER=h1=http://192.0.2.1:2380
"""
BLOCK = (
    b"PATH=/usr/bin\0ETCD_NAME=h1\0ETCD_DATA_DIR=/var/lib/etcd/default\0"
    b"ETCD_INITIAL_CLUSTER=h1=http://192.0.2.1:2380,h2=http://192.0.2.2:2380\0"
)


def test_a_process_that_has_its_settings_stays() -> None:
    assert restart_reasons(parse_settings(FILE), parse_environment(BLOCK), PROGRAM) == ()


def test_how_it_came_into_the_cluster_does_not_count() -> None:
    joined = parse_environment(BLOCK + b"ETCD_INITIAL_CLUSTER_STATE=existing\0")
    assert restart_reasons(parse_settings(FILE), joined, PROGRAM) == ()


def test_a_changed_a_new_and_a_gone_setting_count() -> None:
    settings = parse_settings("ETCD_NAME=h2\nETCD_SNAPSHOT_COUNT=10000\n")
    assert restart_reasons(settings, parse_environment(BLOCK), PROGRAM) == (
        "ETCD_DATA_DIR is '/var/lib/etcd/default', configured None",
        "ETCD_NAME is 'h1', configured 'h2'",
        "ETCD_SNAPSHOT_COUNT is None, configured '10000'",
    )


def test_what_the_unit_itself_sets_is_expected() -> None:
    unit = parse_unit_environment('DAEMON_ARGS= ETCD_NAME=%H "ETCD_LOG_OUTPUTS=stderr"')
    running = parse_environment(BLOCK + b"ETCD_LOG_OUTPUTS=stderr\0")
    assert restart_reasons(unit | parse_settings(FILE), running, PROGRAM) == ()


def test_a_replaced_program_counts() -> None:
    assert restart_reasons({}, {}, f"{PROGRAM} (deleted)") == (
        "another version of etcd was installed after it started",
    )


@pytest.mark.parametrize(("written", "trusts"), [(99.0, False), (100.9, False), (101.0, True)])
def test_authorities_written_after_the_start_count(written: float, trusts: bool) -> None:
    settings = parse_settings("ETCD_TRUSTED_CA_FILE=/ca\nETCD_CERT_FILE=/own\n")
    times = {"/ca": written, "/own": 1000.0}
    assert ca_files_changed(settings, 100.0, times.__getitem__) is trusts
    assert not ca_files_changed({}, 100.0, times.__getitem__)


def test_a_start_is_read_as_systemctl_prints_it() -> None:
    assert parse_start("@1700000000") == 1700000000.0
    assert parse_start("") is None
