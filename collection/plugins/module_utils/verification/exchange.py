# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The protocol between probes and responder, on one TCP and UDP port.

TCP: the request is one line, the reply one JSON object. UDP: the request begins with a token of 16
hexadecimal digits and is padded to the size under test; the reply is a small JSON object, so that
the size is tested in one direction only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.weft.overlay.plugins.module_utils.weft.errors import WeftError

IDENTIFY = b"identify\n"
"""The reply has ``name``, the host of the responder, and ``source``, the caller's address."""

SOURCES = b"sources\n"
"""The reply has ``sources``, the addresses from which the responder received packets."""

SINK = b"sink\n"
"""Followed by data to the end of the stream; the reply has ``bytes`` and ``seconds``."""

LINE_LIMIT = 16
"""The longest request line, in bytes."""

HEADERS = 20 + 8
"""The length of the IPv4 and UDP headers in bytes (RFC 791, RFC 768)."""

TOKEN_LENGTH = 16


class ExchangeError(WeftError, ValueError):
    """The received bytes are not the reply of a responder; the message quotes them."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The host that replied and the source address that it received; ``error`` without a reply."""

    name: str = ""
    source: str | None = None
    error: str = ""


def datagram(token: str, size: int) -> bytes:
    """Return a payload that makes an IPv4 packet of ``size`` bytes."""
    return token.encode().ljust(size - HEADERS, b"\0")


def token_of(payload: bytes) -> str:
    """Return the first bytes of a datagram as text: its token, if a probe sent it."""
    return payload[:TOKEN_LENGTH].decode("ascii", "replace")


def encode_reply(fields: Mapping[str, Any]) -> bytes:
    """Return the bytes of a reply."""
    return json.dumps(fields).encode() + b"\n"


def parse_reply(data: bytes) -> dict[str, Any]:
    """Return the fields of a reply. Raises ExchangeError if the data is not a reply."""
    try:
        fields = json.loads(data)
    except ValueError as error:
        raise ExchangeError(f"not a reply: {data[:80]!r}") from error
    if not isinstance(fields, dict):
        raise ExchangeError(f"the reply is not a JSON object: {data[:80]!r}")
    return fields


def parse_identity(data: bytes) -> Reply:
    """Return the reply to IDENTIFY or to a datagram. Raises ExchangeError if it is not one."""
    fields = parse_reply(data)
    try:
        return Reply(str(fields["name"]), str(fields["source"]))
    except KeyError as error:
        raise ExchangeError(f"the reply lacks {error}: {data[:80]!r}") from error
