# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.verification.exchange import (
    HEADERS,
    ExchangeError,
    Reply,
    datagram,
    encode_reply,
    parse_identity,
    parse_reply,
    token_of,
)
from ansible_collections.weft.overlay.plugins.module_utils.verification.path_mtu import SMALLEST

TOKEN = "0123456789abcdef"


@pytest.mark.parametrize("size", [SMALLEST, 1472, 9000])
def test_a_datagram_fills_its_packet_and_keeps_its_token(size: int) -> None:
    payload = datagram(TOKEN, size)
    assert len(payload) + HEADERS == size
    assert token_of(payload) == TOKEN


def test_a_reply_is_parsed_as_it_was_encoded() -> None:
    data = encode_reply({"name": "h\u00f6st", "source": "100.96.1.2"})
    assert parse_identity(data) == Reply("h\u00f6st", "100.96.1.2")


@pytest.mark.parametrize("data", [b"", b"\xff", b"[1]", b"HTTP/1.1 400 Bad Request"])
def test_data_of_another_server_is_not_a_reply(data: bytes) -> None:
    with pytest.raises(ExchangeError, match="reply"):
        parse_reply(data)


def test_a_reply_without_a_source_is_refused() -> None:
    with pytest.raises(ExchangeError, match="lacks 'source'"):
        parse_identity(b'{"name": "host1"}')


@pytest.mark.parametrize("payload", [b"", b"\xff\xfe", b"short"])
def test_a_datagram_of_an_unknown_sender_has_another_token(payload: bytes) -> None:
    assert token_of(payload) != TOKEN
