# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a probe and a responder say to each other, on one port of TCP and UDP.

A connection begins with a line, the request; the answer is one JSON object. A datagram begins with
a token of 16 hexadecimal digits and is filled up to the size that is tried; its answer is a small
JSON object, so that only one direction is tried.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.weft.overlay.plugins.module_utils.weft.errors import WeftError

WHO = b"who\n"
"""Answered with ``name`` of the host that answers and ``source``, the caller's address."""

HEARD = b"heard\n"
"""Answered with ``heard``: the addresses from which anything has arrived."""

SINK = b"sink\n"
"""Takes data to the end of the stream; answered with ``bytes`` and ``seconds``."""

LINE_LIMIT = 16
"""Bytes of the longest request that is read."""

HEADERS = 20 + 8
"""Bytes of the IPv4 and the UDP header (RFC 791, RFC 768)."""

TOKEN_LENGTH = 16


class ExchangeError(WeftError, ValueError):
    """What came back is no answer of a responder; names the bytes."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Who answered, and from which address the question came; ``error`` where nobody did."""

    name: str = ""
    source: str | None = None
    error: str = ""


def datagram(token: str, size: int) -> bytes:
    """Return a payload that makes an IPv4 packet of ``size`` bytes."""
    return token.encode().ljust(size - HEADERS, b"\0")


def token_of(payload: bytes) -> str:
    """Return the token of a datagram; what is none is no text of hexadecimal digits."""
    return payload[:TOKEN_LENGTH].decode("ascii", "replace")


def push(fields: Mapping[str, Any]) -> bytes:
    """Return an answer's bytes."""
    return json.dumps(fields).encode() + b"\n"


def pull(data: bytes) -> dict[str, Any]:
    """Read an answer. Raises ExchangeError if it is none."""
    try:
        fields = json.loads(data)
    except ValueError as error:
        raise ExchangeError(f"not an answer: {data[:80]!r}") from error
    if not isinstance(fields, dict):
        raise ExchangeError(f"an answer is a JSON object, not {data[:80]!r}")
    return fields


def pull_who(data: bytes) -> Answer:
    """Read who answered. Raises ExchangeError if the data does not tell."""
    fields = pull(data)
    try:
        return Answer(str(fields["name"]), str(fields["source"]))
    except KeyError as error:
        raise ExchangeError(f"the answer lacks {error}: {data[:80]!r}") from error
