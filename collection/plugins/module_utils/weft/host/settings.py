# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's settings: `/etc/weft/weftd.json`, parsed and checked."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any, TypeVar

from ..datapath.table import QUEUES_MAX
from ..errors import WeftError
from ..model.network import Backend, NetworkError, parse_backend
from ..store.errors import StoreSettingsError
from ..store.settings import StoreSettings, Tls
from .status import Datapath
from .underlay import InterfaceSettings

_Value = TypeVar("_Value")

AUTO = "auto"
_PORT_MAX = 65535
_LOOPBACK: IPv4Address | IPv6Address = IPv4Address("127.0.0.1")
_SECRETS = frozenset({"password", "former_password"})


class SettingsError(WeftError):
    """The settings are invalid; the message has the setting, the value and the reason."""


@dataclass(frozen=True, slots=True)
class LeaseSettings:
    """Whether the agent may reserve a subnet, and its TTL in seconds (None: no expiry)."""

    reserve: bool = False
    ttl: int | None = None


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """The address of the HTTP endpoint for metrics and health."""

    address: IPv4Address | IPv6Address
    port: int

    @property
    def host_port(self) -> str:
        """Address and port as in a URL."""
        host = f"[{self.address}]" if self.address.version == 6 else str(self.address)
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of weftd on one host."""

    store: StoreSettings = field(default_factory=StoreSettings)
    interface: InterfaceSettings = field(default_factory=InterfaceSettings)
    lease: LeaseSettings = field(default_factory=LeaseSettings)
    firewall: bool = True
    masquerade: bool = False
    subnet_file: Path = Path("/run/flannel/subnet.env")
    datapath: Datapath = Datapath.AUTO
    offloads_disabled: tuple[str, ...] = ()
    queues: int = 1
    backends: tuple[Backend, ...] = ()
    """The active backends during a change of backend, the one for the own lease first."""
    metrics: MetricsSettings | None = None
    written_ns: int | None = None
    """The modification time of the file in nanoseconds of the epoch; None without a file."""


def load_settings(path: Path) -> Settings:
    """Return the settings in a file. Raises SettingsError."""
    try:
        with path.open(encoding="utf-8") as file:
            written_ns, text = os.fstat(file.fileno()).st_mtime_ns, file.read()
    except OSError as error:
        raise SettingsError(
            f"cannot read {path}: {error.strerror}; the role weft.overlay.overlay writes it"
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: {error}; it must be JSON in UTF-8") from error
    try:
        return replace(parse_settings(text), written_ns=written_ns)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from error


def parse_settings(text: str) -> Settings:
    """Return the settings in a JSON document; a missing key has its default.

    Raises SettingsError.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise SettingsError(
            f"line {error.lineno}, column {error.colno}: {error.msg}; it must be JSON"
        ) from error
    if not isinstance(document, dict):
        raise SettingsError("the settings must be a JSON object, in braces")
    top = _Section("", document)
    store = _Section("store.", top.get("store", {}, _object))
    lease = _Section("lease.", top.get("lease", {}, _object))
    defaults = Settings()
    settings = Settings(
        store=_store_settings(store),
        interface=InterfaceSettings(
            interfaces=top.get("interface", (), _strings),
            patterns=top.get("interface_regex", (), _patterns),
            can_reach=top.get("can_reach", None, _address),
            public_ip=top.get("public_ip", None, _address),
            address=top.get("address", None, _address),
        ),
        lease=LeaseSettings(
            reserve=lease.get("reserve", defaults.lease.reserve, _boolean),
            ttl=lease.get("ttl", None, _whole_seconds),
        ),
        firewall=top.get("firewall", defaults.firewall, _boolean),
        masquerade=top.get("masquerade", defaults.masquerade, _boolean),
        subnet_file=top.get("subnet_file", defaults.subnet_file, _path),
        datapath=top.get("datapath", defaults.datapath, _datapath),
        offloads_disabled=top.get("offloads_disabled", (), _strings),
        queues=top.get("queues", defaults.queues, _queues),
        backends=top.get("backends", (), _backends),
        metrics=top.get("metrics", None, _metrics),
    )
    for section in (top, store, lease):
        section.refuse_unknown()
    return settings


