# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules for etcd, run by ansible on this machine against a real etcd."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.returned import misfits
from tests.store.etcd_server import EtcdMember, free_port

ROOT = Path(__file__).parents[2]

HOSTS = [{"name": f"web{number}", "public_ip": f"192.0.2.{number}"} for number in (1, 2, 3)]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run of a module returned, and all that ansible printed."""

    result: dict[str, Any]
    output: str
    failed: bool

    @property
    def changed(self) -> bool:
        assert not self.failed, self.result
        return bool(self.result["changed"])

    @property
    def subnets(self) -> dict[str, str]:
        assert not self.failed, self.result
        return {name: each["subnet"] for name, each in self.result["reservations"].items()}

    @property
    def message(self) -> str:
        assert self.failed, self.result
        return str(self.result["msg"])


Run = Callable[..., Outcome]


def run_module(name: str, arguments: dict[str, Any], *flags: str) -> Outcome:
    """Run one module by ``ansible`` on localhost, as a user would."""
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("ansible")),
            *("localhost", "--inventory", "localhost,", "--connection", "local"),
            *("--extra-vars", json.dumps({"ansible_python_interpreter": sys.executable})),
            *("--module-name", f"weft.overlay.{name}", "--args", json.dumps(arguments)),
            *flags,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=os.environ
        | {
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
        },
    )
    printed, arrow, result = done.stdout.partition(" => ")
    assert arrow, done.stdout + done.stderr
    outcome = Outcome(
        result=json.JSONDecoder().raw_decode(result)[0],
        output=printed + done.stderr,
        failed=done.returncode != 0,
    )
    wrong = [] if outcome.failed else misfits(name, outcome.result)
    assert not wrong, wrong
    return outcome


@pytest.fixture
def run(etcd: EtcdMember, prefix: str) -> Run:
    """Run a module on the test's own prefix."""

    def run_here(module: str, /, *flags: str, **arguments: Any) -> Outcome:
        return run_module(module, {"endpoints": [etcd.url], "prefix": prefix} | arguments, *flags)

    return run_here


@pytest.fixture
def network(run: Run) -> None:
    assert run("network", network="100.96.0.0/16").changed


