# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.commands import (
    Commands,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.engine import (
    Engine,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.loop import (
    EventLoop,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.table_file import (
    StateError,
    TableFile,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.sockets import (
    tun,
    udp_socket,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.table import parse_table

from .packets import document

TABLE = parse_table(document())


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    engine = Engine(EventLoop(), TableFile(tmp_path / "table.json"))
    return Commands(engine, lambda: None)


def test_an_unknown_command_is_named(commands: Commands) -> None:
    assert commands.handle({"command": "fly"}) == {
        "ok": False,
        "error": "command: 'fly' is not one of apply, status, remove",
    }


def test_a_bad_table_is_refused_with_the_reason(commands: Commands) -> None:
    reply = commands.handle({"command": "apply", "table": document(port=0)})
    assert reply == {"ok": False, "error": "port: 0 is not a whole number from 1 to 65535"}
    assert commands.handle({"command": "status"})["table"] is None


def test_status_before_any_table(commands: Commands) -> None:
    reply = commands.handle({"command": "status"})
    assert (reply["ok"], reply["pid"], reply["forwarding"]) == (True, os.getpid(), False)
    assert reply["peers"] == []
    assert set(reply["counters"]["drops"].values()) == {0}


def test_remove_of_nothing_is_fine(commands: Commands) -> None:
    assert commands.handle({"command": "remove"}) == {"ok": True}


def test_an_address_that_is_not_ours_is_refused(commands: Commands, tmp_path: Path) -> None:
    # 192.0.2.0/24 is for documentation (RFC 5737): no host has it.
    reply = commands.handle({"command": "apply", "table": document(bind="192.0.2.1")})
    assert reply["ok"] is False
    assert "cannot bind UDP 192.0.2.1:8285" in reply["error"]
    assert list(tmp_path.iterdir()) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
REQUESTS = JSON | st.fixed_dictionaries(
    {"command": st.sampled_from(["apply", "status"]) | JSON}, optional={"table": JSON}
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(request=REQUESTS)
def test_any_json_is_answered(commands: Commands, request: object) -> None:
    assert isinstance(commands.handle(request)["ok"], bool)


def test_the_table_file_round_trip(tmp_path: Path) -> None:
    file = TableFile(tmp_path / "table.json")
    assert file.load() is None
    file.save(TABLE)
    assert file.load() == TABLE
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.json"]
    file.delete()
    file.delete()
    assert file.load() is None


def test_a_failed_save_leaves_the_former_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = TableFile(tmp_path / "table.json")
    file.save(TABLE)

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(OSError, match="No space left"):
            file.save(parse_table(document(port=9000)))
    assert file.load() == TABLE
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.json"]


def test_a_save_without_its_directory_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"missing/table.json: No such file.*must exist"):
        TableFile(tmp_path / "missing" / "table.json").save(TABLE)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"backend": "udp"}', "[" * 100_000])
def test_a_damaged_file_is_a_clear_error(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "table.json"
    path.write_text(text)
    with pytest.raises(StateError, match="delete it, and the agent applies a new table"):
        TableFile(path).load()
    engine = Engine(EventLoop(), TableFile(path))
    engine.start()
    assert "cannot load the last applied table" in caplog.text
    assert engine.status()["table"] is None


def test_start_retries_and_logs_the_problem_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = TableFile(tmp_path / "table.json")
    file.save(TABLE)

    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(1, "not permitted: the process needs CAP_NET_ADMIN")

    monkeypatch.setattr(tun, "open_device", refuse)
    monkeypatch.setattr(udp_socket, "open_transports", refuse)
    engine = Engine(EventLoop(), file)
    engine.start()
    engine.repair()
    status = engine.status()
    assert status["problems"] == ["not permitted: the process needs CAP_NET_ADMIN"]
    assert (status["table"], status["forwarding"]) == (document(), False)
    assert caplog.text.count("retried every second") == 1
