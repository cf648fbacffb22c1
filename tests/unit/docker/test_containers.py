# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restart of dockerd stops, who starts it again, and what is missing afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.docker.containers import (
    AddressChange,
    Attachment,
    Container,
    Starter,
    address_changes,
    describe,
    losses,
    parse_container,
    start_order,
    still_stopped,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.restart_record import (
    RestartRecord,
    RestartRecordError,
    parse_restart_record,
    serialise_restart_record,
)

EARLY, LATE = "2026-11-23T00:14:48.7Z", "2026-11-23T00:14:48.728954687Z"
DATABASE = Container(
    "id-database", "database", True, LATE, attachments={"shop": Attachment("10.55.0.77", True)}
)
SIDECAR = Container("id-sidecar", "sidecar", True, EARLY, joins=("id-database",))
SERVICE = Container(
    "id-service",
    "service",
    True,
    EARLY,
    restart_policy="always",
    attachments={"shop": Attachment("10.55.0.2"), "bridge": Attachment("172.17.0.2")},
)
PASSING = Container("id-passing", "passing", True, EARLY, transient=True)
RECORD = Path("/etc/weft/docker_restart.json")


def stopped(container: Container) -> Container:
    return replace(container, running=False, exit_code=137, attachments={})


def now(*containers: Container) -> Mapping[str, Container | None]:
    gone: dict[str, Container | None] = dict.fromkeys(
        entry.identifier for entry in (DATABASE, SIDECAR, SERVICE, PASSING)
    )
    return gone | {entry.identifier: entry for entry in containers}


def answer(**host: object) -> dict[str, object]:
    """What the API says of a container, less what nobody reads."""
    return {
        "Id": "id",
        "Name": "/shop",
        "State": {"Running": True, "StartedAt": EARLY, "ExitCode": 0},
        "Config": {"Labels": None},
        "HostConfig": {"NetworkMode": "shop", "RestartPolicy": {"Name": "no"}, **host},
        "NetworkSettings": {
            "Networks": {
                "shop": {"IPAddress": "10.55.0.77", "IPAMConfig": {"IPv4Address": "10.55.0.77"}},
                "front": {"IPAddress": "172.18.0.2", "IPAMConfig": None},
            }
        },
    }


def test_the_response_of_the_api_is_parsed() -> None:
    container = parse_container(answer(Links=["/db:/shop/db"], PidMode="container:id-other"))
    assert container == Container(
        "id",
        "shop",
        True,
        EARLY,
        joins=("id-other", "db"),
        attachments={
            "shop": Attachment("10.55.0.77", fixed=True),
            "front": Attachment("172.18.0.2"),
        },
    )


@pytest.mark.parametrize(
    ("host", "labels", "starter"),
    [
        ({}, {}, Starter.WEFT),
        ({"RestartPolicy": {"Name": "on-failure"}}, {}, Starter.WEFT),
        ({"RestartPolicy": {"Name": "unless-stopped"}}, {}, Starter.DOCKER),
        ({"RestartPolicy": {"Name": "always"}}, {}, Starter.DOCKER),
        ({"AutoRemove": True}, {}, Starter.OTHER),
        ({}, {"com.docker.swarm.task.id": "x"}, Starter.OTHER),
    ],
)
def test_the_starter_of_a_container(
    host: dict[str, object], labels: dict[str, str], starter: Starter
) -> None:
    assert parse_container({**answer(**host), "Config": {"Labels": labels}}).starter is starter


def test_containers_start_as_they_did_and_after_those_they_join() -> None:
    assert start_order([DATABASE, SIDECAR, SERVICE]) == [DATABASE, SIDECAR, SERVICE]
    assert start_order([DATABASE, SERVICE]) == [SERVICE, DATABASE]
    assert [entry["name"] for entry in describe([DATABASE, SERVICE])] == ["service", "database"]


def test_containers_that_join_each_other_are_still_all_started() -> None:
    circle = [replace(DATABASE, joins=("sidecar",)), SIDECAR]
    assert sorted(entry.name for entry in start_order(circle)) == ["database", "sidecar"]


def test_only_containers_not_started_since_are_still_stopped() -> None:
    recorded = [DATABASE, SIDECAR, SERVICE, PASSING]
    stopped_by_hand = replace(stopped(SIDECAR), started_at=LATE)
    found = still_stopped(
        recorded, now(stopped(DATABASE), stopped_by_hand, SERVICE, stopped(PASSING))
    )
    assert found == [DATABASE]
    assert still_stopped(recorded, now()) == []


def test_losses_are_named() -> None:
    elsewhere = replace(DATABASE, attachments={"shop": Attachment("10.55.0.9")})
    apart = replace(SERVICE, attachments={"shop": Attachment("10.55.0.3")})
    assert losses(
        [DATABASE, SERVICE, SIDECAR, PASSING], now(elsewhere, apart, stopped(SIDECAR))
    ) == [
        "database has 10.55.0.9 in shop, not its fixed 10.55.0.77",
        "service is no longer in bridge",
        "sidecar does not run (its exit code is 137)",
    ]
    assert losses([DATABASE, SERVICE], now(DATABASE, SERVICE)) == []


def test_changed_are_the_addresses_that_docker_chose_on_user_defined_networks() -> None:
    after = replace(
        SERVICE,
        attachments={"shop": Attachment("10.55.0.3"), "bridge": Attachment("100.96.1.2")},
    )
    (found,) = address_changes([SERVICE, DATABASE], now(after, DATABASE))
    assert found == AddressChange("service", "shop", "10.55.0.2", "10.55.0.3")
    assert str(found) == "service in network shop: 10.55.0.2 changed to 10.55.0.3"


def test_the_record_is_read_as_it_was_written() -> None:
    record = RestartRecord((DATABASE, SIDECAR, SERVICE), ("shop.service",))
    assert parse_restart_record(serialise_restart_record(record), RECORD) == record


@pytest.mark.parametrize("text", ["", "[]", '{"containers": [{}], "units": [], "bridge": []}'])
def test_an_invalid_record_is_refused(text: str) -> None:
    with pytest.raises(RestartRecordError, match=r"docker_restart\.json is not a valid restart"):
        parse_restart_record(text, RECORD)


def test_a_second_restart_includes_the_containers_that_the_first_left_stopped() -> None:
    earlier = RestartRecord((DATABASE, SIDECAR), ("shop.service",))
    again = RestartRecord((SERVICE,), ("shop.service", "other.service"))
    resumed = again.merged_with(earlier, now(stopped(DATABASE), SIDECAR))
    assert resumed.containers == (SERVICE, DATABASE)
    assert resumed.units == ("shop.service", "other.service")
