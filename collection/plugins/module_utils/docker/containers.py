# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The containers that a restart of dockerd stops: which to start again, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

_SWARM_TASK = "com.docker.swarm.task.id"  # the label that swarm puts on its tasks' containers
_JOINED = (
    "container:"  # HostConfig.NetworkMode, IpcMode and PidMode: the namespace of another container
)
_DEFAULT_NETWORKS = ("bridge", "host", "none")


class Starter(StrEnum):
    """The program that starts a container after a restart of dockerd."""

    DOCKER = "docker"
    WEFT = "weft"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A container's IPv4 address in a network, and whether the user chose it."""

    address: str
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Container:
    """A container; ``joins`` names the containers that must run before it starts.

    ``transient`` means that it no longer exists after a stop: Docker removes it (``--rm``), or
    swarm replaces it.
    """

    identifier: str
    name: str
    running: bool
    started_at: str
    exit_code: int = 0
    restart_policy: str = "no"
    transient: bool = False
    joins: tuple[str, ...] = ()
    attachments: Mapping[str, Attachment] = field(default_factory=dict)

    @property
    def starter(self) -> Starter:
        """The starter; Docker only if the restart policy does not depend on the exit code."""
        if self.transient:
            return Starter.OTHER
        if self.restart_policy in ("always", "unless-stopped"):
            return Starter.DOCKER
        return Starter.WEFT


@dataclass(frozen=True, slots=True)
class AddressChange:
    """A change of the address that Docker chose on a user-defined network."""

    name: str
    network: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.name} in network {self.network}: {self.before} changed to {self.after}"


def parse_container(fields: Mapping[str, Any]) -> Container:
    """Parse the response to ``GET /containers/{id}/json`` (Engine API)."""
    state, host = fields["State"], fields["HostConfig"]
    labels = fields["Config"].get("Labels") or {}
    networks = fields["NetworkSettings"].get("Networks") or {}
    return Container(
        identifier=fields["Id"],
        name=fields["Name"].removeprefix("/"),
        running=state["Running"],
        started_at=state["StartedAt"],
        exit_code=state["ExitCode"],
        restart_policy=(host.get("RestartPolicy") or {}).get("Name") or "no",
        transient=bool(host.get("AutoRemove")) or _SWARM_TASK in labels,
        joins=tuple(_joins(host)),
        attachments={name: _attachment(endpoint) for name, endpoint in networks.items()},
    )


def _joins(host: Mapping[str, Any]) -> Iterator[str]:
    for mode in ("NetworkMode", "IpcMode", "PidMode"):
        if str(host.get(mode) or "").startswith(_JOINED):
            yield host[mode].removeprefix(_JOINED)
    for link in host.get("Links") or []:
        yield link.partition(":")[0].removeprefix("/")


def _attachment(endpoint: Mapping[str, Any]) -> Attachment:
    chosen = (endpoint.get("IPAMConfig") or {}).get("IPv4Address")
    return Attachment(endpoint.get("IPAddress") or "", fixed=bool(chosen))


def start_order(containers: Iterable[Container]) -> list[Container]:
    """Return the containers in the order of their start, each after those that it joins."""
    waiting = sorted(containers, key=lambda container: _instant(container.started_at))
    by_name = {key: entry for entry in waiting for key in (entry.identifier, entry.name)}
    ordered: dict[str, Container] = {}

    def place(container: Container, above: frozenset[str]) -> None:
        if container.identifier in ordered or container.identifier in above:
            return
        for name in container.joins:
            if name in by_name:
                place(by_name[name], above | {container.identifier})
        ordered[container.identifier] = container

    for container in waiting:
        place(container, frozenset())
    return list(ordered.values())


def _instant(text: str) -> tuple[str, str]:
    # Go's RFC3339Nano drops trailing zeros of the fraction, so the text as a whole does not sort.
    seconds, _point, fraction = text.removesuffix("Z").partition(".")
    return seconds, fraction


def still_stopped(
    recorded: Iterable[Container], now: Mapping[str, Container | None]
) -> list[Container]:
    """Return the recorded containers that have not been started since.

    A container that was removed, or started and stopped again, was so on purpose: it is left out.
    """
    return [
        container
        for container in recorded
        if container.starter is not Starter.OTHER
        and (current := now.get(container.identifier))
        and not current.running
        and current.started_at == container.started_at
    ]


def losses(recorded: Iterable[Container], now: Mapping[str, Container | None]) -> list[str]:
    """Return a sentence for each container that is stopped or lost a network or fixed address."""
    found = []
    for before in recorded:
        current = now.get(before.identifier)
        if before.starter is Starter.OTHER or current is None:
            continue
        if not current.running:
            found.append(f"{before.name} does not run (its exit code is {current.exit_code})")
            continue
        for network, attachment in before.attachments.items():
            there = current.attachments.get(network)
            if there is None:
                found.append(f"{before.name} is no longer in {network}")
            elif attachment.fixed and there.address != attachment.address:
                found.append(
                    f"{before.name} has {there.address or 'no address'} in {network}, "
                    f"not its fixed {attachment.address}"
                )
    return found


def address_changes(
    recorded: Iterable[Container], now: Mapping[str, Container | None]
) -> list[AddressChange]:
    """Return the changed addresses that Docker chose on user-defined networks."""
    return [
        AddressChange(
            before.name, network, attachment.address, current.attachments[network].address
        )
        for before in recorded
        if (current := now.get(before.identifier)) and current.running
        for network, attachment in before.attachments.items()
        if network not in _DEFAULT_NETWORKS
        and network in current.attachments
        and attachment.address
        and not attachment.fixed
        and current.attachments[network].address != attachment.address
    ]


def describe(containers: Sequence[Container]) -> list[dict[str, Any]]:
    """Return the entries of the module's result, in the order of their start."""
    return [
        {
            "id": container.identifier,
            "name": container.name,
            "started_by": str(container.starter),
            "addresses": {
                network: attachment.address for network, attachment in container.attachments.items()
            },
        }
        for container in start_order(containers)
    ]