class TestNetwork:
    def test_is_published_once(self, run: Run, etcd: EtcdMember, prefix: str) -> None:
        arguments = {"network": "100.96.0.0/16", "backend": {"type": "udp"}}
        predicted = run("network", "--check", "--diff", **arguments)
        assert predicted.changed
        assert '+  "Network": "100.96.0.0/16",' in predicted.output
        assert etcd.get(f"{prefix}/config") == ""

        published = run("network", **arguments)
        assert published.changed
        assert published.result == predicted.result
        assert json.loads(etcd.get(f"{prefix}/config")) == published.result["network"]

        again = run("network", "--diff", **arguments)
        assert not again.changed
        assert again.result["network"] == published.result["network"]
        assert "+" not in again.output

    def test_that_means_the_same_stays_as_it_is_written(
        self, run: Run, etcd: EtcdMember, prefix: str
    ) -> None:
        text = '{"backend":{"type":"VXLAN","vni":1,"Later":2},"network":"100.96.0.0/16","Later":1}'
        etcd.etcdctl("put", f"{prefix}/config", text)
        arguments: dict[str, Any] = {"network": "100.96.0.0/16", "backend": {"type": "vxlan"}}
        assert not run("network", **arguments).changed
        assert etcd.get(f"{prefix}/config") == text

        changed = run("network", "--diff", **arguments | {"backend": {"type": "vxlan", "vni": 7}})
        assert changed.changed
        assert '-    "VNI": 1,' in changed.output
        stored = json.loads(etcd.get(f"{prefix}/config"))
        assert (stored["Later"], stored["Backend"]["Later"]) == (1, 2)
        assert stored["Backend"]["VNI"] == 7

    @pytest.mark.usefixtures("network")
    def test_does_not_orphan_leases_unless_forced(self, run: Run) -> None:
        run("subnet_reservation", hosts=HOSTS)
        for change in (
            {"network": "100.97.0.0/16"},
            {"network": "100.96.0.0/16", "subnet_length": 26},
            {"network": "100.96.0.0/16", "subnet_min": "100.96.3.0"},
            {"network": "100.96.0.0/16", "subnet_max": "100.96.1.0"},
            {"state": "absent"},
        ):
            refused = run("network", **change).message
            assert "would orphan" in refused
            assert "100.96.2.0/24 of 192.0.2.2" in refused
        assert run("network", network="100.96.0.0/16", subnet_max="100.96.9.0").changed
        forced = run("network", network="100.97.0.0/16", force=True)
        assert forced.changed
        assert len(forced.result["orphaned"]) == 3

    @pytest.mark.usefixtures("network")
    def test_is_removed_once(self, run: Run, etcd: EtcdMember, prefix: str) -> None:
        assert run("network", "--check", state="absent").changed
        assert etcd.get(f"{prefix}/config") != ""
        assert run("network", state="absent").changed
        assert etcd.get(f"{prefix}/config") == ""
        assert not run("network", state="absent").changed

    def test_that_cannot_be_read_is_replaced_by_force_only(
        self, run: Run, etcd: EtcdMember, prefix: str
    ) -> None:
        etcd.etcdctl("put", f"{prefix}/config", '{"Network":')
        assert (
            "set force (overlay_network_force of the role) to true"
            in run("network", network="100.96.0.0/16").message
        )
        info = run("network_info").result
        assert info["exists"]
        assert "line 1" in info["error"]
        assert run("network", network="100.96.0.0/16", force=True).changed

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({}, "network"),
            ({"network": "100.96.0.1/16"}, "use 100.96.0.0/16"),
            ({"network": "100.96.0.0/16", "subnet_length": 17}, "use 18 or more"),
            ({"network": "100.96.0.0/16", "backend": {"vni": 1}}, "has no option VNI"),
            ({"network": "100.96.0.0/16", "backend": {"port": 70000}}, "use 1 to 65535"),
            ({"network": "100.96.0.0/16", "client_key": "key.pem"}, "without ca_cert"),
        ],
    )
    def test_is_refused(self, run: Run, arguments: dict[str, Any], message: str) -> None:
        assert message in run("network", **arguments).message


