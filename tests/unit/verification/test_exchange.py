# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.verification.exchange import (
    HEADERS,
    Answer,
    ExchangeError,
    datagram,
    pull,
    pull_who,
    push,
    token_of,
)
from ansible_collections.weft.overlay.plugins.module_utils.verification.path_mtu import SMALLEST

TOKEN = "0123456789abcdef"


@pytest.mark.parametrize("size", [SMALLEST, 1472, 9000])
def test_a_datagram_fills_its_packet_and_keeps_its_token(size: int) -> None:
    payload = datagram(TOKEN, size)
    assert len(payload) + HEADERS == size
    assert token_of(payload) == TOKEN


def test_an_answer_comes_back_as_it_was_said() -> None:
    said = push({"name": "h\u00f6st", "source": "100.96.1.2"})
    assert pull_who(said) == Answer("h\u00f6st", "100.96.1.2")


@pytest.mark.parametrize("data", [b"", b"\xff", b"[1]", b"HTTP/1.1 400 Bad Request"])
def test_what_another_server_says_is_no_answer(data: bytes) -> None:
    with pytest.raises(ExchangeError, match="answer"):
        pull(data)


def test_an_answer_that_does_not_tell_who_is_none() -> None:
    with pytest.raises(ExchangeError, match="lacks 'source'"):
        pull_who(b'{"name": "host1"}')


@pytest.mark.parametrize("payload", [b"", b"\xff\xfe", b"short"])
def test_a_stranger_s_datagram_has_a_token_of_nobody(payload: bytes) -> None:
    assert token_of(payload) != TOKEN
