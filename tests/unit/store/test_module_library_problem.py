# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that cannot import the etcd client names the library that hides a package's."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.module_utils import store_connection
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.library_problem import Library


class FailedError(Exception):
    """The module has failed."""


class Module:
    """Stands for an AnsibleModule that records its failure."""

    def __init__(self) -> None:
        self.params: dict[str, Any] = {}

    def fail_json(self, **result: Any) -> None:
        self.result = result
        raise FailedError


@pytest.mark.parametrize(
    ("shadowing", "words"),
    [
        ([], "Failed to import the required Python library (etcd3)"),
        (
            [Library("protobuf", "7.35.0", "/usr/local/lib/python3.13/dist-packages")],
            "because protobuf 7.35.0 in /usr/local/lib/python3.13/dist-packages hides",
        ),
    ],
)
def test_the_cause_is_named(
    monkeypatch: pytest.MonkeyPatch, shadowing: list[Library], words: str
) -> None:
    monkeypatch.setattr(store_connection, "LIBRARY_ERROR", "Traceback\nTypeError: Descriptors")
    monkeypatch.setattr(store_connection, "shadowing_libraries", lambda: shadowing)
    module: Any = Module()
    with pytest.raises(FailedError), store_connection.open_store(module):
        pass
    assert words in module.result["msg"]
    assert module.result["store_unreachable"] is True
