# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import re
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.host.settings import (
    LeaseSettings,
    MetricsSettings,
    Settings,
    SettingsError,
    load_settings,
    parse_settings,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.settings import Tls

COMPLETE = {
    "store": {
        "endpoints": ["https://etcd1:2379", "https://etcd2:2379"],
        "prefix": "/lab/network",
        "ca_cert": "/etc/weft/ca.pem",
        "client_cert": "/etc/weft/client.pem",
        "client_key": "/etc/weft/client.key",
        "user": "weft",
        "password": "s3cret",
        "former_password": "0ld",
        "timeout": 2,
    },
    "interface": ["eth1", "10.0.0.1"],
    "interface_regex": [r"^10\.168\."],
    "can_reach": "10.168.0.1",
    "public_ip": "192.0.2.7",
    "lease": {"reserve": True, "ttl": 60},
    "firewall": False,
    "masquerade": True,
    "subnet_file": "/run/other/subnet.env",
    "datapath": "userspace",
    "queues": 4,
    "metrics": {"address": "10.168.0.11", "port": 9100},
}


def test_an_empty_document_is_the_defaults() -> None:
    assert parse_settings("{}") == Settings()


def test_a_null_is_the_default() -> None:
    nothing = dict.fromkeys(COMPLETE)
    assert parse_settings(json.dumps(nothing)) == Settings()


def test_every_setting_is_parsed() -> None:
    settings = parse_settings(json.dumps(COMPLETE))
    assert settings.store.endpoints == ("https://etcd1:2379", "https://etcd2:2379")
    assert settings.store.prefix == "/lab/network"
    assert settings.metrics == MetricsSettings(IPv4Address("10.168.0.11"), 9100)
    assert settings.store.tls == Tls(
        "/etc/weft/ca.pem", "/etc/weft/client.pem", "/etc/weft/client.key"
    )
    assert (settings.store.user, settings.store.password) == ("weft", "s3cret")
    assert settings.store.former_password == "0ld"
    assert settings.store.timeout == 2.0
    assert settings.interface.interfaces == ("eth1", "10.0.0.1")
    assert settings.interface.patterns == (r"^10\.168\.",)
    assert settings.interface.can_reach == IPv4Address("10.168.0.1")
    assert settings.interface.public_ip == IPv4Address("192.0.2.7")
    assert settings.lease == LeaseSettings(reserve=True, ttl=60)
    assert (settings.firewall, settings.masquerade) == (False, True)
    assert settings.subnet_file == Path("/run/other/subnet.env")
    assert settings.datapath == "userspace"
    assert settings.queues == 4


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"store": 5}, ["store is 5", "JSON object"]),
        ({"lease": []}, ["lease is []", "JSON object"]),
        ({"store": {"endpoints": "etcd1:2379"}}, ["store.endpoints is 'etcd1:2379'", "list"]),
        ({"store": {"endpoints": []}}, ["store", "No endpoint", "http://127.0.0.1:2379"]),
        ({"store": {"endpoints": ["ftp://etcd"]}}, ["store", "'ftp://etcd'", "write it as"]),
        ({"store": {"prefix": "network"}}, ["store", "'network'", "begin with a slash"]),
        ({"store": {"prefix": ""}}, ["store.prefix is ''", "non-empty"]),
        ({"store": {"timeout": 0}}, ["store.timeout is 0", "above 0"]),
        ({"store": {"timeout": True}}, ["store.timeout is True", "number of seconds"]),
        ({"store": {"timeout": float("nan")}}, ["store.timeout is nan", "number of seconds"]),
        ({"store": {"timeout": float("inf")}}, ["store.timeout is inf", "number of seconds"]),
        ({"store": {"client_cert": "/a", "client_key": "/b"}}, ["'/a'", "set store", "ca_cert"]),
        ({"store": {"ca_cert": "/c", "client_cert": "/a"}}, ["store", "key", "give both"]),
        ({"store": {"user": "weft"}}, ["store", "password", "give both"]),
        ({"store": {"former_password": "x"}}, ["store", "former password", "without a password"]),
        ({"store": {"endpoint": []}}, ["store.endpoint is not a setting", "endpoints"]),
        ({"interface": "eth0"}, ["interface is 'eth0'", "list of strings"]),
        ({"interface": [7]}, ["interface is [7]", "string"]),
        ({"interface_regex": ["eth("]}, ["interface_regex is ['eth(']", "regular expression"]),
        ({"can_reach": "etcd1"}, ["can_reach is 'etcd1'"]),
        ({"public_ip": 16843009}, ["public_ip is 16843009", "string"]),
        ({"public_ip": "2001:db8::1"}, ["public_ip is '2001:db8::1'"]),
        ({"lease": {"ttl": 1.5}}, ["lease.ttl is 1.5", "integer"]),
        ({"lease": {"ttl": -1}}, ["lease.ttl is -1", "above 0"]),
        ({"lease": {"reserve": "yes"}}, ["lease.reserve is 'yes'", "true or false"]),
        ({"lease": {"reserved": True}}, ["lease.reserved is not a setting", "reserve, ttl"]),
        ({"firewall": 1}, ["firewall is 1", "true or false"]),
        ({"datapath": "ebpf"}, ["datapath is 'ebpf'", "one of auto, kernel, userspace"]),
        ({"datapath": ["auto"]}, ["datapath is ['auto']", "one of auto, kernel, userspace"]),
        ({"queues": 0}, ["queues is 0", "integer from 1 to 64, or 'auto'"]),
        ({"queues": "2"}, ["queues is '2'", "integer"]),
        ({"queues": True}, ["queues is True", "integer"]),
        ({"queues": 65}, ["queues is 65", "1 to 64"]),
        ({"masquerade": "no"}, ["masquerade is 'no'", "true or false"]),
        ({"subnet_file": "subnet.env"}, ["subnet_file is 'subnet.env'", "absolute"]),
        ({"subnetfile": "/x"}, ["subnetfile is not a setting", "subnet_file"]),
        ([], ["JSON object"]),
        ("text", ["JSON object"]),
    ],
)
def test_an_error_names_the_setting_its_value_and_what_it_must_be(
    document: Any, said: list[str]
) -> None:
    with pytest.raises(SettingsError) as refused:
        parse_settings(json.dumps(document))
    for words in said:
        assert words in str(refused.value)