class TestSubnetReservation:
    @pytest.mark.usefixtures("network")
    def test_serves_a_fleet_once(self, run: Run, etcd: EtcdMember, prefix: str) -> None:
        predicted = run("subnet_reservation", "--check", "--diff", hosts=HOSTS)
        assert predicted.changed
        assert '+        "subnet": "100.96.1.0/24"' in predicted.output
        assert etcd.etcdctl("get", "--prefix", f"{prefix}/subnets/").stdout == ""

        reserved = run("subnet_reservation", hosts=HOSTS)
        assert reserved.changed
        assert reserved.result == predicted.result
        assert reserved.result["reservations"]["web1"] == {
            "subnet": "100.96.1.0/24",
            "bip": "100.96.1.1/24",
            "key": f"{prefix}/subnets/100.96.1.0-24",
            "public_ip": "192.0.2.1",
            "expires": False,
        }
        value = etcd.get(f"{prefix}/subnets/100.96.1.0-24")
        assert value == '{"PublicIP":"192.0.2.1","PublicIPv6":null}'

        again = run("subnet_reservation", "--diff", hosts=HOSTS)
        assert not again.changed
        assert again.subnets == reserved.subnets
        assert "+" not in again.output

    @pytest.mark.usefixtures("network")
    def test_serves_a_host_that_joins(self, run: Run) -> None:
        first = run("subnet_reservation", hosts=HOSTS[1:])
        joined = run("subnet_reservation", hosts=HOSTS)
        assert joined.changed
        assert joined.subnets == first.subnets | {"web1": "100.96.3.0/24"}

    @pytest.mark.usefixtures("network")
    def test_serves_one_host_that_asks(self, run: Run) -> None:
        host = HOSTS[0]
        assert run("subnet_reservation", **host, subnet="100.96.7.0/24").changed
        assert not run("subnet_reservation", **host).changed
        assert not run("subnet_reservation", **host, subnet="100.96.7.0/24").changed
        wish = {**host, "subnet": "100.96.8.0/24"}
        assert "would change address" in run("subnet_reservation", **wish).message
        moved = run("subnet_reservation", "--diff", **wish, move=True)
        assert moved.subnets == {"web1": "100.96.8.0/24"}
        assert '-        "subnet": "100.96.7.0/24"' in moved.output
        assert [each["subnet"] for each in run("lease_info").result["leases"]] == ["100.96.8.0/24"]

    @pytest.mark.usefixtures("network")
    def test_of_a_host_with_a_new_address_keeps_key_and_subnet(
        self, run: Run, etcd: EtcdMember
    ) -> None:
        first = run("subnet_reservation", name="db1", public_ip="192.0.2.12").result
        key = first["reservations"]["db1"]["key"]
        change = {"name": "db1", "public_ip": "192.0.2.22", "former_public_ip": "192.0.2.12"}
        predicted = run("subnet_reservation", "--check", **change)
        moved = run("subnet_reservation", **change)
        assert moved.changed
        assert moved.result["reservations"] == predicted.result["reservations"]
        assert moved.result["reservations"]["db1"]["key"] == key
        assert json.loads(etcd.get(key))["PublicIP"] == "192.0.2.22"
        assert not run("subnet_reservation", **change).changed
        assert [lease["public_ip"] for lease in run("lease_info").result["leases"]] == [
            "192.0.2.22"
        ]

    @pytest.mark.usefixtures("network")
    def test_keeps_the_lease_of_a_renamed_host(self, run: Run) -> None:
        first = run("subnet_reservation", **HOSTS[0])
        renamed = run("subnet_reservation", **{**HOSTS[0], "name": "renamed"})
        assert not renamed.changed
        assert renamed.subnets == {"renamed": first.subnets[HOSTS[0]["name"]]}

    @pytest.mark.usefixtures("network")
    def test_gives_a_host_again_what_it_had_where_that_is_free(self, run: Run) -> None:
        run("subnet_reservation", name="db1", public_ip="192.0.2.9", subnet="100.96.4.0/24")
        had = {"web1": "100.96.2.1/24", "web2": "100.96.1.0/24", "web3": "100.96.4.1/24"}
        hosts = [
            {"name": name, "public_ip": f"192.0.2.{number}", "previous": subnet}
            for number, (name, subnet) in enumerate(had.items(), 1)
        ]
        reserved = run("subnet_reservation", hosts=hosts)
        assert reserved.subnets == {
            "web1": "100.96.2.0/24",
            "web2": "100.96.1.0/24",
            "web3": "100.96.3.0/24",
        }
        assert not run("subnet_reservation", hosts=hosts).changed

    @pytest.mark.usefixtures("network")
    def test_makes_leases_expire_or_not(self, run: Run) -> None:
        assert run("subnet_reservation", hosts=HOSTS, ttl=86400).changed
        assert not run("subnet_reservation", hosts=HOSTS, ttl=86400).changed
        (lease,) = run("lease_info", public_ip="192.0.2.1").result["leases"]
        assert 86000 < lease["ttl"] <= lease["granted_ttl"] == 86400
        predicted = run("subnet_reservation", "--check", "--diff", hosts=HOSTS)
        assert predicted.changed
        assert '+        "expires": false' in predicted.output
        assert run("subnet_reservation", hosts=HOSTS).changed
        (lease,) = run("lease_info", public_ip="192.0.2.1").result["leases"]
        assert (lease["reservation"], lease["ttl"], lease["granted_ttl"]) == (True, None, None)

    @pytest.mark.usefixtures("network")
    def test_releases_once(self, run: Run) -> None:
        run("subnet_reservation", hosts=HOSTS)
        gone = {"hosts": HOSTS[:2], "state": "absent"}
        predicted = run("subnet_reservation", "--check", **gone)
        assert predicted.result["released"] == ["100.96.1.0/24", "100.96.2.0/24"]
        released = run("subnet_reservation", "--diff", **gone)
        assert released.result == predicted.result
        assert '-            "subnet": "100.96.1.0/24"' in released.output
        assert not run("subnet_reservation", **gone).changed
        assert len(run("lease_info").result["leases"]) == 1

    @pytest.mark.usefixtures("network")
    def test_of_two_runs_at_once_gives_no_subnet_twice(self, run: Run) -> None:
        fleets = [
            [{"name": f"h{each}", "public_ip": f"10.0.{fleet}.{each}"} for each in range(1, 101)]
            for fleet in range(2)
        ]
        with ThreadPoolExecutor(2) as pool:
            outcomes = pool.map(lambda fleet: run("subnet_reservation", hosts=fleet), fleets)
        taken = [subnet for outcome in outcomes for subnet in outcome.subnets.values()]
        assert len(set(taken)) == 200

    def test_before_any_network(self, run: Run) -> None:
        assert "weft.overlay.network" in run("subnet_reservation", hosts=HOSTS).message
        predicted = run("subnet_reservation", "--check", hosts=HOSTS)
        assert predicted.changed
        assert predicted.subnets == {}
        assert "no subnet can be predicted" in predicted.output

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({}, "one of the following is required"),
            ({"hosts": HOSTS, "public_ip": "192.0.2.1"}, "mutually exclusive"),
            ({"public_ip": "here"}, "'here' of host 'here' is not an IPv4 address"),
            ({"public_ip": "192.0.2.1", "subnet": "100.96.1.1/24"}, "has host bits set"),
            ({"hosts": [HOSTS[0], HOSTS[0]]}, "'web1' is listed more than once"),
            ({"public_ip": "192.0.2.1", "previous": "there"}, "previous subnet 'there' of host"),
            ({"hosts": HOSTS, "ttl": 0}, "ttl 0"),
        ],
    )
    def test_is_refused(self, run: Run, arguments: dict[str, Any], message: str) -> None:
        assert message in run("subnet_reservation", **arguments).message