def _store_settings(section: _Section) -> StoreSettings:
    defaults = StoreSettings()
    endpoints = section.get("endpoints", defaults.endpoints, _strings)
    prefix = section.get("prefix", defaults.prefix, _string)
    ca_cert = section.get("ca_cert", None, _string)
    client_cert = section.get("client_cert", None, _string)
    client_key = section.get("client_key", None, _string)
    user = section.get("user", None, _string)
    password = section.get("password", None, _string)
    former_password = section.get("former_password", None, _string)
    timeout = section.get("timeout", defaults.timeout, _seconds)
    if ca_cert is None and (client_cert or client_key):
        raise SettingsError(
            f"store.client_cert is {client_cert!r} and store.client_key is {client_key!r}, without "
            "store.ca_cert: set store.ca_cert to the certificate of etcd's authority"
        )
    try:
        tls = Tls(ca_cert, client_cert, client_key) if ca_cert else None
        return StoreSettings(endpoints, prefix, tls, user, password, timeout, former_password)
    except StoreSettingsError as error:
        raise SettingsError(f"store: {error}") from error


class _Section:
    """One object of the document; records its known keys."""

    def __init__(self, prefix: str, values: Mapping[str, Any]) -> None:
        self._prefix = prefix
        self._values = values
        self._known: set[str] = set()

    def get(self, key: str, default: _Value, read: Callable[[Any], _Value]) -> _Value:
        """Return the checked value of a key; the default if it is null or missing."""
        self._known.add(key)
        value = self._values.get(key)
        if value is None:
            return default
        try:
            return read(value)
        except (ValueError, TypeError) as error:
            # The log must not contain a secret, even of a wrong type.
            shown = "invalid" if key in _SECRETS else repr(value)
            raise SettingsError(f"{self._prefix}{key} is {shown}: {error}") from error

    def refuse_unknown(self) -> None:
        """Raise SettingsError for an unknown key, such as a misspelling."""
        unknown = sorted(self._values.keys() - self._known)
        if unknown:
            raise SettingsError(
                f"{self._prefix}{unknown[0]} is not a setting; "
                f"valid are {', '.join(sorted(self._known))}"
            )


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("it must be a JSON object")
    return value


def _string(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("it must be a non-empty string")
    return value


def _strings(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError("it must be a list of strings")
    return tuple(_string(item) for item in value)


def _patterns(value: Any) -> tuple[str, ...]:
    patterns = _strings(value)
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
    return patterns


def _address(value: Any) -> IPv4Address:
    return IPv4Address(_string(value))


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("it must be true or false")
    return value


def _seconds(value: Any) -> float:
    # Python's JSON parser accepts NaN and Infinity.
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value <= 0:
        raise ValueError("it must be a number of seconds above 0")
    return float(value)


def _whole_seconds(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise ValueError("it must be an integer number of seconds above 0")
    return value


def _datapath(value: Any) -> Datapath:
    if value not in tuple(Datapath):
        raise ValueError(f"it must be one of {', '.join(Datapath)}")
    return Datapath(value)


def _queues(value: Any) -> int:
    if value == AUTO:
        return min(len(os.sched_getaffinity(0)), QUEUES_MAX)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= QUEUES_MAX:
        raise ValueError(
            f"it must be an integer from 1 to {QUEUES_MAX}, or '{AUTO}' for one per CPU"
        )
    return value


def _backends(value: Any) -> tuple[Backend, ...]:
    if not isinstance(value, list):
        raise TypeError("it must be a list of backends, each as in the network configuration")
    try:
        backends = tuple(parse_backend(item) for item in value)
    except NetworkError as error:
        raise ValueError(str(error)) from error
    if len({backend.type for backend in backends}) < len(backends):
        raise ValueError("it must name each backend once")
    return backends


def _metrics(value: Any) -> MetricsSettings:
    section = _Section("metrics.", _object(value))
    address = section.get("address", _LOOPBACK, lambda text: ip_address(_string(text)))
    port = section.get("port", None, _port)
    section.refuse_unknown()
    if port is None:
        raise ValueError("it must have a port")
    return MetricsSettings(address, port)


def _port(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _PORT_MAX:
        raise ValueError(f"it must be an integer from 1 to {_PORT_MAX}")
    return value


def _path(value: Any) -> Path:
    path = Path(_string(value))
    if not path.is_absolute():
        raise ValueError("it must be an absolute path")
    return path