def test_automatic_queues_are_the_cpus_that_this_process_may_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for cpus, queues in ((1, 1), (6, 6), (256, 64)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _pid, cpus=cpus: set(range(cpus)))
        assert parse_settings('{"queues": "auto"}').queues == queues


@pytest.mark.parametrize("key", ["password", "former_password"])
@pytest.mark.parametrize("password", [12345678, "", ["12345678"]])
def test_an_error_does_not_show_the_password(key: str, password: Any) -> None:
    with pytest.raises(SettingsError, match=rf"store\.{key}") as refused:
        parse_settings(json.dumps({"store": {"user": "weft", key: password}}))
    assert "12345678" not in str(refused.value)


def test_broken_json_is_named_by_line_and_column() -> None:
    with pytest.raises(SettingsError, match="line 2, column 14"):
        parse_settings('{\n "firewall": yes\n}')


def test_an_error_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "weftd.json"
    with pytest.raises(SettingsError, match=rf"cannot read {path}: No such file.*weft.overlay"):
        load_settings(path)
    path.write_text('{"firewall": 1}')
    with pytest.raises(SettingsError, match=rf"{path}: firewall is 1"):
        load_settings(path)
    path.write_bytes(b'{"public_ip": "\xff"}')
    with pytest.raises(SettingsError, match=rf"{path}: .*UTF-8"):
        load_settings(path)


def test_metrics_are_off_or_on_loopback() -> None:
    assert parse_settings('{"metrics": null}').metrics is None
    on = parse_settings('{"metrics": {"port": 9100}}').metrics
    assert on == MetricsSettings(IPv4Address("127.0.0.1"), 9100)


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        ({"port": 0}, "metrics.port is 0: it must be an integer from 1 to 65535"),
        ({"port": True}, "metrics.port is True"),
        ({"port": 9, "address": "eth0"}, "metrics.address is 'eth0'"),
        ({"address": "::1"}, "it must have a port"),
        ({"port": 9, "path": "/"}, "metrics.path is not a setting"),
        ("on", "metrics is 'on': it must be a JSON object"),
    ],
)
def test_metrics_that_cannot_be_served_are_refused(metrics: Any, words: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(words)):
        parse_settings(json.dumps({"metrics": metrics}))


def test_the_settings_have_the_modification_time_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "weftd.json"
    path.write_text("{}")
    os.utime(path, ns=(0, 1_700_000_000_000_000_001))
    assert load_settings(path) == Settings(written_ns=1_700_000_000_000_000_001)