class TestInfo:
    def test_of_nothing(self, run: Run) -> None:
        assert run("network_info").result["exists"] is False
        assert run("lease_info").result["leases"] == []

    @pytest.mark.usefixtures("network")
    def test_of_the_network(self, run: Run) -> None:
        run("subnet_reservation", hosts=HOSTS)
        info = run("network_info").result
        assert not info["changed"]
        assert (info["capacity"], info["leases"]) == (255, 3)
        assert info["network"]["Backend"] == {"Type": "udp", "Port": 8285}

    @pytest.mark.usefixtures("network")
    def test_of_leases(self, run: Run, etcd: EtcdMember, prefix: str) -> None:
        run("subnet_reservation", hosts=HOSTS)
        etcd.etcdctl("put", f"{prefix}/subnets/100.96.9.0-24", "{}")
        info = run("lease_info").result
        assert [each["subnet"] for each in info["leases"]] == [
            "100.96.1.0/24",
            "100.96.2.0/24",
            "100.96.3.0/24",
        ]
        assert "PublicIP is missing" in info["invalid"][0]["reason"]
        (holder,) = run("lease_info", subnet="100.96.2.77/32").result["leases"]
        assert holder["public_ip"] == "192.0.2.2"


def test_an_unreachable_etcd_is_reported() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    outcome = run_module("lease_info", {"endpoints": [url], "timeout": 1})
    assert f"{url}: " in outcome.message
