# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import cast

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.agent.daemon import (
    Agent,
    AgentError,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.host.lease_view import (
    LeaseView,
    load_view,
    serialise_view,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.host.settings import Settings
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.links import Links
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.netlink import Netlink
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import Lease
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.certificate_expiry import (
    store_certificate_expiry,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.client import StoreClient
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.errors import StoreError
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.settings import (
    StoreSettings,
    Tls,
)
from tests.store.etcd_server import Authority


class NoLinks:
    """A host without a single link: nothing of the machine is read or changed."""

    def read_links(self) -> Links:
        return Links(())


class LastPass(NoLinks):
    """Sends SIGTERM at the first read of the host."""

    def read_links(self) -> Links:
        signal.raise_signal(signal.SIGTERM)
        return super().read_links()


class CountedPasses(NoLinks):
    """Sends SIGTERM in the third pass, and records the time of each."""

    def __init__(self) -> None:
        self.at: list[float] = []

    def read_links(self) -> Links:
        self.at.append(time.monotonic())
        if len(self.at) == 3:
            signal.raise_signal(signal.SIGTERM)
        return super().read_links()


class StoreThatIsAway:
    """A store that no request reaches."""

    prefix = "/test/network"

    def snapshot(self) -> None:
        raise StoreError("no endpoint answered")


class BrokenStore:
    """Raises what no store should."""

    prefix = "/test/network"

    def snapshot(self) -> None:
        raise RuntimeError("a defect")


@pytest.fixture
def own_handlers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The signal handlers, and what the end of a thread prints, as they were."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    former = [signal.getsignal(number) for number in numbers]
    monkeypatch.setattr(threading, "excepthook", lambda _end: None)
    yield
    for number, handler in zip(numbers, former, strict=True):
        signal.signal(number, handler)


@pytest.mark.usefixtures("own_handlers")
def test_an_agent_whose_lease_watcher_has_ended_exits(tmp_path: Path) -> None:
    agent = Agent(
        Settings(),
        cast(Netlink, NoLinks()),
        cast(StoreClient, BrokenStore()),
        tmp_path / "snapshot.json",
        tmp_path / "status.json",
    )
    with pytest.raises(AgentError, match="the lease watcher thread has ended"):
        agent.run()


@pytest.mark.usefixtures("own_handlers", "jumping_clock")
def test_a_jump_of_the_wall_clock_moves_no_pass(tmp_path: Path) -> None:
    host = CountedPasses()
    Agent(
        Settings(),
        cast(Netlink, host),
        cast(StoreClient, StoreThatIsAway()),
        tmp_path / "snapshot.json",
        tmp_path / "status.json",
    ).run()
    # An unhealthy agent tries again every 3 s, or sooner where the lease watcher reports a change.
    assert 0 < host.at[2] - host.at[0] < 10


@pytest.mark.usefixtures("own_handlers")
def test_a_status_that_cannot_be_written_is_logged_and_the_agent_continues(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Agent(
        Settings(),
        cast(Netlink, LastPass()),
        cast(StoreClient, StoreThatIsAway()),
        tmp_path / "snapshot.json",
        tmp_path / "missing" / "status.json",
    ).run()
    assert f"cannot write {tmp_path}/missing/status.json: No such file" in caplog.text


@pytest.mark.usefixtures("own_handlers")
@pytest.mark.parametrize("readable", [True, False])
def test_the_status_has_the_end_of_the_certificate(tmp_path: Path, readable: bool) -> None:
    issued = Authority(tmp_path).issue("agent")
    if not readable:
        issued.certificate.write_text("junk")
    tls = Tls(str(tmp_path / "ca.pem"), str(issued.certificate), str(issued.key))
    Agent(
        Settings(store=StoreSettings(("https://127.0.0.1:1",), tls=tls)),
        cast(Netlink, LastPass()),
        cast(StoreClient, StoreThatIsAway()),
        tmp_path / "snapshot.json",
        tmp_path / "status.json",
    ).run()
    told = json.loads((tmp_path / "status.json").read_text())["certificate_expiry"]
    assert told == (store_certificate_expiry(StoreSettings(("x",), tls=tls)) if readable else None)
    if readable:
        # The test's authority issues for two days.
        assert abs(told - time.time() - 2 * 86400) < 3600


def test_a_saved_view_is_loaded_as_stale(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    assert load_view(path) == LeaseView(stale=True)
    subnet = IPv4Network("100.96.1.0/24")
    leases = {subnet: Lease(subnet, IPv4Address("10.168.0.11"))}
    path.write_text(serialise_view(LeaseView(None, leases, 4)))
    assert load_view(path) == LeaseView(None, leases, 4, stale=True)


def test_a_damaged_snapshot_file_is_logged_and_ignored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "snapshot.json"
    path.write_text('{"revision": 4}')
    assert load_view(path) == LeaseView(stale=True)
    assert f"ignoring the snapshot file {path}" in caplog.text
