# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module docker_bip, run by Ansible."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.modules.ansible_run import Outcome, run_module
from tests.modules.engine_socket import engine_socket

FOREIGN = '{\n    "log-driver": "journald",\n    "log-opts": {"tag": "x"}\n}\n'
CARRIED = FOREIGN.replace('"x"}', '"x"},\n    "bip": "100.96.1.1/24",\n    "mtu": 1472')
UNIT = "[Service]\nEnvironmentFile=-{defaults}\nExecStart=/usr/sbin/dockerd -H fd:// $DOCKER_OPTS\n"


@dataclass
class Host:
    """The files that the module deals with, all below one directory."""

    root: Path
    setup: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.json = self.root / "docker/daemon.json"
        self.units = self.root / "units"
        self.drop_in = self.units / "docker.service.d/50-weft-bip.conf"
        self.record = self.root / "weft/docker_bip.json"
        self.defaults = self.root / "default"
        self.socket = self.root / "docker.sock"
        self.commands = self.root / "commands"

    def install(self, daemon_json: str | None = FOREIGN) -> None:
        self.units.mkdir()
        (self.units / "docker.service").write_text(UNIT.format(defaults=self.defaults))
        if daemon_json is not None:
            self.json.parent.mkdir()
            self.json.write_text(daemon_json)

    def bridge(self, address: str, device: str = "docker0") -> None:
        self.setup += [
            f"ip link add {device} type bridge",
            f"ip address add {address} dev {device}",
            f"ip link set {device} up",
        ]

    def run(self, *flags: str, **options: Any) -> Outcome:
        settings = {
            "bip": "100.96.1.1/24",
            "mtu": 1472,
            "path": str(self.json),
            "unit_load_path": [str(self.units)],
            "drop_in": str(self.drop_in),
            "record": str(self.record),
            "socket": str(self.socket),
            **options,
        }
        wanted = {name: value for name, value in settings.items() if value is not None}
        return run_module("docker_bip", wanted, *flags, setup=self.setup, path=self.commands)

    def files(self) -> dict[str, str]:
        return {
            str(path.relative_to(self.root)): path.read_text()
            for path in sorted(self.root.rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_the_options_are_set_once_and_removed(host: Host) -> None:
    host.install()
    before = host.files()
    predicted = host.run("--check", "--diff")
    assert predicted["changed"]
    assert '+    "bip": "100.96.1.1/24",' in predicted.output
    assert host.files() == before
    first = host.run()
    assert first["changed"]
    assert host.json.read_text() == CARRIED
    assert first["owned"] == ["bip", "mtu"]
    again = host.run("--diff")
    assert not again["changed"]
    assert "+++" not in again.output
    assert host.run(state="absent")["changed"]
    assert host.files() == before
    assert not host.run(state="absent")["changed"]


def test_the_password_of_a_proxy_is_not_shown(host: Host) -> None:
    host.install()
    proxies = {"proxies": {"http-proxy": "http://build:hunter2@proxy.example:3128"}}
    host.json.write_text(json.dumps(proxies, indent=4))
    predicted = host.run("--check", "--diff", "-vvv")
    assert "http://(secret)@proxy.example:3128" in predicted.output
    assert "hunter2" not in predicted.output
    assert host.run()["changed"]
    assert json.loads(host.json.read_text()).items() >= proxies.items()


def test_a_value_that_weft_did_not_set_is_replaced_with_a_warning(host: Host) -> None:
    host.install()
    host.json.write_text('{"bip": "172.30.0.1/24"}')
    first = host.run()
    assert first["changed"]
    assert "172.30.0.1/24" in first.output
    assert "will not restore it" in first.output
    assert "will not restore it" not in host.run().output


def test_mode_owner_and_link_stay_and_a_copy_is_kept(host: Host) -> None:
    host.install()
    host.json.rename(real := host.root / "real.json")
    host.json.symlink_to(real)
    real.chmod(0o640)
    os.chown(real, 65534, 65534)
    backup = Path(host.run(backup=True)["backup_file"])
    status = real.stat()
    assert (status.st_mode & 0o7777, status.st_uid, status.st_gid) == (0o640, 65534, 65534)
    assert host.json.is_symlink()
    assert real.read_text() == CARRIED
    assert backup.parent == host.root
    assert backup.read_text() == FOREIGN


def test_a_new_file_is_readable_and_removed_with_its_options(host: Host) -> None:
    host.install(daemon_json=None)
    assert "backup_file" not in host.run(backup=True).result
    assert json.loads(host.json.read_text()) == {"bip": "100.96.1.1/24", "mtu": 1472}
    assert host.json.stat().st_mode & 0o7777 == 0o644
    host.run(state="absent")
    assert not host.json.exists()


@pytest.mark.parametrize("flags", [(), ("--check",)])
def test_invalid_json_is_refused_and_nothing_is_changed(host: Host, flags: tuple[str, ...]) -> None:
    host.install(daemon_json='{\n  "debug": true,\n}\n')
    before = host.files()
    outcome = host.run(*flags)
    assert outcome.failed
    assert f"{host.json}: line 3, column 1" in outcome["msg"]
    assert host.files() == before


def test_a_change_of_the_settings_file_moves_the_options(host: Host) -> None:
    host.install()
    host.run()
    moved = host.run(carrier="drop_in")
    assert moved["changed"]
    assert moved["carrier_path"] == str(host.drop_in)
    assert host.json.read_text() == FOREIGN
    assert host.drop_in.read_text().endswith(
        "[Service]\nExecStart=\n"
        "ExecStart=/usr/sbin/dockerd -H fd:// $DOCKER_OPTS --bip=100.96.1.1/24 --mtu=1472\n"
    )
    assert host.drop_in.stat().st_mode & 0o7777 == 0o644
    assert not host.run(carrier="drop_in")["changed"]
    unit = host.units / "docker.service"
    unit.write_text(unit.read_text().replace("fd://", "unix://"))
    assert host.run(carrier="drop_in")["changed"]
    assert "-H unix:// $DOCKER_OPTS --bip" in host.drop_in.read_text()
    assert host.run()["changed"]
    assert not host.drop_in.exists()
    assert host.json.read_text() == CARRIED


def test_the_same_option_elsewhere_is_refused_by_file(host: Host) -> None:
    host.install()
    host.defaults.write_text('DOCKER_OPTS="--bip=10.0.0.1/24"\n')
    before = host.files()
    for carrier in ("daemon_json", "drop_in"):
        outcome = host.run(carrier=carrier)
        assert outcome.failed
        assert f"bip (10.0.0.1/24) in {host.defaults}" in outcome["msg"]
    host.defaults.unlink()
    del before["default"]
    host.json.write_text('{"bip": "10.0.0.1/24", "bridge": "br0"}')
    outcome = host.run(carrier="drop_in")
    assert f"bip (10.0.0.1/24) in {host.json}; bridge (br0) in {host.json}" in outcome["msg"]
    before["docker/daemon.json"] = '{"bip": "10.0.0.1/24", "bridge": "br0"}'
    assert host.files() == before


def test_a_subnet_in_use_is_refused_before_anything_is_written(host: Host) -> None:
    host.install()
    before = host.files()
    host.bridge("100.96.0.1/16", "lan0")
    for flags in ((), ("--check",)):
        outcome = host.run(*flags)
        assert outcome.failed
        assert "100.96.1.0/24 overlaps" in outcome["msg"]
        assert "address 100.96.0.0/16 on lan0" in outcome["msg"]
    assert host.files() == before


def test_the_overlays_own_device_is_no_conflict(host: Host) -> None:
    host.install()
    host.bridge("100.96.1.0/16", "flannel0")
    host.bridge("100.96.1.1/24")
    assert not host.run(overlay_network="100.96.0.0/16").failed


def test_a_bip_outside_the_overlay_is_refused(host: Host) -> None:
    host.install()
    assert "outside the overlay's network" in host.run(overlay_network="10.0.0.0/8")["msg"]
    assert "bip" in host.run(bip=None)["msg"]


def test_restart_required_follows_the_bridge_and_dockerd(host: Host) -> None:
    host.install()
    stopped = host.run()
    assert (stopped["docker_running"], stopped["restart_required"]) == (False, False)
    host.bridge("172.17.0.1/16")
    with engine_socket(host.socket, mtu=1472) as requests:
        other = host.run()
        assert not other["changed"]
        assert other["bridge_addresses"] == ["172.17.0.1/16"]
        assert (other["docker_running"], other["restart_required"]) == (True, True)
        host.setup.clear()
        host.bridge("100.96.1.1/24")
        # An idle bridge under a dockerd before version 25 stays at 1500.
        carried = host.run()
        assert (carried["bridge_mtu"], carried["restart_required"]) == (1500, False)
        assert host.run(mtu=1400)["restart_required"]
    assert set(requests) == {"/networks/bridge", "/info"}


def test_the_firewall_backend_of_dockerd_is_returned(host: Host) -> None:
    host.install()
    assert host.run()["firewall"] is None
    with engine_socket(host.socket, mtu=1472):
        assert host.run()["firewall"] == "iptables"
    host.socket.unlink()
    nftables = {"/info": {"FirewallBackend": {"Driver": "nftables"}}}
    with engine_socket(host.socket, mtu=1472, answers=nftables):
        assert host.run()["firewall"] == "nftables"


def test_whether_files_differ_is_told_for_a_run_that_does_not_count_as_a_change(host: Host) -> None:
    host.install()
    assert host.run("--check")["files_differ"] is True
    assert host.run()["files_differ"] is True
    assert host.run()["files_differ"] is False


def test_removed_options_require_a_restart_in_later_runs_too(host: Host) -> None:
    host.install()
    host.bridge("100.96.1.1/24")
    absent = {"state": "absent", "mtu": None, "bip": None}
    with engine_socket(host.socket, mtu=1472):
        later = host.run(**absent)
        assert (later["changed"], later["restart_required"]) == (False, True)
    host.socket.unlink()
    with engine_socket(host.socket, mtu=1500):
        assert host.run(overlay_network="100.96.0.0/16", **absent)["restart_required"]
        assert not host.run(**absent)["restart_required"]


def test_the_saved_files_are_readable_by_root_only(host: Host) -> None:
    host.install()
    kept = host.root / "fallback.json"
    assert host.run(fallback=str(kept))["changed"]
    assert json.loads(kept.read_text())["before"] == {
        str(host.json): FOREIGN,
        str(host.record): None,
    }
    assert kept.stat().st_mode & 0o7777 == 0o600
    host.run(fallback=str(kept), bip="100.96.2.1/24")
    fallback = json.loads(kept.read_text())
    assert fallback["before"][str(host.json)] == FOREIGN
    assert fallback["after"][str(host.json)] == host.json.read_text()


def test_a_fresh_host_can_be_checked(host: Host) -> None:
    for carrier in ("daemon_json", "drop_in"):
        assert host.run("--check", carrier=carrier)["changed"]
    assert "install Docker first" in host.run(carrier="drop_in")["msg"]
    assert host.files() == {}


def test_systemd_reloads_when_the_drop_in_changes_and_starts_nothing(host: Host) -> None:
    """systemctl stands in here: a lab host has the real one."""
    host.install()
    log = host.root / "calls"
    host.commands.mkdir()
    systemctl = host.commands / "systemctl"
    systemctl.write_text(f'#!/bin/sh\necho "$*" >>{log}\ntest "$1" != is-active\n')
    systemctl.chmod(0o755)
    host.setup.append("mkdir /run/systemd/system")
    asked, reload = "is-active --quiet docker.service", "daemon-reload"
    with engine_socket(host.socket, mtu=1500) as requests:
        for flags, carrier, calls in (
            (["--check"], "drop_in", [asked]),
            ([], "drop_in", [asked, reload]),
            ([], "drop_in", [asked]),
            ([], "daemon_json", [asked, reload]),
            ([], "daemon_json", [asked]),
        ):
            log.unlink(missing_ok=True)
            assert host.run(*flags, carrier=carrier)["docker_running"] is False
            assert log.read_text().splitlines() == calls
    assert requests == []


@pytest.mark.parametrize(
    ("options", "refused"),
    [
        ({"default-gateway": "192.168.1.254"}, "default-gateway (192.168.1.254)"),
        ({"fixed-cidr": "172.17.0.0/25"}, "fixed-cidr (172.17.0.0/25)"),
        ({"ip": "172.17.0.1"}, "ip (172.17.0.1)"),
        (
            {"default-address-pools": [{"base": "100.96.0.0/16", "size": 24}]},
            "default-address-pools (base=100.96.0.0/16,size=24)",
        ),
    ],
)
def test_options_of_another_subnet_are_refused_before_anything_is_written(
    host: Host, options: dict[str, Any], refused: str
) -> None:
    host.install(json.dumps(options))
    host.bridge("172.17.0.1/16")
    before = host.files()
    for flags in ((), ("--check",)):
        outcome = host.run(*flags, overlay_network="100.96.0.0/16")
        assert outcome.failed
        assert f"{refused} in {host.json}" in outcome["msg"]
    assert host.files() == before


def test_options_of_the_same_subnet_and_of_other_networks_stay(host: Host) -> None:
    options = {
        "default-gateway": "100.96.1.254",
        "fixed-cidr": "100.96.1.128/25",
        "ip": "127.0.0.1",
        "default-address-pools": [{"base": "172.30.0.0/16", "size": 24}],
    }
    host.install(json.dumps(options))
    assert host.run(overlay_network="100.96.0.0/16")["changed"]
    assert json.loads(host.json.read_text()).items() >= options.items()


def test_a_flag_of_another_subnet_is_refused(host: Host) -> None:
    host.install()
    host.defaults.write_text('DOCKER_OPTS="--fixed-cidr=172.17.0.0/25"\n')
    outcome = host.run()
    assert outcome.failed
    assert f"fixed-cidr (172.17.0.0/25) in {host.defaults}" in outcome["msg"]


def test_a_file_that_became_a_link_keeps_link_and_options(host: Host) -> None:
    host.install()
    assert host.run()["changed"]
    host.json.rename(real := host.root / "real.json")
    host.json.symlink_to(real)
    host.run()
    assert (host.json.is_symlink(), real.read_text()) == (True, CARRIED)
    assert not host.run()["changed"]
    assert host.run(mtu=1400)["changed"]
    assert host.json.is_symlink()
    assert json.loads(real.read_text()).items() >= {"bip": "100.96.1.1/24", "mtu": 1400}.items()
    assert host.run(state="absent")["changed"]
    assert host.json.is_symlink()
    assert real.read_text() == FOREIGN


def test_a_file_that_dockerd_refuses_already_is_not_changed(host: Host) -> None:
    host.install('{"firewall-backend": "nftables"}')
    dockerd = host.root / "dockerd"
    dockerd.write_text(
        "#!/bin/sh\n"
        '[ "$1" != --help ] || { echo --validate; exit 0; }\n'
        f"grep -q firewall-backend {host.json} || exit 0\n"
        "echo 'unknown key: firewall-backend' >&2; exit 1\n"
    )
    dockerd.chmod(0o755)
    (host.units / "docker.service").write_text(f"[Service]\nExecStart={dockerd} -H fd://\n")
    before = host.files()
    for flags in ((), ("--check",)):
        outcome = host.run(*flags)
        assert outcome.failed
        assert f"{host.json} was invalid before this run" in outcome["msg"]
        assert "unknown key: firewall-backend" in outcome["msg"]
    assert host.files() == before
    host.json.write_text("{}")
    assert host.run()["changed"]


def test_a_file_in_a_read_only_mount_is_refused_in_check_mode_too(host: Host) -> None:
    host.install()
    folder = host.json.parent
    host.setup.append(f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder}")
    for flags in ((), ("--check",)):
        outcome = host.run(*flags)
        assert outcome.failed
        assert f"{host.json} cannot be written: {folder} is read-only" in outcome["msg"]
    assert not host.record.exists()


def test_a_read_only_file_is_refused_in_check_mode_too(host: Host) -> None:
    host.install(FOREIGN)
    host.setup.append(
        f"mount --bind {host.json} {host.json} && mount -o remount,ro,bind {host.json}"
    )
    for flags in ((), ("--check",)):
        outcome = host.run(*flags)
        assert outcome.failed
        assert f"{host.json} is immutable or read-only" in outcome["msg"]
    assert not host.record.exists()


def test_the_unit_of_docker_and_another_docker_are_reported(host: Host) -> None:
    host.install()
    found = host.run("--check")
    assert (found["unit_exists"], found["socket_is_served"]) == (True, False)
    (host.units / "docker.service").unlink()
    listen = (
        f"import socket,time; s=socket.socket(socket.AF_UNIX); s.bind('{host.socket}'); s.listen()"
    )
    host.setup.append(
        f'{sys.executable} -c "{listen}; time.sleep(30)" </dev/null >/dev/null 2>&1 & sleep 1'
    )
    found = host.run("--check")
    assert (found["unit_exists"], found["socket_is_served"]) == (False, True)


def test_an_mtu_alone_is_told_from_a_change_of_the_address(host: Host) -> None:
    host.install()
    host.bridge("100.96.1.1/24")
    with engine_socket(host.socket, mtu=1472):
        found = host.run(mtu=1400)
        assert (found["restart_required"], found["mtu_only"]) == (True, True)
        host.setup.clear()
        host.bridge("172.17.0.1/16")
        found = host.run(mtu=1400)
        assert (found["restart_required"], found["mtu_only"]) == (True, False)


def test_the_firewall_backend_is_that_of_the_file_while_dockerd_is_stopped(host: Host) -> None:
    host.install('{"firewall-backend": "nftables"}')
    assert host.run("--check")["firewall"] == "nftables"
